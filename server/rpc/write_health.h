// What the health service says of changes.
#ifndef EMPTYCHAIR_SERVER_RPC_WRITE_HEALTH_H_
#define EMPTYCHAIR_SERVER_RPC_WRITE_HEALTH_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/health_check_service_interface.h"

namespace emptychair {

// Keeps the health service's answer for "emptychair.v1.FeedbackService": SERVING while feedback is
// taken. The answer for the whole server, "", is not touched: queries go on without space.
// Thread-safe.
class WriteHealth {
 public:
  // From now on `health` says what holds; null: nobody does any more.
  void Attach(grpc::HealthCheckServiceInterface* health) ABSL_LOCKS_EXCLUDED(mutex_);

  void Set(bool takes_feedback) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  grpc::HealthCheckServiceInterface* health_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool takes_feedback_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_WRITE_HEALTH_H_
