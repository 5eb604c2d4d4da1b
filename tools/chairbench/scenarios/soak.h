// Measures rate, memory and disk as the store grows.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SOAK_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SOAK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Loads `options.answers` by the stream, in ten steps, and after each measures rate, memory, bytes
// on disk and queries: figures `soak_…_at_N`, N the answers so far, and those of the whole.
absl::StatusOr<std::vector<Figure>> MeasureSoak(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SOAK_H_
