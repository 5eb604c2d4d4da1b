// What who operates the server asks it over HTTP: metrics, whether it works, whether it is ready.
#ifndef EMPTYCHAIR_SERVER_MONITORING_H_
#define EMPTYCHAIR_SERVER_MONITORING_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "server/api/executor.h"
#include "server/backups/backups.h"
#include "server/call/call_runner.h"
#include "server/http/http_listener.h"
#include "server/rpc/acceptor.h"
#include "server/services/services.h"
#include "server/telemetry/access_log.h"
#include "server/telemetry/call_metrics.h"
#include "server/telemetry/metric_registry.h"
#include "storage/store.h"

namespace emptychair {

// Answers /metrics, /healthz and /readyz, from the first moment of a start to the end of a stop.
// Thread-safe.
class Monitoring {
 public:
  // The parts of a server that tell of themselves. All must outlive the listener.
  struct Watched {
    const storage::Store* store = nullptr;
    const Services* services = nullptr;
    const Executor* executor = nullptr;
    const CallRunner* runner = nullptr;
    std::vector<const Acceptor*> acceptors;
    const AccessLog* access_log = nullptr;
  };

  // Changes that nobody got on with for `stuck_after` are stuck.
  Monitoring(const Clock* clock, absl::Duration stuck_after);
  Monitoring(const Monitoring&) = delete;
  Monitoring& operator=(const Monitoring&) = delete;

  // Where everybody declares what is to be counted.
  MetricRegistry& registry() { return registry_; }
  CallMetrics& calls() { return calls_; }
  // Gets how long each group of changes took to be written.
  const MetricDurations& commits() const { return commits_; }

  // What the listener serves. The monitoring must outlive it.
  HttpListener::Options ListenerOptions();

  // The server is complete, and ready from now on. Once.
  void BeginServing(const Watched& watched);
  // It is not ready any more.
  void BeginStopping() { phase_ = Phase::kStopping; }

  // Says whether changes are refused for want of space.
  void SetDiskFull(bool is_full) { is_disk_full_ = is_full; }

 private:
  enum class Phase : uint8_t { kRecovering, kServing, kStopping };

  HttpResponse AnswerHealth() const;
  HttpResponse AnswerReadiness(const HttpRequest& request) const;
  void AddFigures(const Watched& watched);
  void AddBackups(const Backups* backups);
  void AddLanes(const Executor* executor);

  const absl::Duration stuck_after_;
  MetricRegistry registry_;
  CallMetrics calls_;
  const MetricDurations commits_;
  std::atomic<Phase> phase_{Phase::kRecovering};
  std::atomic<bool> is_disk_full_{false};
  // Null until the server is complete.
  std::atomic<const storage::Store*> store_{nullptr};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_MONITORING_H_
