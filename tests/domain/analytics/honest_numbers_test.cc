// Intervals and verdicts of customers who repeat, over a store: the references of the formulas, and
// which rule an answer has.
#include "tests/domain/harness/honest_numbers.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/analytics/compare.h"
#include "server/analytics/decompose.h"
#include "server/analytics/scorecard.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using storage::kNoonMs;
using ::testing::SizeIs;

void AddMixed(const std::function<void(const std::string&, int)>& add) {
  const std::vector<std::vector<int>> customers = {{10, 10, 9}, {9, 10},     {6, 5, 6},
                                                   {8},         {10, 9, 10}, {3, 7}};
  for (size_t i = 0; i < customers.size(); ++i) {
    for (const int score : customers[i]) {
      add(absl::StrCat("c", i), score);
    }
  }
  add("", 9);
  add("", 8);
}

TEST_F(HonestNumbersTest, IntervalsTakeTheCustomersOfTheAnswers) {
  AddMixed([&](const std::string& customer, int score) { Add(customer, score, 0); });
  Send();
  const MetricResult result = Query(Days(0, 1));
  EXPECT_EQ(result.interval_rule, kCustomers);
  const statistics::MetricValue& value = result.total.points.front();
  EXPECT_NEAR(value.sample->answers, 4.2879, kFourDecimals);
  EXPECT_NEAR(value.estimate->interval->low, -40.1500, kFourDecimals);
  EXPECT_NEAR(value.estimate->interval->high, 76.9222, kFourDecimals);
  EXPECT_EQ(value.customers, 6);
  v1::QueryMetricRequest by_answer = Days(0, 1);
  by_answer.set_interval_rule(kAnswers);
  const MetricResult plain = Query(by_answer);
  EXPECT_EQ(plain.interval_rule, kAnswers);
  EXPECT_NEAR(plain.total.points.front().estimate->interval->low, -11.1402, kFourDecimals);
  EXPECT_NEAR(plain.total.points.front().estimate->interval->high, 63.7718, kFourDecimals);
  EXPECT_FALSE(plain.total.points.front().customers.has_value());
}

TEST_F(HonestNumbersTest, GroupsAndTrailingPointsHaveTheirOwnCustomers) {
  for (int64_t day = 0; day < 4; ++day) {
    AddMixed([&](const std::string& customer, int score) {
      Add(customer, score, day, {{"channel", score >= 9 ? "web" : "app"}});
    });
  }
  Send();
  v1::QueryMetricRequest request = Days(0, 4);
  request.set_granularity(v1::GRANULARITY_DAY);
  request.set_trailing_buckets(2);
  request.add_group_by("channel");
  const MetricResult result = Query(request);
  ASSERT_THAT(result.series, SizeIs(2));
  for (const auto& [channel, series] :
       {std::pair("web", result.series[1]), std::pair("app", result.series[0])}) {
    EXPECT_EQ(series.group.front().text, channel);
    for (size_t i = 0; i < series.points.size(); ++i) {
      // Days begin at midnight, answers come from noon on: each point is that of a plain query.
      v1::QueryMetricRequest alone = request;
      alone.clear_group_by();
      auto& filter = *alone.add_filters();
      filter.set_key("channel");
      filter.add_values(channel);
      EXPECT_EQ(series.points[i], Query(alone).total.points[i]) << channel << " " << i;
    }
  }
  v1::QueryMetricRequest whole = request;
  whole.clear_group_by();
  EXPECT_EQ(result.total.points, Query(whole).total.points);
}

TEST_F(HonestNumbersTest, OneOfEachCustomerIsAsManyAsThereAre) {
  AddMixed([&](const std::string& customer, int score) { Add(customer, score, 0); });
  Send();
  v1::QueryMetricRequest request = Days(0, 1);
  request.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  const MetricResult result = Query(request);
  EXPECT_EQ(result.interval_rule, kCustomers);
  EXPECT_EQ(result.total.points.front().sample->answers, 8);
  EXPECT_EQ(result.total.points.front().customers, 6);
}

