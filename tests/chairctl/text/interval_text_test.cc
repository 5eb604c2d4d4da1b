#include "tools/chairctl/text/interval_text.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr v1::IntervalRule kCustomers = v1::INTERVAL_RULE_CUSTOMERS;
constexpr v1::IntervalRule kEstimated = v1::INTERVAL_RULE_ESTIMATED;
constexpr v1::IntervalRule kAnswers = v1::INTERVAL_RULE_ANSWERS;

// A value with an interval, on so many answers of so many known customers.
v1::MetricValue Value(int64_t answers, int64_t customers, double effective_sample,
                      double design_effect) {
  v1::MetricValue value;
  value.set_answers(answers);
  value.set_customers(customers);
  value.set_value(30);
  value.set_low(20);
  value.set_high(40);
  value.set_effective_sample(effective_sample);
  value.set_design_effect(design_effect);
  return value;
}

// A value whose answers are all of one customer, so that it has no interval.
v1::MetricValue OfOneCustomer(int64_t answers) {
  v1::MetricValue value;
  value.set_answers(answers);
  value.set_customers(1);
  value.set_value(30);
  return value;
}

// The value of a population that has answered as a whole.
v1::MetricValue OfEverybody(int64_t answers) {
  v1::MetricValue value = Value(answers, answers, 0, 0);
  value.clear_effective_sample();
  value.clear_design_effect();
  return value;
}

v1::MetricValue Suppressed() {
  v1::MetricValue value;
  value.set_answers(3);
  value.set_suppressed(true);
  return value;
}

v1::MetricValue OnceEach(int64_t answers) {
  return Value(answers, answers, static_cast<double>(answers), 1);
}

v1::MethodInfo InfoOf(v1::IntervalRule rule) {
  v1::MethodInfo info;
  info.set_method(v1::METRIC_METHOD_NET_PROMOTER);
  info.set_respondent_rule(v1::RESPONDENT_RULE_ALL);
  info.set_interval_rule(rule);
  return info;
}

std::string QueryText(const v1::MethodInfo& info, const std::vector<v1::MetricValue>& points,
                      v1::IntervalRule asked = v1::INTERVAL_RULE_UNSPECIFIED) {
  v1::QueryMetricRequest request;
  request.set_interval_rule(asked);
  v1::QueryMetricResponse response;
  *response.mutable_method_info() = info;
  for (const v1::MetricValue& point : points) {
    *response.mutable_total()->add_points() = point;
  }
  return IntervalRuleText(request, response);
}

std::string SidesText(const v1::MethodInfo& info, const v1::MetricValue& base,
                      const v1::MetricValue& candidate,
                      v1::IntervalRule asked = v1::INTERVAL_RULE_UNSPECIFIED) {
  v1::CompareMetricRequest request;
  request.mutable_base()->set_interval_rule(asked);
  request.mutable_candidate()->set_interval_rule(asked);
  v1::CompareMetricResponse response;
  *response.mutable_method_info() = info;
  *response.mutable_base() = base;
  *response.mutable_candidate() = candidate;
  v1::DecomposeChangeRequest change_request;
  *change_request.mutable_base() = request.base();
  v1::DecomposeChangeResponse change;
  *change.mutable_method_info() = info;
  *change.mutable_base() = base;
  *change.mutable_candidate() = candidate;
  const std::string text = IntervalRuleText(request, response);
  EXPECT_EQ(IntervalRuleText(change_request, change), text);
  return text;
}

TEST(IntervalRuleText, SaysWhatTheAnswersOfOnePointCountLike) {
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(1000, 200, 309.6, 3.2)}),
            "Intervals by customer: 1,000 answers of 200 customers count like 310.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(1234567, 23456, 123456.4, 10)}),
            "Intervals by customer: 1,234,567 answers of 23,456 customers count like 123,456.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(15, 6, 4.2879, 2.768840)}),
            "Intervals by customer: 15 answers of 6 customers count like 4.3.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(100, 20, 9.949, 10)}),
            "Intervals by customer: 100 answers of 20 customers count like 9.9.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(100, 20, 9.96, 10)}),
            "Intervals by customer: 100 answers of 20 customers count like 10.");
  v1::MetricValue with_anonymous = Value(999, 1, 500, 2);
  with_anonymous.set_anonymous(498);
  EXPECT_EQ(
      QueryText(InfoOf(kCustomers), {with_anonymous}),
      "Intervals by customer: 999 answers of 499 customers, 498 of them anonymous, count like "
      "500.");
}

