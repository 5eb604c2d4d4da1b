#include "tests/chairctl/harness/metric_answers.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/timestamp.h"
#include "tests/chairctl/harness/chairctl_harness.h"

namespace emptychair {
namespace {

// A survey's score whose monthly values are `values`, the last of November 2024.
v1::SurveyScore& AddScore(const std::string& id, v1::SurveyKind kind, v1::MetricMethod method,
                          const std::string& zone_name,
                          const std::vector<std::optional<double>>& values,
                          v1::GetScorecardResponse& response) {
  v1::SurveyScore& score = *response.add_surveys();
  score.set_survey_id(id);
  score.set_kind(kind);
  v1::MethodInfo& info = *score.mutable_method_info();
  info.set_method(method);
  info.set_respondent_rule(v1::RESPONDENT_RULE_ALL);
  info.set_granularity(v1::GRANULARITY_MONTH);
  info.set_trailing_buckets(1);
  info.set_time_zone(zone_name);
  info.set_confidence(0.95);
  info.set_interval_rule(method == v1::METRIC_METHOD_COUNT ? v1::INTERVAL_RULE_ANSWERS
                                                           : v1::INTERVAL_RULE_CUSTOMERS);
  info.set_tests(2);
  info.set_interval_confidence(0.975);
  absl::TimeZone zone;
  absl::LoadTimeZone(zone_name, &zone);
  absl::CivilMonth month = absl::CivilMonth(2024, 12) - static_cast<int64_t>(values.size());
  for (const std::optional<double>& value : values) {
    v1::TimeInterval& period = *score.add_periods();
    *period.mutable_start_time() = ToTimestamp(absl::FromCivil(month, zone));
    *period.mutable_end_time() = ToTimestamp(absl::FromCivil(++month, zone));
    v1::MetricValue& point = *score.add_trend();
    if (value.has_value()) {
      point.set_value(*value);
      point.set_answers(100 + static_cast<int64_t>(*value));
      if (method != v1::METRIC_METHOD_COUNT) {
        point.set_low(*value - 2.25);
        point.set_high(*value + 2.5);
        point.set_customers(50);
        point.set_effective_sample(static_cast<double>(point.answers()) / 2);
        point.set_design_effect(1.75);
      }
    }
  }
  *score.mutable_current() = score.trend(score.trend_size() - 1);
  *score.mutable_previous() = score.trend(score.trend_size() - 2);
  if (score.current().has_value() && score.previous().has_value()) {
    score.set_delta(score.current().value() - score.previous().value());
  }
  return score;
}

}  // namespace

v1::CompareWordsResponse SomeWords() {
  return FromJson<v1::CompareWordsResponse>(
      R"({"words": [
            {"word": "late", "baseCount": 4, "candidateCount": 30, "logOdds": 1.8125, "z": 6.5,
             "pValue": 8.0320e-11, "qValue": 9.6384e-10},
            {"word": "grün", "baseCount": 60, "candidateCount": 10, "logOdds": -0.75, "z": -3.25,
             "pValue": 0.0011542, "qValue": 0.0069252},
            {"word": "courier", "baseCount": 0, "candidateCount": 9, "logOdds": 1.5,
             "z": 2.0000625, "pValue": 0.0454935, "qValue": 0.181974}],
          "baseComments": 200, "candidateComments": 100, "sequence": 967, "recordsScanned": 1234,
          "tests": 12, "intervalRule": "INTERVAL_RULE_ANSWERS"})");
}

v1::GetScorecardResponse SomeScorecard() {
  v1::GetScorecardResponse response;
  response.mutable_as_of()->set_seconds(1'733'184'000);  // 2024-12-03T00:00:00Z
  response.set_sequence(967);
  v1::SurveyScore& nps = AddScore("nps", v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_NET_PROMOTER, "UTC",
                                  {20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, -6.125}, response);
  nps.set_display_name("After <each> delivery");
  nps.set_delta_low(-52.5);
  nps.set_delta_high(-40.25);
  nps.set_z(-14.5);
  nps.set_p_value(1.0748e-05);
  nps.set_q_value(2.1496e-05);
  nps.set_verdict(v1::VERDICT_LOWER);
  nps.set_direction(v1::CHANGE_DIRECTION_WORSE);
  v1::SurveyScore& csat = AddScore(
      "csat", v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_TOP_BOX, "UTC",
      {std::nullopt, std::nullopt, 80, 81, std::nullopt, 82, 83, 84, 85, 86, 87, 87.5}, response);
  csat.set_delta_low(-1.5);
  csat.set_delta_high(2.75);
  csat.set_z(0.5);
  csat.set_p_value(0.617);
  csat.set_q_value(0.617);
  csat.set_verdict(v1::VERDICT_NO_CLEAR_CHANGE);
  csat.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  v1::SurveyScore& rating = AddScore("rating", v1::SURVEY_KIND_RATING, v1::METRIC_METHOD_MEAN,
                                     "Europe/Berlin", {4.25, std::nullopt}, response);
  rating.mutable_current()->set_suppressed(true);
  rating.mutable_current()->set_answers(3);
  *rating.mutable_trend(1) = rating.current();
  rating.mutable_method_info()->set_min_sample(5);
  rating.set_verdict(v1::VERDICT_TOO_FEW);
  rating.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  v1::SurveyScore& text = AddScore("text", v1::SURVEY_KIND_TEXT, v1::METRIC_METHOD_COUNT,
                                   "Asia/Tokyo", {7, 9}, response);
  text.set_verdict(v1::VERDICT_TOO_FEW);
  text.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  return response;
}

}  // namespace emptychair
