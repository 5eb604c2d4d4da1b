#include "server/analytics/compare.h"

#include <utility>

#include "common/base/status_macros.h"

namespace emptychair {
namespace {

// Without `group_by` there is one group.
constexpr uint32_t kOnlyGroup = 0;

}  // namespace

double CorrelationOf(const storage::View& view, const PointOfRun& base,
                     const PointOfRun& candidate) {
  const auto from = base.customers.Of(kOnlyGroup, base.bucket);
  const auto to = candidate.customers.Of(kOnlyGroup, candidate.bucket);
  if (from.empty() || to.empty()) {
    return 0;
  }
  CustomerSummer summer(CustomersOf(view), from.size() + to.size());
  return statistics::CustomerCorrelation(base.result.total.by_customer[base.bucket],
                                         candidate.result.total.by_customer[candidate.bucket],
                                         summer.SumShared(from, to));
}

MetricComparison::MetricComparison(const storage::Store& store, const MetricSides& sides)
    : sides_(sides), runs_(store, {sides.base, sides.candidate}, Purpose::kVerdict) {}

absl::StatusOr<ComparisonResult> MetricComparison::Run() {
  ASSIGN_OR_RETURN(const MetricResult base, runs_.Run(0));
  ASSIGN_OR_RETURN(const MetricResult candidate, runs_.Run(1));
  ComparisonResult result{.base = base.total.points.front(),
                          .candidate = candidate.total.points.front(),
                          .interval_rule = runs_.rule()};
  if (result.interval_rule == v1::INTERVAL_RULE_CUSTOMERS) {
    result.customer_correlation = CorrelationOf(*sides_.base.view, {base, *runs_[0].customers()},
                                                {candidate, *runs_[1].customers()});
  }
  result.comparison =
      statistics::CompareValues(*sides_.base.method, result.base, result.candidate,
                                {.confidence = sides_.base.confidence,
                                 .correlation = result.customer_correlation.value_or(0),
                                 .plan = sides_.plan});
  return result;
}

}  // namespace emptychair
