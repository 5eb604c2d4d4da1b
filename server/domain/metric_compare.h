// The answer to a CompareMetricRequest.
#ifndef EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_
#define EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_

#include "absl/status/status.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/domain/metric_sides.h"
#include "storage/store.h"

namespace emptychair {

// Computes the answer. Errors: STORE_DAMAGED.
absl::Status RunMetricComparison(const storage::Store& store, const MetricSides& sides,
                                 v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_
