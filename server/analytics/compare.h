// Compares the values of two sides.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "server/analytics/metric_runs.h"
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
  v1::IntervalRule interval_rule = v1::INTERVAL_RULE_ANSWERS;
  // Under CUSTOMERS and ESTIMATED.
  std::optional<double> customer_correlation;
};

// A comparison that is run once. Not thread-safe.
class MetricComparison {
 public:
  // `store` must outlive this.
  MetricComparison(const storage::Store& store, const MetricSides& sides);

  // As MetricRuns says.
  AnswerSource first_source() const { return runs_.first_source(); }
  absl::StatusOr<AnswerSource> Plan() { return runs_.Plan(); }

  // Computes the comparison. Errors: STORE_DAMAGED.
  absl::StatusOr<ComparisonResult> Run();

  const MetricSides& sides() const { return sides_; }

 private:
  const MetricSides sides_;
  MetricRuns runs_;
};

// A point of a query without groups, whose points do not trail: the one that ends with a bucket.
struct PointOfRun {
  const MetricResult& result;
  const CustomerAnswers& customers;
  size_t bucket = 0;
};

// How much two points move together by the customers of both. Pure.
double CorrelationOf(const storage::View& view, const PointOfRun& base,
                     const PointOfRun& candidate);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_H_
