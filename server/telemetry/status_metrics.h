// What GetStatus tells of the store, as metrics.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_STATUS_METRICS_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_STATUS_METRICS_H_

#include <functional>

#include "absl/status/status.h"
#include "emptychair/v1/admin_service.pb.h"
#include "server/telemetry/metric_registry.h"

namespace emptychair {

// Declares them. `read` is what answers GetStatus, so that the two never differ; it is called at
// each scrape, and when it fails they are left out of that one.
void AddStatusMetrics(MetricRegistry& registry,
                      std::function<absl::Status(v1::GetStatusResponse&)> read);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_STATUS_METRICS_H_
