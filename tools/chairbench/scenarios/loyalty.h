// Measures what is kept and counted of activities.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Streams two years of purchases, the last fifth by turns with as many answers of the same
// customers, asks for a year of monthly retention and for a triangle of cohorts, beside PostgreSQL
// where the options say so, and for views of customers by turns with the survey. DATA_LOSS when
// PostgreSQL counts otherwise.
absl::StatusOr<std::vector<Figure>> MeasureLoyalty(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_LOYALTY_H_
