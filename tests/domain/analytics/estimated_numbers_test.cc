// Intervals and verdicts by effects that were measured before, over a store: the references of the
// formulas.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/analytics/decompose.h"
#include "server/analytics/scorecard.h"
#include "tests/domain/harness/honest_numbers.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using storage::kNoonMs;
using ::testing::SizeIs;

class EstimatedNumbersTest : public HonestNumbersTest {
 protected:
  // Effects of windows of 1, 30, 91 and 365 days.
  static void Fill(const std::vector<double>& design_effects,
                   const std::vector<double>& answers_per_customer, const std::string& value,
                   store::v1::StoredRepeatEffects& effects) {
    const uint32_t days[] = {1, 30, 91, 365};
    store::v1::StoredGroupEffects& group = *effects.add_groups();
    group.set_value(value);
    for (size_t i = 0; i < std::size(days); ++i) {
      store::v1::StoredWindowEffects& windows = *group.add_windows();
      windows.set_days(days[i]);
      windows.set_answers_per_customer(answers_per_customer[i]);
      windows.add_design_effects(design_effects[i]);
    }
  }

  // Of all answers those of the references, of the channel app half as much, of web none known.
  void PutEffects(uint32_t survey_number = 1) {
    auto command = storage::NewCommand();
    store::v1::PutRepeatEffects& effects =
        *command->mutable_put_derived()->mutable_repeat_effects();
    effects.set_survey_number(survey_number);
    effects.set_computed_at_sequence(sequence_ = store().view()->counters.sequence());
    effects.mutable_all()->add_methods(v1::METRIC_METHOD_NET_PROMOTER);
    Fill({1.05, 2.4, 4.2, 9}, {1.1, 3.3, 6.9, 16}, "", *effects.mutable_all());
    effects.add_dimensions()->add_methods(v1::METRIC_METHOD_NET_PROMOTER);
    Fill({1, 1.7, 2.6, 5}, {1, 2, 3, 4}, "app", *effects.mutable_dimensions(0));
    ASSERT_OK(RunCommand(store(), std::move(command)).error);
  }

  uint64_t sequence_ = 0;
};

