#include "server/analytics/scorecard.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/analytics/compare.h"
#include "server/request/validation.h"
#include "server/statistics/calendar.h"
#include "server/statistics/comparison.h"
#include "server/surveys/survey.h"

namespace emptychair {
namespace {

constexpr int kPeriods = 12;

absl::StatusOr<std::vector<const storage::SurveyView*>> FindSurveys(
    const storage::View& view, const v1::GetScorecardRequest& request) {
  std::vector<const storage::SurveyView*> surveys;
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < request.survey_ids_size(); ++i) {
    const std::string field = absl::StrCat("survey_ids[", i, "]");
    ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                     FindSurvey(view, field, request.survey_ids(i)));
    if (!seen.insert(request.survey_ids(i)).second) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got \"", request.survey_ids(i), "\" twice"));
    }
    surveys.push_back(survey);
  }
  if (request.survey_ids().empty()) {
    for (const auto& [survey_id, survey] : *view.catalog) {
      if (survey->definition->archive_time_ms() == 0) {
        surveys.push_back(survey.get());
      }
    }
  }
  return surveys;
}

absl::StatusOr<absl::Time> CheckAsOf(const v1::GetScorecardRequest& request, absl::Time now) {
  if (!request.has_as_of()) {
    return now;
  }
  ASSIGN_OR_RETURN(const absl::Time as_of, CheckTimestamp("as_of", request.as_of()));
  // Twelve years before it must still be times that can be written.
  if (as_of < absl::UnixEpoch()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "as_of",
                      absl::StrCat("got ", absl::FormatTime(as_of, absl::UTCTimeZone()),
                                   ", wanted 1970 or later"));
  }
  return as_of;
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
absl::StatusOr<v1::TimeInterval> PeriodsBefore(absl::Time as_of, const absl::TimeZone& zone,
                                               v1::Granularity granularity,
                                               v1::WeekStart week_start) {
  ASSIGN_OR_RETURN(const statistics::Bucket incomplete,
                   statistics::UnitContaining(zone, granularity, week_start, as_of));
  absl::Time start = incomplete.start;
  for (int i = 0; i < kPeriods; ++i) {
    ASSIGN_OR_RETURN(
        const statistics::Bucket period,
        statistics::UnitContaining(zone, granularity, week_start, start - absl::Milliseconds(1)));
    start = period.start;
  }
  v1::TimeInterval periods;
  *periods.mutable_start_time() = ToTimestamp(start);
  *periods.mutable_end_time() = ToTimestamp(incomplete.start);
  return periods;
}

void WriteScore(const MetricQuery& trend, v1::QueryMetricResponse& answer, v1::SurveyScore& score) {
  const store::v1::StoredSurvey& survey = *trend.surveys.front()->definition;
  score.set_survey_id(survey.survey_id());
  score.set_display_name(survey.display_name());
  score.set_kind(survey.kind());
  *score.mutable_periods() = std::move(*answer.mutable_buckets());
  *score.mutable_trend() = std::move(*answer.mutable_total()->mutable_points());
  *score.mutable_method_info() = std::move(*answer.mutable_method_info());
  *score.mutable_previous() = score.trend(kPeriods - 2);
  *score.mutable_current() = score.trend(kPeriods - 1);
  WriteComparison(
      statistics::CompareValues(*trend.method, score.previous(), score.current(), trend.confidence),
      score);
}

}  // namespace

absl::StatusOr<Scorecard> PrepareScorecard(std::shared_ptr<const storage::View> view,
                                           const v1::GetScorecardRequest& request, absl::Time now) {
  Scorecard scorecard;
  scorecard.view = std::move(view);
  ASSIGN_OR_RETURN(scorecard.as_of, CheckAsOf(request, now));
  ASSIGN_OR_RETURN(const v1::Granularity granularity, CheckGranularity(request));
  ASSIGN_OR_RETURN(const std::vector<const storage::SurveyView*> surveys,
                   FindSurveys(*scorecard.view, request));
  if (surveys.size() * kPeriods > kPointsMax) {
    return TooManyPoints(surveys.size() * kPeriods);
  }
  for (const storage::SurveyView* survey : surveys) {
    v1::QueryMetricRequest trend;
    trend.add_survey_ids(survey->definition->survey_id());
    trend.set_granularity(granularity);
    trend.set_week_start(request.week_start());
    ASSIGN_OR_RETURN(*trend.mutable_interval(),
                     PeriodsBefore(scorecard.as_of, ZoneOf(*survey->definition), granularity,
                                   request.week_start()));
    ASSIGN_OR_RETURN(scorecard.trends.emplace_back(), PrepareMetricQuery(scorecard.view, trend));
  }
  return scorecard;
}

absl::Status RunScorecard(const storage::Store& store, const Scorecard& scorecard,
                          v1::GetScorecardResponse& response) {
  *response.mutable_as_of() = ToTimestamp(scorecard.as_of);
  response.set_sequence(static_cast<int64_t>(scorecard.view->counters.sequence()));
  for (const MetricQuery& trend : scorecard.trends) {
    v1::QueryMetricResponse answer;
    RETURN_IF_ERROR(RunMetricQuery(store, trend, answer));
    WriteScore(trend, answer, *response.add_surveys());
  }
  return absl::OkStatus();
}

}  // namespace emptychair