TEST(IntervalRuleText, SaysWhenNobodyRepeats) {
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OnceEach(100)}),
            "Intervals by customer: nobody answered twice.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OnceEach(100), OnceEach(50)}),
            "Intervals by customer: nobody answered twice within a point.");
  // Customers who repeat can count like as many, and can vary as much.
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(100, 50, 100, 0.9)}),
            "Intervals by customer: 100 answers of 50 customers count like 100.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(100, 50, 98, 1)}),
            "Intervals by customer: 100 answers of 50 customers count like 98.");
  v1::MethodInfo latest = InfoOf(kCustomers);
  latest.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(QueryText(latest, {OnceEach(100)}), "Intervals by customer: one answer of each.");
  latest.set_respondent_rule(v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER);
  EXPECT_EQ(QueryText(latest, {OnceEach(100), OnceEach(50)}),
            "Intervals by customer: one answer of each.");
}

TEST(IntervalRuleText, SaysBetweenWhatTheAnswersOfSeveralPointsCount) {
  EXPECT_EQ(
      QueryText(InfoOf(kCustomers), {Value(100, 50, 87.6, 1.1), Suppressed(), Value(200, 50, 62, 3),
                                     v1::MetricValue(), Value(100, 50, 50, 2)}),
      "Intervals by customer: answers of a point count like 31 % to 88 % of as many.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {Value(100, 50, 50.4, 2), Value(200, 50, 99.6, 2)}),
            "Intervals by customer: answers of a point count like 50 % of as many.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OnceEach(100), Value(200, 50, 5, 40)}),
            "Intervals by customer: answers of a point count like 2.5 % to 100 % of as many.");
  // Only one has anything to tell.
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {v1::MetricValue(), Value(100, 50, 50, 2)}),
            "Intervals by customer: 100 answers of 50 customers count like 50.");
}

TEST(IntervalRuleText, SaysWhatIsOfOneCustomer) {
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OfOneCustomer(12)}),
            "Intervals by customer: 12 answers of one customer, who says nothing of others.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OfOneCustomer(12), Value(100, 50, 50, 2)}),
            "Intervals by customer: answers of a point count like 50 % of as many; 1 point is of "
            "one customer, who says nothing of others.");
  EXPECT_EQ(
      QueryText(InfoOf(kCustomers), {OfOneCustomer(12), OfOneCustomer(3), Value(100, 50, 50, 2)}),
      "Intervals by customer: answers of a point count like 50 % of as many; 2 points are of one "
      "customer each, who says nothing of others.");
  EXPECT_EQ(QueryText(InfoOf(kCustomers), {OfOneCustomer(12), OfOneCustomer(3)}),
            "Intervals by customer: every point is of one customer, who says nothing of others.");
}

TEST(IntervalRuleText, NamesBothSides) {
  EXPECT_EQ(
      SidesText(InfoOf(kCustomers), Value(1000, 200, 310.2, 3), Value(900, 180, 299.7, 3)),
      "Intervals by customer: base 1,000 answers of 200 customers count like 310, candidate 900 of "
      "180 count like 300.");
  EXPECT_EQ(SidesText(InfoOf(kCustomers), OfOneCustomer(12), Value(900, 180, 300, 3)),
            "Intervals by customer: base 12 answers of one customer, who says nothing of others, "
            "candidate 900 of 180 count like 300.");
  EXPECT_EQ(SidesText(InfoOf(kCustomers), OnceEach(100), OfOneCustomer(12)),
            "Intervals by customer: base 100 answers of as many customers, candidate 12 of one "
            "customer, who says nothing of others.");
  EXPECT_EQ(SidesText(InfoOf(kCustomers), OnceEach(1), Value(900, 180, 300, 3)),
            "Intervals by customer: base 1 answer, candidate 900 of 180 count like 300.");
  EXPECT_EQ(SidesText(InfoOf(kCustomers), Suppressed(), Value(900, 180, 300, 3)),
            "Intervals by customer: candidate 900 answers of 180 customers count like 300.");
  // The two can share customers.
  EXPECT_EQ(SidesText(InfoOf(kCustomers), OnceEach(100), OnceEach(90)),
            "Intervals by customer: nobody answered twice within a side.");
  EXPECT_EQ(SidesText(InfoOf(kCustomers), Suppressed(), v1::MetricValue()), "");
}

