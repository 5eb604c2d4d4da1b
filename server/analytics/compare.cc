#include "server/analytics/compare.h"

#include "common/base/status_macros.h"

namespace emptychair {

absl::Status RunMetricComparison(const storage::Store& store, const MetricSides& sides,
                                 v1::CompareMetricResponse& response) {
  RETURN_IF_ERROR(RunMetricSides(store, sides, response));
  WriteComparison(statistics::CompareValues(*sides.base.method, response.base(),
                                            response.candidate(), sides.base.confidence),
                  response);
  return absl::OkStatus();
}

}  // namespace emptychair
