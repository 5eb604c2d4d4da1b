// Measures what is left of the server's rate when it is asked for more.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_OVERLOAD_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_OVERLOAD_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// The rate of records that are stored when 3 and 10 times as many come as the server can take; the
// limit is the peak, its rate when senders wait for it. Every refusal must say when to come back.
absl::StatusOr<std::vector<Figure>> MeasureOverload(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_OVERLOAD_H_