TEST(IntervalRuleText, SaysWhatIsEstimated) {
  EXPECT_EQ(QueryText(InfoOf(kEstimated), {Value(1000, 0, 310.2, 3)}),
            "Intervals estimated: customers repeat; answers count like 310 of 1,000.");
  EXPECT_EQ(QueryText(InfoOf(kEstimated), {Value(1000, 0, 310.2, 3), Value(100, 0, 87.6, 1.1)}),
            "Intervals estimated: customers repeat; answers of a point count like 31 % to 88 % of "
            "as many.");
  EXPECT_EQ(
      SidesText(InfoOf(kEstimated), Value(1000, 0, 310.2, 3), Value(900, 0, 300, 3)),
      "Intervals estimated: customers repeat; answers of the base count like 310 of 1,000, of "
      "the candidate like 300 of 900.");
  EXPECT_EQ(SidesText(InfoOf(kEstimated), Suppressed(), Value(900, 0, 300, 3)),
            "Intervals estimated: customers repeat; answers of the candidate count like 300 of "
            "900.");
  for (const std::vector<v1::MetricValue>& points :
       {std::vector{OnceEach(100)}, std::vector{OnceEach(100), OnceEach(50)}}) {
    EXPECT_EQ(QueryText(InfoOf(kEstimated), points),
              "Intervals estimated: nobody answered twice when that was measured.");
  }
  EXPECT_EQ(QueryText(InfoOf(kEstimated), {Suppressed()}), "");
  v1::MethodInfo latest = InfoOf(kEstimated);
  latest.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(QueryText(latest, {OnceEach(100)}), "Intervals estimated: one answer of each.");
}

TEST(IntervalRuleText, SaysWhenNothingIsKnownOfRepeats) {
  const std::string unknown =
      "Intervals take every answer as another customer's: repeats not measured yet.";
  const std::string asked = "Intervals take every answer as another customer's.";
  const v1::MethodInfo info = InfoOf(kAnswers);
  EXPECT_EQ(QueryText(info, {OnceEach(100)}), unknown);
  EXPECT_EQ(QueryText(info, {OnceEach(100)}, kAnswers), asked);
  EXPECT_EQ(SidesText(info, OnceEach(100), OnceEach(90)), unknown);
  EXPECT_EQ(SidesText(info, OnceEach(100), OnceEach(90), kAnswers), asked);
}

TEST(IntervalRuleText, CountsAndOlderServersHaveNone) {
  v1::MethodInfo count = InfoOf(kAnswers);
  count.set_method(v1::METRIC_METHOD_COUNT);
  EXPECT_EQ(QueryText(count, {OnceEach(100)}), "");
  EXPECT_EQ(QueryText(InfoOf(v1::INTERVAL_RULE_UNSPECIFIED), {OnceEach(100)}), "");
  EXPECT_EQ(SidesText(InfoOf(v1::INTERVAL_RULE_UNSPECIFIED), OnceEach(1), OnceEach(2)), "");
}

TEST(IntervalRuleText, SaysOfWhomAPopulationIs) {
  v1::MethodInfo info = InfoOf(kCustomers);
  info.set_population(500);
  // It makes the effective sample larger.
  EXPECT_EQ(
      QueryText(info, {Value(300, 299, 748.5, 1)}),
      "Intervals by customer: nobody answered twice. They speak of 500 customers, of whom 300 "
      "answered; who did not answer is another matter.");
  EXPECT_EQ(QueryText(info, {Value(1000, 200, 515, 3.2)}),
            "Intervals by customer: 1,000 answers of 200 customers count like 515. They speak of "
            "500 customers, of whom 200 answered; who did not answer is another matter.");
  EXPECT_EQ(QueryText(info, {Value(1000, 200, 515, 3.2), Value(1000, 200, 515, 3.2)}),
            "Intervals by customer: answers of a point count like 52 % of as many. They speak of "
            "500 customers; who did not answer is another matter.");
  EXPECT_EQ(QueryText(info, {OfEverybody(500)}),
            "Intervals by customer: all 500 customers answered, so chance has no part.");
  EXPECT_EQ(QueryText(info, {OfEverybody(500), OfEverybody(500)}),
            "Intervals by customer: all 500 customers answered, so chance has no part.");
  EXPECT_EQ(QueryText(info, {OfOneCustomer(3)}),
            "Intervals by customer: 3 answers of one customer, who says nothing of others. They "
            "speak of 500 customers, of whom 1 answered; who did not answer is another matter.");
  info.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(QueryText(info, {Value(300, 299, 748.5, 1)}),
            "Intervals by customer: one answer of each. They speak of 500 customers, of whom 300 "
            "answered; who did not answer is another matter.");
}

v1::SurveyScore Score(const v1::MethodInfo& info, const v1::MetricValue& previous,
                      const v1::MetricValue& current, v1::Verdict verdict) {
  v1::SurveyScore score;
  *score.mutable_method_info() = info;
  *score.mutable_previous() = previous;
  *score.mutable_current() = current;
  score.set_verdict(verdict);
  return score;
}

