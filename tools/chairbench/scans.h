// Questions that no sum answers, which read every answer.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCANS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCANS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "tools/chairbench/figure.h"
#include "tools/chairbench/windows.h"
#include "tools/chairbench/workspace.h"

namespace emptychair::bench {

// Asks each question once and then five times more: what the first time took, the median of the
// later ones, and what was answered, so that others can be compared. `server` has the answers of
// `period`, and nobody has asked it a question of this kind yet.
absl::StatusOr<std::vector<Figure>> AskScans(v1::MetricsService::Stub& server,
                                             const Window& period);

// Bytes of a record in columns, where there are any.
absl::Status AddColumnBytes(Target& server, std::vector<Figure>& figures);

// Loads the answers, then asks.
absl::StatusOr<std::vector<Figure>> MeasureScans(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCANS_H_
