// What the kernel tells of this process, as metrics.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_PROCESS_METRICS_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_PROCESS_METRICS_H_

#include "server/telemetry/metric_registry.h"

namespace emptychair {

// Declares the metrics that every Prometheus client has of its process: process_cpu_seconds_total,
// process_resident_memory_bytes, process_open_fds, process_max_fds, process_start_time_seconds.
// Read from /proc at each scrape.
void AddProcessMetrics(MetricRegistry& registry);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_PROCESS_METRICS_H_
