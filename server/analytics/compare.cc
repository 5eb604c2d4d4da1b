#include "server/analytics/compare.h"

#include <utility>

#include "common/base/status_macros.h"
#include "server/analytics/metric_engine.h"

namespace emptychair {

absl::StatusOr<ComparisonResult> RunMetricComparison(const storage::Store& store,
                                                     const MetricSides& sides) {
  ASSIGN_OR_RETURN(MetricResult base, RunMetricQuery(store, sides.base));
  ASSIGN_OR_RETURN(MetricResult candidate, RunMetricQuery(store, sides.candidate));
  ComparisonResult result{std::move(base.total.front()), std::move(candidate.total.front()), {}};
  result.comparison = statistics::CompareValues(*sides.base.method, result.base, result.candidate,
                                                sides.base.confidence);
  return result;
}

}  // namespace emptychair
