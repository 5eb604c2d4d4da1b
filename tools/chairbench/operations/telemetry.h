// What it costs to be watched.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_TELEMETRY_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_TELEMETRY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Single answers to a server whose metrics are scraped every second; the limit is one that listens
// for no scrapes, by turns. It counts all the same, there is no server that does not. Further lines
// (`access_log_…`): the one without scrapes beside one that also writes no access log. `workspace`
// has no server.
absl::StatusOr<std::vector<Figure>> MeasureTelemetry(Workspace& workspace);

// The processor time of a scrape of a server with many surveys, less what it uses by itself.
// `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureScrape(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_TELEMETRY_H_
