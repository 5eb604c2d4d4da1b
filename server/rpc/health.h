// grpc.health.v1.Health: whether the server works, for load balancers and supervisors.
#ifndef EMPTYCHAIR_SERVER_RPC_HEALTH_H_
#define EMPTYCHAIR_SERVER_RPC_HEALTH_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/waiter.h"
#include "grpc/health/v1/health.pb.h"
#include "server/api/method_spec.h"

namespace emptychair {

// Watches that a connection may have open.
inline constexpr int kHealthWatchesPerConnectionMax = 32;

// Knows two services: "" is the whole server, and "emptychair.v1.FeedbackService" serves only while
// feedback is taken: queries go on without space. Thread-safe; must outlive its calls.
class Health {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Tells a watcher each change of one service.
  class Watch {
   public:
    Watch(Health* health, std::string service) : health_(health), service_(std::move(service)) {}

    absl::StatusOr<bool> Next(grpc::health::v1::HealthCheckResponse& response);
    bool NotifyWhenMore(const std::shared_ptr<Waiter>& waiter);
    void Unsubscribe(const std::shared_ptr<Waiter>& waiter);

   private:
    Health* health_;
    std::string service_;
    std::optional<Status> told_;
  };

  // Adds Check and Watch. The health must outlive the table.
  void AddTo(MethodTable& table);

  // Says whether feedback is taken.
  void SetTakesFeedback(bool takes_feedback) ABSL_LOCKS_EXCLUDED(mutex_);

  // Nothing is served from now on.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // SERVICE_UNKNOWN for one that it does not know.
  Status StatusOf(absl::string_view service) const ABSL_LOCKS_EXCLUDED(mutex_);
  Status StatusOfLocked(absl::string_view service) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse& response) const;
  // False when the status is not `told` any more.
  bool Subscribe(absl::string_view service, std::optional<Status> told,
                 const std::shared_ptr<Waiter>& waiter) ABSL_LOCKS_EXCLUDED(mutex_);
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter) ABSL_LOCKS_EXCLUDED(mutex_);
  void NotifyAll() ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool takes_feedback_ ABSL_GUARDED_BY(mutex_) = true;
  absl::flat_hash_set<std::shared_ptr<Waiter>> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_HEALTH_H_
