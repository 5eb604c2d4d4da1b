// Measures how fast questions are answered.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_QUERY_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_QUERY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Loads answers over three years, then asks for NPS by month, one question at a time, each of
// another window, by turns with and without groups. The limit is an echo that answers the same
// message without computing it; it is asked the same questions in between.
absl::StatusOr<std::vector<Figure>> MeasureQuery(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_QUERY_H_
