// Counts calls, for metrics.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_CALL_METRICS_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_CALL_METRICS_H_

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/api/call_observer.h"
#include "server/api/method_spec.h"
#include "server/telemetry/metric_registry.h"

namespace emptychair {

// Counts each call by method and code, its duration by method, and errors by reason. All series are
// there from AddMethods on. Thread-safe, but for AddMethods.
class CallMetrics final : public CallObserver {
 public:
  // The registry must outlive it.
  explicit CallMetrics(MetricRegistry* registry);

  // Declares what is counted of these methods, and gives each its number, by which a call finds it.
  // Before the first call.
  void AddMethods(MethodTable& methods);

  // Counts what was refused elsewhere than in a call. `reason` becomes a label: of a closed set.
  MetricCounter AddRefusals(const std::string& reason);

  // The same where who refuses counts by itself: to be declared with what reads its count.
  static MetricRegistry::Figure RefusalsFigure(const std::string& reason);

  void CallFinished(const FinishedCall& call) override;

 private:
  struct OfMethod {
    // By absl::StatusCode. Codes that no method answers with are counted as UNKNOWN.
    std::vector<MetricCounter> calls;
    // A stream has none: it lasts as long as its client wants.
    std::optional<MetricDurations> durations;
  };

  OfMethod Declare(const std::string& method, bool is_stream);

  MetricRegistry* const registry_;
  // By Method::number.
  std::deque<OfMethod> methods_;
  const OfMethod unknown_;
  // By the name of the reason; errors alone look in here.
  absl::flat_hash_map<std::string, MetricCounter> refusals_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_CALL_METRICS_H_
