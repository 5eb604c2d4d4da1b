// The answer to a CompareMetricRequest.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_

#include "absl/status/status.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_sides.h"
#include "server/statistics/comparison.h"
#include "storage/store.h"

namespace emptychair {

// Writes what was compared into `response`, which has fields for it.
template <typename Response>
void WriteComparison(const statistics::Comparison& compared, Response& response) {
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
}

// Computes the answer. Errors: STORE_DAMAGED.
absl::Status RunMetricComparison(const storage::Store& store, const MetricSides& sides,
                                 v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
