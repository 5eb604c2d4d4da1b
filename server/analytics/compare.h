// Compares the values of two sides.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_

#include "absl/status/statusor.h"
#include "server/analytics/metric_sides.h"
#include "server/statistics/comparison.h"
#include "server/statistics/metric_value.h"
#include "storage/store.h"

namespace emptychair {

// Holds what a comparison computes, as v1::CompareMetricResponse describes it.
struct ComparisonResult {
  statistics::MetricValue base;
  statistics::MetricValue candidate;
  statistics::Comparison comparison;
};

// Computes the comparison. Errors: STORE_DAMAGED.
absl::StatusOr<ComparisonResult> RunMetricComparison(const storage::Store& store,
                                                     const MetricSides& sides);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
