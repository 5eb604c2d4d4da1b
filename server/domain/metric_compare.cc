#include "server/domain/metric_compare.h"

#include "common/base/status_macros.h"
#include "server/metrics/comparison.h"

namespace emptychair {

absl::Status RunMetricComparison(const storage::Store& store, const MetricSides& sides,
                                 v1::CompareMetricResponse& response) {
  RETURN_IF_ERROR(RunMetricSides(store, sides, response));
  const metrics::Comparison compared = metrics::CompareValues(
      *sides.base.method, response.base(), response.candidate(), sides.base.confidence);
  if (compared.delta.has_value()) {
    response.set_delta(*compared.delta);
  }
  if (compared.interval.has_value()) {
    response.set_delta_low(compared.interval->low);
    response.set_delta_high(compared.interval->high);
  }
  if (compared.z.has_value()) {
    response.set_z(*compared.z);
    response.set_p_value(*compared.p_value);
  }
  response.set_verdict(compared.verdict);
  response.set_direction(compared.direction);
  return absl::OkStatus();
}

}  // namespace emptychair
