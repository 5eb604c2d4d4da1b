#include "server/analytics/compare.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"

namespace emptychair {
namespace {

// Without `group_by` there is one group.
constexpr uint32_t kOnlyGroup = 0;

// Whether one side goes on where the other ends, in the same slice of one survey.
bool Adjoin(const MetricQuery& base, const MetricQuery& candidate) {
  const auto follows = [](const TimeSpan& first, const TimeSpan& second) {
    return first.end.has_value() && first.end == second.start;
  };
  return base.surveys == candidate.surveys &&
         std::equal(base.filters.begin(), base.filters.end(), candidate.filters.begin(),
                    candidate.filters.end(),
                    [](const v1::LabelFilter& a, const v1::LabelFilter& b) {
                      return google::protobuf::util::MessageDifferencer::Equals(a, b);
                    }) &&
         (follows(base.interval, candidate.interval) || follows(candidate.interval, base.interval));
}

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
  } else if (result.interval_rule == v1::INTERVAL_RULE_ESTIMATED) {
    result.customer_correlation =
        base.estimated.has_value() && Adjoin(sides_.base, sides_.candidate)
            ? base.estimated->curves().Whole().CorrelationOfAdjoining(base.estimated->days(0),
                                                                      candidate.estimated->days(0))
            : 0;
  }
  result.comparison =
      statistics::CompareValues(*sides_.base.method, result.base, result.candidate,
                                {.confidence = sides_.base.confidence,
                                 .correlation = result.customer_correlation.value_or(0),
                                 .plan = sides_.plan});
  return result;
}

}  // namespace emptychair
