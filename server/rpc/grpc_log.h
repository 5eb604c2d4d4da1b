// gRPC's own lines of log as events of the server's log.
#ifndef EMPTYCHAIR_SERVER_RPC_GRPC_LOG_H_
#define EMPTYCHAIR_SERVER_RPC_GRPC_LOG_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "grpc/support/log.h"
#include "server/telemetry/server_log.h"

namespace emptychair {

// While it exists, each line that gRPC would write to stderr is an event "grpc" of `log`, with
// gRPC's severity: at most ten a second; the next one says how many there were besides. One in a
// process, because gRPC has one log. Thread-safe.
class GrpcLog {
 public:
  static constexpr int kLinesPerSecondMax = 10;

  // Both must outlive it.
  GrpcLog(ServerLog* log, const Clock* clock);
  // gRPC writes to stderr again.
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;

 private:
  static void OnLine(gpr_log_func_args* line);
  void Write(gpr_log_severity severity, absl::string_view source, absl::string_view message)
      ABSL_LOCKS_EXCLUDED(mutex_);

  ServerLog* const log_;
  const Clock* const clock_;
  absl::Mutex mutex_;
  absl::Time second_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int lines_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_GRPC_LOG_H_