TEST_F(HonestNumbersTest, ManyAnswersOfAChartAreTakenAsTheyAre) {
  Create("many");
  AddOnce(20'001, 0, 0, 0, 2);
  Send();
  EXPECT_EQ(Query(Days(0, 1, "many")).interval_rule, kAnswers);
  v1::QueryMetricRequest by_name = Days(0, 1, "many");
  by_name.set_interval_rule(kCustomers);
  EXPECT_EQ(Query(by_name).interval_rule, kCustomers);
  // A verdict is worth them.
  v1::CompareMetricRequest request;
  *request.mutable_base() = Days(0, 1, "many");
  *request.mutable_candidate() = Days(1, 2, "many");
  EXPECT_EQ(Compare(request, absl::FromUnixMillis(kNoonMs + 9 * kDayMs)).interval_rule, kCustomers);
}

TEST_F(HonestNumbersTest, AFewAnswersThatAreAllThereIsAreNoLongRead) {
  AddOnce(50, 30, 20, 0);
  Send();
  const auto plan = [&](const v1::QueryMetricRequest& request) {
    absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store().view(), request);
    EXPECT_OK(query);
    SingleRun run(store(), *std::move(query));
    EXPECT_EQ(run.first_source(), AnswerSource::kCube);
    const absl::StatusOr<AnswerSource> source = run.Plan();
    EXPECT_OK(source);
    const absl::StatusOr<MetricResult> result = run.Run();
    EXPECT_OK(result);
    EXPECT_EQ(result->interval_rule, kCustomers);
    return *source;
  };
  v1::QueryMetricRequest request = Days(0, 1);
  EXPECT_EQ(plan(request), AnswerSource::kCube);
  // What a filter leaves out has to be read all the same.
  auto& filter = *request.add_filters();
  filter.set_key("channel");
  filter.add_values("(none)");
  EXPECT_EQ(plan(request), AnswerSource::kRecords);
}

TEST_F(HonestNumbersTest, APopulationHasAtLeastThoseWhoAnswered) {
  AddOnce(5, 3, 2, 0);
  Send();
  v1::QueryMetricRequest request = Days(0, 1);
  request.set_population(11);
  MetricResult result = Query(request);
  EXPECT_NEAR(result.total.points.front().estimate->interval->low, 14.0511, kFourDecimals);
  request.set_population(10);
  result = Query(request);
  EXPECT_EQ(result.total.points.front().estimate->interval->low, 30);
  EXPECT_EQ(result.total.points.front().estimate->interval->high, 30);
  EXPECT_FALSE(result.total.points.front().sample.has_value());
  for (const auto rule : {v1::RESPONDENT_RULE_ALL, v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER}) {
    request.set_population(9);
    request.set_respondent_rule(rule);
    const absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store().view(), request);
    ASSERT_OK(query);
    EXPECT_THAT(RunMetricQuery(store(), *query).status(),
                HasReason(v1::ERROR_REASON_FIELD_INVALID));
  }
}

TEST_F(HonestNumbersTest, ComparesCustomersWithThemselves) {
  const std::vector<int> before = {3, 6, 7, 8, 9, 9, 10, 5, 7, 9, 2, 8, 6, 9, 7, 4, 8, 10, 6, 9};
  const std::vector<int> after = {6, 7, 9, 9, 10, 9, 10, 7, 8, 10, 5, 9, 7, 9, 9, 6, 9, 10, 7, 10};
  for (size_t i = 0; i < before.size(); ++i) {
    Add(absl::StrCat("c", i), before[i], 0);
    Add(absl::StrCat("c", i), after[i], 1);
  }
  Send();
  const ComparisonResult result = CompareDays(0, 1);
  EXPECT_EQ(result.interval_rule, kCustomers);
  EXPECT_NEAR(result.customer_correlation.value(), 0.807661, kSixDecimals);
  EXPECT_NEAR(*result.comparison.z, 3.8142, kFourDecimals);
  EXPECT_NEAR(result.comparison.interval->low, 19.0227, kFourDecimals);
  EXPECT_NEAR(result.comparison.interval->high, 59.2382, kFourDecimals);
  EXPECT_EQ(looks_, v1::LOOKS_ONCE);
  // The last of each is the same here.
  v1::CompareMetricRequest latest;
  *latest.mutable_base() = Days(0, 1);
  *latest.mutable_candidate() = Days(1, 2);
  latest.mutable_base()->set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  latest.mutable_candidate()->set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(Compare(latest, absl::FromUnixMillis(kNoonMs + 9 * kDayMs)).comparison.z,
            result.comparison.z);
}

