// Measures Empty Chair beside PostgreSQL.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_PEERS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_PEERS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Loads the same answers into both, by streams and by COPY, asks both the same questions, and
// submits single answers. The limit of a figure is what PostgreSQL needed for the same.
absl::StatusOr<std::vector<Figure>> MeasurePeers(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_PEERS_H_