TEST(IntervalRuleText, IsOfTheLastTwoPeriodsOfAllSurveysOfAScorecard) {
  v1::MethodInfo count = InfoOf(kAnswers);
  count.set_method(v1::METRIC_METHOD_COUNT);
  v1::GetScorecardResponse response;
  *response.add_surveys() =
      Score(count, Value(10, 5, 1, 9), Value(10, 5, 1, 9), v1::VERDICT_TOO_FEW);
  EXPECT_EQ(IntervalRuleText(v1::GetScorecardRequest(), response), "");
  *response.add_surveys() =
      Score(InfoOf(kCustomers), Value(100, 50, 20, 5), Suppressed(), v1::VERDICT_NO_CLEAR_CHANGE);
  *response.add_surveys() =
      Score(InfoOf(kCustomers), Value(100, 50, 30, 3), Value(100, 50, 40, 3), v1::VERDICT_HIGHER);
  EXPECT_EQ(IntervalRuleText(v1::GetScorecardRequest(), response),
            "Intervals by customer: answers of a period count like 20 % to 40 % of as many.");
}

TEST(HasUncheckedVerdict, IsAboutVerdictsByAnswersThatNobodyAskedFor) {
  const struct {
    v1::IntervalRule rule;
    v1::IntervalRule asked;
    v1::Verdict verdict;
    bool unchecked;
  } cases[] = {
      {kAnswers, v1::INTERVAL_RULE_UNSPECIFIED, v1::VERDICT_HIGHER, true},
      {kAnswers, v1::INTERVAL_RULE_UNSPECIFIED, v1::VERDICT_NO_CLEAR_CHANGE, true},
      {kAnswers, v1::INTERVAL_RULE_UNSPECIFIED, v1::VERDICT_TOO_FEW, false},
      {kAnswers, kAnswers, v1::VERDICT_HIGHER, false},
      {kCustomers, v1::INTERVAL_RULE_UNSPECIFIED, v1::VERDICT_HIGHER, false},
      {kEstimated, v1::INTERVAL_RULE_UNSPECIFIED, v1::VERDICT_HIGHER, false},
  };
  for (const auto& c : cases) {
    const v1::MethodInfo info = InfoOf(c.rule);
    v1::CompareMetricRequest compare;
    compare.mutable_base()->set_interval_rule(c.asked);
    v1::CompareMetricResponse compared;
    *compared.mutable_method_info() = info;
    compared.set_verdict(c.verdict);
    EXPECT_EQ(HasUncheckedVerdict(compare, compared), c.unchecked);

    v1::DecomposeChangeRequest decompose;
    decompose.mutable_base()->set_interval_rule(c.asked);
    v1::DecomposeChangeResponse decomposed;
    *decomposed.mutable_method_info() = info;
    decomposed.add_dimensions()->add_contributions()->set_verdict(v1::VERDICT_TOO_FEW);
    decomposed.add_dimensions()->add_contributions()->set_verdict(c.verdict);
    EXPECT_EQ(HasUncheckedVerdict(decompose, decomposed), c.unchecked);

    v1::GetScorecardRequest ask;
    ask.set_interval_rule(c.asked);
    v1::GetScorecardResponse scorecard;
    *scorecard.add_surveys() = Score(InfoOf(kCustomers), {}, {}, v1::VERDICT_HIGHER);
    *scorecard.add_surveys() = Score(info, {}, {}, c.verdict);
    EXPECT_EQ(HasUncheckedVerdict(ask, scorecard), c.unchecked);
  }
}

TEST(ManyTestsText, SaysHowManyAreExpectedToBeChance) {
  EXPECT_EQ(ManyTestsText(40, 0.95, "surveys", "the changes shown"),
            "40 surveys tested: of the changes shown, at most 1 in 20 is expected to be chance.");
  EXPECT_EQ(ManyTestsText(1234, 0.99, "words", "those with q up to 0.01"),
            "1,234 words tested: of those with q up to 0.01, at most 1 in 100 is expected to be "
            "chance.");
  EXPECT_EQ(ManyTestsText(1, 0.95, "surveys", "the changes shown"), "");
  EXPECT_EQ(ManyTestsText(0, 0.95, "surveys", "the changes shown"), "");
}

TEST(DifferenceConfidence, IsThatOfTheValuesUnlessThereAreMany) {
  v1::MethodInfo info;
  info.set_confidence(0.9);
  EXPECT_EQ(DifferenceConfidence(info), 0.9);
  info.set_interval_confidence(0.9875);
  EXPECT_EQ(DifferenceConfidence(info), 0.9875);
}

}  // namespace
}  // namespace emptychair