TEST_F(EstimatedNumbersTest, IntervalsFollowTheLengthOfThePoint) {
  AddOnce(450, 270, 180, 0);
  Send();
  PutEffects();
  const struct {
    int64_t days;
    double sample, low, high;
  } rows[] = {{7, 675.6105, 23.9915, 35.7432},
              {60, 269.7104, 20.4021, 38.9378},
              {730, 52.5048, 7.8542, 48.9028}};
  for (const auto& row : rows) {
    const MetricResult result = Query(Days(1 - row.days, 1));
    EXPECT_EQ(result.interval_rule, kEstimated);
    const statistics::MetricValue& value = result.total.points.front();
    EXPECT_NEAR(value.sample->answers, row.sample, kFourDecimals) << row.days;
    EXPECT_NEAR(value.estimate->interval->low, row.low, kFourDecimals);
    EXPECT_NEAR(value.estimate->interval->high, row.high, kFourDecimals);
    EXPECT_FALSE(value.customers.has_value());
    EXPECT_EQ(result.cost.records_scanned, 0);
  }
  v1::QueryMetricRequest half = Days(0, 1);
  half.mutable_interval()->mutable_end_time()->set_seconds(half.interval().start_time().seconds() +
                                                           12 * 3'600);
  EXPECT_NEAR(Query(half).total.points.front().sample->answers, 856.8162, kFourDecimals);
}

TEST_F(EstimatedNumbersTest, TrailingPointsAreAsLongAsWhatTheyCover) {
  AddOnce(450, 270, 180, 0);
  Send();
  PutEffects();
  v1::QueryMetricRequest request = Days(-13, 2);
  request.mutable_interval()->mutable_start_time()->set_seconds(
      (kNoonMs - kNoonMs % kDayMs) / 1'000 - 6 * 86'400);
  request.mutable_interval()->mutable_end_time()->set_seconds((kNoonMs - kNoonMs % kDayMs) / 1'000 +
                                                              86'400);
  request.set_granularity(v1::GRANULARITY_DAY);
  request.set_trailing_buckets(7);
  const MetricResult result = Query(request);
  EXPECT_NEAR(result.total.points.back().sample->answers, 675.6105, kFourDecimals);
}

TEST_F(EstimatedNumbersTest, AnOpenIntervalIsAsLongAsItsAnswersLastTo) {
  AddOnce(450, 270, 179, 0);
  AddOnce(0, 0, 1, -6);
  Send();
  PutEffects();
  v1::QueryMetricRequest request;
  request.add_survey_ids("nps");
  EXPECT_NEAR(Query(request).total.points.front().sample->answers, 675.6105, kFourDecimals);
}

TEST_F(EstimatedNumbersTest, SlicesHaveTheirOwnEffects) {
  for (int i = 0; i < 900; ++i) {
    Add("", i < 450 ? 9 : i < 720 ? 8 : 5, 0, {{"channel", "app"}});
    Add("", i < 450 ? 9 : i < 720 ? 8 : 5, 0, {{"channel", "web"}});
  }
  Send();
  PutEffects();
  v1::QueryMetricRequest request = Days(-29, 1);
  request.add_group_by("channel");
  const MetricResult result = Query(request);
  ASSERT_THAT(result.series, SizeIs(2));
  EXPECT_EQ(result.series[0].group.front().text, "app");
  EXPECT_EQ(result.series[0].points.front().sample->design_effect, 1.7);
  // Of the other those of the survey.
  EXPECT_EQ(result.series[1].points.front().sample->design_effect, 2.4);
  EXPECT_EQ(result.total.points.front().sample->design_effect, 2.4);
  v1::QueryMetricRequest filtered = Days(-29, 1);
  v1::LabelFilter& filter = *filtered.add_filters();
  filter.set_key("channel");
  filter.add_values("app");
  EXPECT_EQ(Query(filtered).total.points, result.series[0].points);
}

TEST_F(EstimatedNumbersTest, OneOfEachCustomerRepeatsNothing) {
  AddOnce(450, 270, 180, 0);
  Send();
  PutEffects();
  v1::QueryMetricRequest request = Days(-29, 1);
  request.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  request.set_interval_rule(kEstimated);
  EXPECT_EQ(Query(request).total.points.front().sample->answers, 900);
}

TEST_F(EstimatedNumbersTest, WindowsThatAdjoinMoveTogether) {
  AddOnce(450, 270, 180, 0);
  AddOnce(480, 270, 150, 30);
  Send();
  PutEffects();
  const auto compare = [&](int64_t gap) {
    v1::CompareMetricRequest request;
    *request.mutable_base() = Days(-28, 2);
    *request.mutable_candidate() = Days(2 + gap, 32 + gap);
    request.mutable_base()->set_interval_rule(kEstimated);
    request.mutable_candidate()->set_interval_rule(kEstimated);
    return Compare(request, absl::FromUnixMillis(kNoonMs + 100 * kDayMs));
  };
  const ComparisonResult adjoining = compare(0);
  EXPECT_EQ(adjoining.interval_rule, kEstimated);
  EXPECT_NEAR(*adjoining.customer_correlation, 0.368852, kSixDecimals);
  const double base = adjoining.base.adjusted->standard_error();
  const double candidate = adjoining.candidate.adjusted->standard_error();
  EXPECT_NEAR(adjoining.comparison.standard_error,
              std::sqrt(base * base + candidate * candidate -
                        2 * *adjoining.customer_correlation * base * candidate),
              1e-9);
  // With a day between them nothing is known.
  EXPECT_EQ(*compare(1).customer_correlation, 0);
  // A verdict of so few answers is by customer without a wish.
  v1::CompareMetricRequest plain;
  *plain.mutable_base() = Days(-28, 2);
  *plain.mutable_candidate() = Days(2, 32);
  EXPECT_EQ(Compare(plain, absl::FromUnixMillis(kNoonMs + 100 * kDayMs)).interval_rule, kCustomers);
  // Another slice is another matter.
  v1::LabelFilter& filter = *plain.mutable_base()->add_filters();
  filter.set_key("channel");
  filter.add_values("app");
  plain.mutable_base()->set_interval_rule(kEstimated);
  plain.mutable_candidate()->set_interval_rule(kEstimated);
  EXPECT_EQ(*Compare(plain, absl::FromUnixMillis(kNoonMs + 100 * kDayMs)).customer_correlation, 0);
}

TEST_F(EstimatedNumbersTest, ContributionsTakeTheLargerEffect) {
  for (const int64_t day : {0, 1}) {
    for (int i = 0; i < 90; ++i) {
      Add("",
          i < 45 - day * 9 ? 9
          : i < 72         ? 8
                           : 5,
          day, {{"channel", i % 2 == 0 ? "app" : "web"}});
    }
  }
  Send();
  v1::DecomposeChangeRequest request;
  *request.mutable_base() = Days(-29, 1);
  *request.mutable_candidate() = Days(1, 31);
  const auto decompose = [&](v1::IntervalRule rule) {
    request.mutable_base()->set_interval_rule(rule);
    request.mutable_candidate()->set_interval_rule(rule);
    const absl::StatusOr<MetricDecomposition> decomposition =
        PrepareMetricDecomposition(store().view(), request);
    EXPECT_OK(decomposition);
    DecompositionRun run(store(), *decomposition);
    EXPECT_OK(run.Plan().status());
    absl::StatusOr<DecompositionResult> result = run.Run();
    EXPECT_OK(result);
    return *std::move(result);
  };
  const DecompositionResult plain = decompose(kAnswers);
  PutEffects();
  const DecompositionResult estimated = decompose(kEstimated);
  EXPECT_EQ(estimated.interval_rule, kEstimated);
  EXPECT_EQ(estimated.base.sample->design_effect, 2.4);
  ASSERT_THAT(estimated.keys.front().contributions, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(*estimated.keys.front().contributions[i].effect->standard_error,
                *plain.keys.front().contributions[i].effect->standard_error * std::sqrt(2.4), 1e-9);
  }
}

TEST_F(EstimatedNumbersTest, AScorecardComparesMonthsThatAdjoin) {
  AddOnce(450, 270, 180, -35);
  AddOnce(480, 270, 150, -5);
  Send();
  PutEffects();
  v1::GetScorecardRequest request;
  request.set_interval_rule(kEstimated);
  // February of 2024, of 29 days, against January.
  const auto score = [&]() -> absl::StatusOr<SurveyScore> {
    const absl::StatusOr<Scorecard> scorecard =
        PrepareScorecard(store().view(), request, absl::FromUnixMillis(kNoonMs));
    if (!scorecard.ok()) {
      return scorecard.status();
    }
    ScorecardRun run(store(), *scorecard);
    EXPECT_OK(run.Plan().status());
    absl::StatusOr<ScorecardResult> result = run.Run();
    EXPECT_OK(result);
    return std::move(result->surveys.front());
  };
  const absl::StatusOr<SurveyScore> scored = score();
  ASSERT_OK(scored);
  const statistics::MetricValue& before = scored->trend.total.points[10];
  const statistics::MetricValue& after = scored->trend.total.points[11];
  const auto variance = [](double days) {
    return days * (days <= 30 ? 1.05 + 1.35 * (days - 1) / 29 : 2.4 + 1.8 * (days - 30) / 61);
  };
  const double r =
      (variance(60) - variance(29) - variance(31)) / (2 * std::sqrt(variance(29) * variance(31)));
  const double a = before.adjusted->standard_error();
  const double b = after.adjusted->standard_error();
  EXPECT_NEAR(scored->comparison.standard_error, std::sqrt(a * a + b * b - 2 * r * a * b), 1e-9);
  // One rule holds for all: a survey without effects refuses it.
  Create("other");
  EXPECT_THAT(score(), HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
}

TEST_F(EstimatedNumbersTest, AreRefusedWhereNothingIsKnown) {
  v1::QueryMetricRequest request = Days(0, 1);
  request.set_interval_rule(kEstimated);
  EXPECT_THAT(PrepareMetricQuery(store().view(), request),
              HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
  Create("other");
  PutEffects();
  EXPECT_OK(PrepareMetricQuery(store().view(), request));
  request.add_survey_ids("other");
  EXPECT_THAT(PrepareMetricQuery(store().view(), request),
              HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
}

}  // namespace
}  // namespace emptychair
