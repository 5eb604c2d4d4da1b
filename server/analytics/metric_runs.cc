#include "server/analytics/metric_runs.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

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
    int64_t answers = 0;
    for (const auto& run : runs_) {
      if (!IsCount(run->query())) {
        ASSIGN_OR_RETURN(const int64_t counted, run->CountAnswers());
        answers += counted;
      }
    }
    rule_ = RuleByCount(answers, purpose_);
  }
  return first_source();
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
