#include "server/analytics/metric_wire.h"

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/server/analytics/surveys.h"

namespace emptychair {
namespace {

using statistics::GroupPart;
using statistics::MetricValue;

MATCHER_P(EqualsText, text, "") {
  std::decay_t<decltype(arg)> wanted;
  *result_listener << arg.ShortDebugString();
  return google::protobuf::TextFormat::ParseFromString(text, &wanted) &&
         google::protobuf::util::MessageDifferencer::Equals(arg, wanted);
}

v1::MetricValue Written(const MetricValue& value, bool show_histogram = false) {
  v1::MetricValue message;
  WriteValue(value, show_histogram, message);
  return message;
}

// A value with everything that an NPS can have.
MetricValue FullValue() {
  MetricValue value;
  value.answers = 10;
  value.unscored = 3;
  value.excluded = {2, 0, 1, 0, 0, 4};
  value.customers = 9;
  value.anonymous = 1;
  value.histogram = {1, 0, 9};
  value.estimate = statistics::Estimate{
      .value = 80, .standard_error = 12.5, .interval = statistics::Interval{40.25, 95}};
  value.numerator = 8;
  value.denominator = 10;
  value.classes = statistics::NetCounts{9, 0, 1};
  value.sample = statistics::EffectiveSample{.answers = 6.5, .design_effect = 1.5};
  value.grade = v1::GRADE_EXCELLENT;
  value.grade_is_certain = true;
  return value;
}

constexpr char kFullText[] = R"(
  value: 80 low: 40.25 high: 95 standard_error: 12.5 grade: GRADE_EXCELLENT grade_is_certain: true
  answers: 10 unscored: 3 numerator: 8 denominator: 10 promoters: 9 passives: 0 detractors: 1
  customers: 9 effective_sample: 6.5 design_effect: 1.5 anonymous: 1
  excluded { reason: EXCLUSION_REASON_TEST count: 2 }
  excluded { reason: EXCLUSION_REASON_DUPLICATE count: 1 }
  excluded { reason: EXCLUSION_REASON_OTHER count: 4 }
)";

TEST(WriteValue, WritesEveryField) {
  EXPECT_THAT(Written(FullValue()), EqualsText(kFullText));
  EXPECT_THAT(Written(FullValue(), /*show_histogram=*/true),
              EqualsText(std::string(kFullText) + "histogram: [1, 0, 9]"));
}

TEST(WriteValue, LeavesAbsentWhatIsAbsent) {
  EXPECT_THAT(Written(MetricValue()), EqualsText(""));
  MetricValue suppressed;
  suppressed.answers = 3;
  suppressed.suppressed = true;
  EXPECT_THAT(Written(suppressed), EqualsText("answers: 3 suppressed: true"));
  MetricValue count;
  count.estimate = statistics::Estimate{.value = 0};
  EXPECT_THAT(Written(count), EqualsText("value: 0"));
  MetricValue zeros;
  zeros.numerator = 0;
  zeros.customers = 0;
  zeros.classes = statistics::NetCounts{};
  EXPECT_THAT(Written(zeros),
              EqualsText("numerator: 0 customers: 0 promoters: 0 passives: 0 detractors: 0"));
}

TEST(WriteValue, ShowsOnlyReasonsThatOccurInOrder) {
  MetricValue value;
  value.excluded = {0, 5, 0, 7, 0, 0};
  EXPECT_THAT(Written(value), EqualsText("excluded { reason: EXCLUSION_REASON_BOT count: 5 } "
                                         "excluded { reason: EXCLUSION_REASON_STAFF count: 7 }"));
}

// A query of an NPS survey in a view at sequence 42.
MetricQuery QueryAt42() {
  const auto survey = MakeSurvey("nps", {"channel"});
  auto view = std::make_shared<storage::View>(*MakeView({survey}));
  view->counters.set_sequence(42);
  MetricQuery query = MakeMetricQuery(view, {survey.get()}).value();
  query.min_sample = 5;
  return query;
}

constexpr char kMethodText[] = R"(method_info {
  method: METRIC_METHOD_NET_PROMOTER respondent_rule: RESPONDENT_RULE_ALL
  granularity: GRANULARITY_NONE trailing_buckets: 1 time_zone: 'UTC' confidence: 0.95 min_sample: 5
  interval_rule: INTERVAL_RULE_ANSWERS
} sequence: 42 )";

MetricValue Answers(int64_t answers) {
  MetricValue value;
  value.answers = answers;
  return value;
}