TEST_F(HonestNumbersTest, AnEarlyLookCountsWhatHasCome) {
  AddOnce(270, 210, 120, 0);
  // Ten days of the candidate's, of which four have passed; what comes later does not count.
  AddOnce(100, 70, 30, 12);
  AddOnce(0, 0, 50, 15);
  Send();
  v1::CompareMetricRequest request;
  *request.mutable_base() = Days(0, 1);
  *request.mutable_candidate() = Days(10, 20);
  request.mutable_as_of()->set_seconds((kNoonMs + 14 * kDayMs) / 1'000);
  const absl::Time now = absl::FromUnixMillis(kNoonMs + 100 * kDayMs);
  const ComparisonResult early = Compare(request, now);
  EXPECT_EQ(looks_, v1::LOOKS_UNTIL_END);
  EXPECT_EQ(early.candidate.answers, 200);
  EXPECT_NEAR(*early.comparison.information_fraction, 0.5633, kFourDecimals);
  EXPECT_NEAR(*early.comparison.z_limit, 3.3280, kFourDecimals);
  EXPECT_NEAR(early.comparison.interval->low, -10.3034, kFourDecimals);
  // At the end it is an ordinary test of all that came.
  request.clear_as_of();
  request.set_looks(v1::LOOKS_UNTIL_END);
  const ComparisonResult last = Compare(request, now);
  EXPECT_EQ(looks_, v1::LOOKS_ONCE);
  EXPECT_EQ(last.candidate.answers, 250);
  EXPECT_FALSE(last.comparison.information_fraction.has_value());
  // What is still to come cannot have been looked at.
  request.clear_looks();
  request.mutable_as_of()->set_seconds((kNoonMs + 20 * kDayMs) / 1'000);
  EXPECT_TRUE(Compare(request, absl::FromUnixMillis(kNoonMs + 14 * kDayMs))
                  .comparison.information_fraction.has_value());
  EXPECT_EQ(looks_, v1::LOOKS_UNTIL_END);
  request.set_looks(v1::LOOKS_UNTIL_END);
  // Before it has begun there is nothing.
  request.mutable_as_of()->set_seconds((kNoonMs + 9 * kDayMs) / 1'000);
  EXPECT_EQ(Compare(request, now).candidate.answers, 0);
  request.mutable_candidate()->mutable_interval()->clear_end_time();
  EXPECT_THAT(PrepareComparison(store().view(), request, now).status(),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  request.set_looks(v1::LOOKS_UNSPECIFIED);
  Compare(request, now);
  EXPECT_EQ(looks_, v1::LOOKS_ONCE);
}

TEST_F(HonestNumbersTest, AScorecardCorrectsForItsSurveys) {
  const struct {
    std::array<int, 3> before, after;
    double p, q;
    v1::Verdict verdict;
  } rows[] = {{{50, 30, 20}, {60, 25, 15}, 0.170193, 0.208572, v1::VERDICT_NO_CLEAR_CHANGE},
              {{500, 300, 200}, {600, 250, 150}, 0.000011, 0.000054, v1::VERDICT_HIGHER},
              {{171, 108, 24}, {235, 176, 43}, 0.208572, 0.208572, v1::VERDICT_NO_CLEAR_CHANGE},
              {{80, 10, 10}, {70, 12, 18}, 0.082086, 0.136811, v1::VERDICT_NO_CLEAR_CHANGE},
              {{200, 100, 100}, {230, 90, 80}, 0.030231, 0.075577, v1::VERDICT_NO_CLEAR_CHANGE}};
  v1::GetScorecardRequest request;
  request.set_granularity(v1::GRANULARITY_DAY);
  for (size_t i = 0; i < std::size(rows); ++i) {
    const std::string id = absl::StrCat("s", i);
    request.add_survey_ids(id);
    Create(id);
    const auto number = static_cast<uint32_t>(i + 2);
    AddOnce(rows[i].before[0], rows[i].before[1], rows[i].before[2], 0, number);
    AddOnce(rows[i].after[0], rows[i].after[1], rows[i].after[2], 1, number);
  }
  Send();
  const absl::StatusOr<Scorecard> scorecard =
      PrepareScorecard(store().view(), request, absl::FromUnixMillis(kNoonMs + 2 * kDayMs));
  ASSERT_OK(scorecard);
  ScorecardRun run(store(), *scorecard);
  ASSERT_OK(run.Plan().status());
  const absl::StatusOr<ScorecardResult> result = run.Run();
  ASSERT_OK(result);
  EXPECT_EQ(result->tests.tests, 5);
  EXPECT_NEAR(result->tests.interval_confidence, 0.99, 1e-12);
  for (size_t i = 0; i < std::size(rows); ++i) {
    const statistics::Comparison& comparison = result->surveys[i].comparison;
    EXPECT_EQ(result->surveys[i].trend.interval_rule, kCustomers);
    EXPECT_NEAR(*comparison.p_value, rows[i].p, kSixDecimals) << i;
    EXPECT_NEAR(*comparison.q_value, rows[i].q, kSixDecimals) << i;
    EXPECT_EQ(comparison.verdict, rows[i].verdict) << i;
  }
  EXPECT_NEAR(result->surveys[1].comparison.interval->low, 6.2032, kFourDecimals);
  EXPECT_NEAR(result->surveys[1].comparison.interval->high, 23.7070, kFourDecimals);
  EXPECT_NEAR(result->surveys[4].comparison.interval->low, -2.3404, kFourDecimals);
  EXPECT_NEAR(result->surveys[4].comparison.interval->high, 27.1543, kFourDecimals);
}

TEST_F(HonestNumbersTest, DecomposesByCustomer) {
  struct Row {
    const char* customer;
    int score;
    const char* channel;
  };
  const std::vector<Row> before = {{"a", 10, "web"}, {"a", 10, "web"}, {"b", 3, "app"},
                                   {"b", 5, "app"},  {"c", 9, "web"},  {"d", 7, "app"},
                                   {"e", 2, "web"},  {"", 9, "app"}};
  const std::vector<Row> after = {{"a", 9, "web"},  {"a", 8, "web"}, {"b", 9, "app"},
                                  {"b", 6, "app"},  {"c", 3, "web"}, {"f", 10, "app"},
                                  {"g", 10, "web"}, {"", 4, "app"}};
  for (int twice = 0; twice < 2; ++twice) {
    for (const Row& row : before) {
      Add(row.customer, row.score, 0, {{"channel", row.channel}});
    }
    for (const Row& row : after) {
      Add(row.customer, row.score, 1, {{"channel", row.channel}});
    }
  }
  Send();
  v1::DecomposeChangeRequest request;
  *request.mutable_base() = Days(0, 1);
  *request.mutable_candidate() = Days(1, 2);
  const absl::StatusOr<MetricDecomposition> decomposition =
      PrepareMetricDecomposition(store().view(), request);
  ASSERT_OK(decomposition);
  DecompositionRun run(store(), *decomposition);
  ASSERT_OK(run.Plan().status());
  const absl::StatusOr<DecompositionResult> result = run.Run();
  ASSERT_OK(result);
  EXPECT_EQ(result->interval_rule, kCustomers);
  const struct {
    const char* channel;
    double total, p, q, low, high;
  } rows[] = {{"app", 12.5, 0.683509, 0.715869, -56.2243, 81.2243},
              {"web", -12.5, 0.715869, 0.715869, -89.4743, 64.4743}};
  ASSERT_THAT(result->keys.front().contributions, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    const statistics::Contribution& contribution = result->keys.front().contributions[i];
    EXPECT_EQ(contribution.group.text, rows[i].channel);
    EXPECT_NEAR(contribution.effect->total(), rows[i].total, 1e-9);
    EXPECT_NEAR(*contribution.effect->p_value, rows[i].p, kSixDecimals);
    EXPECT_NEAR(*contribution.effect->q_value, rows[i].q, kSixDecimals);
    EXPECT_NEAR(contribution.effect->interval->low, rows[i].low, kFourDecimals);
    EXPECT_NEAR(contribution.effect->interval->high, rows[i].high, kFourDecimals);
    EXPECT_EQ(contribution.effect->verdict, v1::VERDICT_NO_CLEAR_CHANGE);
  }
}

}  // namespace
}  // namespace emptychair
