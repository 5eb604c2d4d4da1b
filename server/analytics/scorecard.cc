#include "server/analytics/scorecard.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/analytics/compare.h"
#include "server/counting/interval_rule.h"
#include "server/request/validation.h"
#include "server/statistics/calendar.h"

namespace emptychair {
namespace {

constexpr size_t kPeriods = 12;

absl::StatusOr<std::vector<const storage::SurveyView*>> SelectSurveys(
    const storage::View& view, const v1::GetScorecardRequest& request) {
  if (!request.survey_ids().empty()) {
    return FindSurveys(view, request.survey_ids(), /*pooled=*/false);
  }
  std::vector<const storage::SurveyView*> surveys;
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (survey->definition->archive_time_ms() == 0) {
      surveys.push_back(survey.get());
    }
  }
  return surveys;
}

absl::StatusOr<v1::Granularity> CheckGranularity(const v1::GetScorecardRequest& request) {
  RETURN_IF_ERROR(CheckEnum("granularity", request.granularity(), v1::Granularity_IsValid));
  RETURN_IF_ERROR(CheckEnum("week_start", request.week_start(), v1::WeekStart_IsValid));
  if (request.granularity() == v1::GRANULARITY_NONE) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "granularity",
                      "got NONE, wanted the length of a period");
  }
  return request.granularity() == v1::GRANULARITY_UNSPECIFIED ? v1::GRANULARITY_MONTH
                                                              : request.granularity();
}

// From the start of the first to the end of the last complete period.
absl::StatusOr<TimeSpan> PeriodsBefore(absl::Time as_of, const MetricQuery& trend) {
  const auto unit_containing = [&](absl::Time time) {
    return statistics::UnitContaining(trend.zone, trend.granularity, trend.week_start, time);
  };
  ASSIGN_OR_RETURN(const statistics::Bucket incomplete, unit_containing(as_of));
  absl::Time start = incomplete.start;
  for (size_t i = 0; i < kPeriods; ++i) {
    ASSIGN_OR_RETURN(const statistics::Bucket period,
                     unit_containing(start - absl::Milliseconds(1)));
    start = period.start;
  }
  return TimeSpan{start, incomplete.start};
}

}  // namespace

absl::StatusOr<Scorecard> PrepareScorecard(std::shared_ptr<const storage::View> view,
                                           const v1::GetScorecardRequest& request, absl::Time now) {
  Scorecard scorecard;
  scorecard.view = std::move(view);
  scorecard.as_of = now;
  if (request.has_as_of()) {
    ASSIGN_OR_RETURN(scorecard.as_of, CheckAsOf("as_of", request.as_of()));
  }
  ASSIGN_OR_RETURN(const v1::Granularity granularity, CheckGranularity(request));
  RETURN_IF_ERROR(CheckEnum("interval_rule", request.interval_rule(), v1::IntervalRule_IsValid));
  ASSIGN_OR_RETURN(const std::vector<const storage::SurveyView*> surveys,
                   SelectSurveys(*scorecard.view, request));
  if (surveys.size() * kPeriods > kPointsMax) {
    return TooManyPoints(surveys.size() * kPeriods);
  }
  for (const storage::SurveyView* survey : surveys) {
    ASSIGN_OR_RETURN(MetricQuery trend, MakeMetricQuery(scorecard.view, {survey}));
    RETURN_IF_ERROR(SetGranularity(granularity, request.week_start(), trend));
    // A COUNT among the surveys is exact under any rule.
    if (trend.method->kind() != statistics::ScoreMethod::Kind::kCount) {
      RETURN_IF_ERROR(CheckIntervalRule("interval_rule", request.interval_rule(), trend));
      trend.interval_rule = request.interval_rule();
    }
    ASSIGN_OR_RETURN(trend.interval, PeriodsBefore(scorecard.as_of, trend));
    scorecard.trends.push_back(std::move(trend));
  }
  return scorecard;
}

ScorecardRun::ScorecardRun(const storage::Store& store, const Scorecard& scorecard)
    : scorecard_(scorecard), runs_(store, scorecard.trends, Purpose::kVerdict) {}

absl::StatusOr<SurveyScore> ScorecardRun::Score(size_t trend) {
  const MetricQuery& query = scorecard_.trends[trend];
  ASSIGN_OR_RETURN(MetricResult result, runs_.Run(trend));
  statistics::ComparisonOptions options{.confidence = query.confidence};
  if (const CustomerAnswers* customers = runs_[trend].customers();
      result.interval_rule == v1::INTERVAL_RULE_CUSTOMERS && customers != nullptr) {
    options.correlation = CorrelationOf(*scorecard_.view, {result, *customers, kPeriods - 2},
                                        {result, *customers, kPeriods - 1});
  } else if (result.estimated.has_value()) {
    options.correlation = result.estimated->curves().Whole().CorrelationOfAdjoining(
        result.estimated->days(kPeriods - 2), result.estimated->days(kPeriods - 1));
  }
  statistics::Comparison comparison = statistics::CompareValues(
      *query.method, result.total.points[kPeriods - 2], result.total.points[kPeriods - 1], options);
  return SurveyScore{std::move(result), comparison};
}

absl::StatusOr<ScorecardResult> ScorecardRun::Run() {
  ScorecardResult result;
  std::vector<double> p_values;
  for (size_t trend = 0; trend < scorecard_.trends.size(); ++trend) {
    ASSIGN_OR_RETURN(SurveyScore score, Score(trend));
    if (score.comparison.p_value.has_value()) {
      p_values.push_back(*score.comparison.p_value);
    }
    result.surveys.push_back(std::move(score));
  }
  result.tests = statistics::CorrectForMany(p_values, statistics::Confidence());
  size_t test = 0;
  for (size_t trend = 0; trend < scorecard_.trends.size(); ++trend) {
    statistics::Comparison& comparison = result.surveys[trend].comparison;
    if (comparison.p_value.has_value()) {
      comparison.q_value = result.tests.q_values[test++];
      statistics::Judge(*scorecard_.trends[trend].method, result.tests.z_limit, comparison);
    }
  }
  return result;
}

}  // namespace emptychair
