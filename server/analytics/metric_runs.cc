#include "server/analytics/metric_runs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "server/counting/estimated_points.h"

namespace emptychair {
namespace {

bool IsCount(const MetricQuery& query) {
  return query.method->kind() == statistics::ScoreMethod::Kind::kCount;
}

}  // namespace

MetricRuns::MetricRuns(const storage::Store& store, std::vector<MetricQuery> queries,
                       Purpose purpose)
    : purpose_(purpose) {
  const auto first = std::find_if_not(queries.begin(), queries.end(), IsCount);
  rule_ = first == queries.end() ? v1::INTERVAL_RULE_ANSWERS : RuleBeforeCounting(*first, purpose);
  for (MetricQuery& query : queries) {
    runs_.push_back(std::make_unique<MetricRun>(store, std::move(query), purpose));
  }
}

v1::IntervalRule MetricRuns::RuleOf(const MetricQuery& query) const {
  return IsCount(query) ? v1::INTERVAL_RULE_ANSWERS : rule_;
}

AnswerSource MetricRuns::first_source() const {
  AnswerSource source = AnswerSource::kCube;
  for (const auto& run : runs_) {
    source = std::max(source, PlanSource(run->query(), RuleOf(run->query())));
  }
  return source;
}

absl::StatusOr<AnswerSource> MetricRuns::Plan() {
  if (rule_ == v1::INTERVAL_RULE_UNSPECIFIED) {
    return PlanByCount();
  }
  return first_source();
}

absl::StatusOr<AnswerSource> MetricRuns::PlanByCount() {
  int64_t scored = 0;
  int64_t all = 0;
  bool are_all_read = true;
  bool have_effects = true;
  for (const auto& run : runs_) {
    if (IsCount(run->query())) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::optional<MetricRun::Count> count, run->CountAnswers());
    if (!count.has_value()) {
      // It is going to be refused, and need not be read again for that.
      rule_ = v1::INTERVAL_RULE_ANSWERS;
      return first_source();
    }
    have_effects = have_effects && HasEffects(run->query());
    scored += count->scored;
    all += count->all;
    are_all_read = are_all_read && run->query().filters.empty();
  }
  rule_ = RuleByCount(scored, purpose_, have_effects);
  // A filter leaves out what has to be read all the same.
  return are_all_read && all <= kChartByCustomerMax ? AnswerSource::kCube : first_source();
}

absl::StatusOr<MetricResult> MetricRuns::Run(size_t query) {
  return runs_[query]->Run(RuleOf(runs_[query]->query()));
}

absl::StatusOr<MetricResult> RunMetricQuery(const storage::Store& store, const MetricQuery& query) {
  SingleRun run(store, query);
  RETURN_IF_ERROR(run.Plan().status());
  return run.Run();
}

}  // namespace emptychair