TEST(WriteResponse, OfAQueryHasBucketsSeriesTotalMethodAndCost) {
  MetricQuery query = QueryAt42();
  MetricResult result;
  result.buckets = {{absl::InfinitePast(), absl::FromUnixSeconds(60)},
                    {absl::FromUnixSeconds(60), absl::InfiniteFuture()}};
  result.series = {{{{GroupPart::Kind::kValue, "web"}}, {Answers(1), Answers(2)}},
                   {{{GroupPart::Kind::kNone, ""}}, {Answers(3), Answers(4)}},
                   {{{GroupPart::Kind::kOther, ""}}, {Answers(5), Answers(6)}}};
  result.total.points = {FullValue(), Answers(12)};
  result.cost = {.cells_read = 7, .records_scanned = 8};
  const std::string text = std::string(kMethodText) + R"(
    buckets { end_time { seconds: 60 } } buckets { start_time { seconds: 60 } is_open: true }
    series { group_values { value: 'web' } points { answers: 1 } points { answers: 2 } }
    series { group_values { none: true } points { answers: 3 } points { answers: 4 } }
    series { group_values { other: true } points { answers: 5 } points { answers: 6 } }
    cells_read: 7 records_scanned: 8
    total { points { )";
  v1::QueryMetricResponse plain;
  WriteResponse(query, result, absl::FromUnixSeconds(60), plain);
  EXPECT_THAT(plain, EqualsText(text + kFullText + " } points { answers: 12 } }"));
  query.include_histogram = true;
  v1::QueryMetricResponse with_histogram;
  WriteResponse(query, result, absl::FromUnixSeconds(60), with_histogram);
  EXPECT_THAT(with_histogram,
              EqualsText(text + kFullText + " histogram: [1, 0, 9] } points { answers: 12 } }"));
}

TEST(WriteResponse, OfAComparisonLeavesOutWhatWasNotTested) {
  const MetricSides sides{.base = QueryAt42(),
                          .candidate = QueryAt42(),
                          .plan = {.looks = v1::LOOKS_UNTIL_END},
                          .as_of = absl::FromUnixSeconds(90)};
  ComparisonResult result{Answers(1), FullValue(), {}};
  result.comparison.direction = v1::CHANGE_DIRECTION_NEITHER;
  v1::CompareMetricResponse few;
  WriteResponse(sides, result, few);
  const std::string values =
      std::string(kMethodText) + "base { answers: 1 } candidate { " + kFullText + " } ";
  const std::string looks = "looks: LOOKS_UNTIL_END as_of { seconds: 90 } ";
  EXPECT_THAT(few, EqualsText(values + looks +
                              "verdict: VERDICT_TOO_FEW "
                              "direction: CHANGE_DIRECTION_NEITHER"));
  result.comparison = {.delta = 1.5,
                       .interval = statistics::Interval{0.5, 2.5},
                       .z = 3,
                       .p_value = 0.25,
                       .z_limit = 2.5,
                       .information_fraction = 0.5,
                       .verdict = v1::VERDICT_HIGHER,
                       .direction = v1::CHANGE_DIRECTION_BETTER};
  result.customer_correlation = 0.25;
  v1::CompareMetricResponse tested;
  WriteResponse(sides, result, tested);
  EXPECT_THAT(tested, EqualsText(values + looks +
                                 "delta: 1.5 delta_low: 0.5 delta_high: 2.5 z: 3 "
                                 "p_value: 0.25 verdict: VERDICT_HIGHER "
                                 "direction: CHANGE_DIRECTION_BETTER z_limit: 2.5 "
                                 "information_fraction: 0.5 customer_correlation: 0.25"));
}

TEST(WriteResponse, OfADecompositionShowsEffectsButNoHistograms) {
  const MetricDecomposition decomposition{{QueryAt42(), QueryAt42()}, {"channel"}};
  DecompositionResult result{Answers(1), Answers(2), std::nullopt, {}};
  v1::DecomposeChangeResponse nothing;
  WriteResponse(decomposition, result, nothing);
  const std::string values =
      std::string(kMethodText) + "base { answers: 1 } candidate { answers: 2 } ";
  EXPECT_THAT(nothing, EqualsText(values));
  result.delta = -0.5;
  result.keys = {
      {"channel",
       {{{GroupPart::Kind::kValue, "web"},
         FullValue(),
         Answers(3),
         std::nullopt,
         statistics::Effect{.mix = 1,
                            .score = -2,
                            .interval = statistics::Interval{-4, 2},
                            .p_value = 0.25,
                            .q_value = 0.5,
                            .verdict = v1::VERDICT_NO_CLEAR_CHANGE}},
        {{GroupPart::Kind::kNone, ""}, Answers(4), Answers(5), std::nullopt, std::nullopt}}}};
  v1::DecomposeChangeResponse explained;
  WriteResponse(decomposition, result, explained);
  EXPECT_THAT(explained, EqualsText(values + R"(
      delta: -0.5
      dimensions { key: 'channel'
        contributions { group_value { value: 'web' } candidate { answers: 3 }
                        mix: 1 score: -2 total: -1 low: -4 high: 2 p_value: 0.25 q_value: 0.5
                        verdict: VERDICT_NO_CLEAR_CHANGE base { )" +
                                    kFullText + R"( } }
        contributions { group_value { none: true } base { answers: 4 } candidate { answers: 5 }
                        suppressed: true verdict: VERDICT_TOO_FEW }
      })"));
}

TEST(WriteResponse, OfAScorecardShowsTheLastTwoPointsOfTheTrend) {
  const MetricQuery trend = QueryAt42();
  const Scorecard scorecard{trend.view, absl::FromUnixSeconds(90), {trend}};
  SurveyScore score;
  score.trend.buckets = {{absl::FromUnixSeconds(0), absl::FromUnixSeconds(60)}};
  score.trend.total.points = {Answers(1), Answers(2), Answers(3)};
  score.comparison.delta = 4;
  v1::GetScorecardResponse response;
  WriteResponse(scorecard, {.surveys = {score}}, response);
  EXPECT_EQ(response.sequence(), 42);
  EXPECT_EQ(response.as_of().seconds(), 90);
  ASSERT_EQ(response.surveys_size(), 1);
  EXPECT_THAT(response.surveys(0).previous(), EqualsText("answers: 2"));
  EXPECT_THAT(response.surveys(0).current(), EqualsText("answers: 3"));
  EXPECT_EQ(response.surveys(0).trend_size(), 3);
  EXPECT_EQ(response.surveys(0).periods_size(), 1);
  EXPECT_EQ(response.surveys(0).survey_id(), "nps");
  EXPECT_EQ(response.surveys(0).kind(), v1::SURVEY_KIND_NPS);
  EXPECT_EQ(response.surveys(0).delta(), 4);
  EXPECT_EQ(response.surveys(0).verdict(), v1::VERDICT_TOO_FEW);
  EXPECT_EQ(response.surveys(0).method_info().min_sample(), 5);
}

}  // namespace
}  // namespace emptychair
