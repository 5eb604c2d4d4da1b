#include "server/statistics/effective_sample.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/statistics/comparison.h"
#include "server/statistics/decomposition.h"
#include "server/statistics/metric_value.h"
#include "tests/server/statistics/customer_scores.h"
#include "tests/server/statistics/values.h"

namespace emptychair::statistics {
namespace {

// Half a unit of the last decimal to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;
constexpr double kSixDecimals = 0.5001e-6;

ScoreMethod Nps() { return MakeMethod(v1::SURVEY_KIND_NPS, 0, 10); }
ScoreMethod TopBox() { return MakeMethod(v1::SURVEY_KIND_CSAT, 1, 5); }
ScoreMethod Mean() { return MakeMethod(v1::SURVEY_KIND_CSAT, 1, 5, v1::METRIC_METHOD_MEAN); }

// Customers who answered once.
CustomerScores Once(int promoters, int passives, int detractors) {
  CustomerScores scores;
  for (const auto& [score, customers] :
       {std::pair(9, promoters), std::pair(8, passives), std::pair(5, detractors)}) {
    scores.known.insert(scores.known.end(), static_cast<size_t>(customers), {score});
  }
  return scores;
}

struct Reference {
  const char* name;
  ScoreMethod method;
  CustomerScores scores;
  double confidence, effective_customers, design_effect, sample, value, low, high;
};

std::vector<Reference> References() {
  const CustomerScores mixed{.known = {{10, 10, 9}, {9, 10}, {6, 5, 6}, {8}, {10, 9, 10}, {3, 7}},
                             .anonymous = {9, 8}};
  CustomerScores loud = Once(30, 30, 20);
  loud.known.push_back(std::vector<int>(20, 0));
  const CustomerScores csat{
      .known = {{5, 5, 5, 5, 4}, {5, 4, 5, 5, 5}, {2, 1, 3, 2, 2}, {4, 5, 3, 5, 4}}};
  return {
      {"NPS", Nps(), mixed, 0.95, 128.0 / 19, 2.768840, 4.2879, 31.25, -40.1500, 76.9222},
      {"NPS at 0.90", Nps(), mixed, 0.90, 128.0 / 19, 2.768840, 4.6262, 31.25, -29.1979, 67.1117},
      {"one is loud", Nps(), loud, 0.95, 125.0 / 6, 5.620470, 16.0814, -10, -44.9193, 28.0638},
      {"all once", Nps(), Once(50, 30, 20), 0.95, 100, 1, 100, 30, 14.0511, 44.2013},
      {"one answer", Nps(), {.known = {{9}}}, 0.95, 1, 1, 1, 100, -48.4986, 98.4986},
      {"CSAT", TopBox(), csat, 0.95, 4, 9785.0 / 1761, 1.5569, 70, 14.5744, 96.9616},
      {"CSAT mean", Mean(), csat, 0.95, 4, 143051.0 / 25787, 1.5594, 3.95, 1.3592, 5},
  };
}

TEST(SampleByCustomer, GivesTheReferences) {
  for (const Reference& c : References()) {
    SCOPED_TRACE(c.name);
    const CustomerSums sums = SumsOf(c.method, c.scores);
    const MetricValue value = EvaluateByCustomer(
        c.method, c.scores, {.confidence = Confidence::Of(c.confidence).value()});
    EXPECT_NEAR(sums.effective_customers(), c.effective_customers, 1e-12);
    ASSERT_TRUE(value.sample.has_value());
    EXPECT_NEAR(value.sample->design_effect, c.design_effect, kSixDecimals);
    EXPECT_NEAR(value.sample->answers, c.sample, kFourDecimals);
    EXPECT_NEAR(value.estimate->value, c.value, 1e-9);
    EXPECT_NEAR(value.estimate->interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(value.estimate->interval->high, c.high, kFourDecimals);
  }
}

TEST(SampleByCustomer, OfEverybodyOnceIsExactlyTheirNumber) {
  for (const int n : {1, 2, 3, 7, 30, 1'000}) {
    const MetricValue value = EvaluateByCustomer(Nps(), Once(n, 0, 0), {});
    EXPECT_EQ(value.sample->answers, n);
    EXPECT_EQ(value.sample->design_effect, 1);
    // Bit by bit what it is without customers.
    EXPECT_EQ(value.estimate, EvaluateWithout(Nps(), Once(n, 0, 0)).estimate);
  }
}

TEST(SampleByCustomer, OfOneCustomerHasNoInterval) {
  const CustomerScores one{.known = {{9, 8, 10}}};
  const MetricValue value = EvaluateByCustomer(Nps(), one, {});
  EXPECT_NEAR(value.estimate->value, 66.6667, kFourDecimals);
  EXPECT_FALSE(value.sample.has_value());
  EXPECT_FALSE(value.estimate->interval.has_value());
  EXPECT_FALSE(value.estimate->standard_error.has_value());
  EXPECT_FALSE(value.grade_is_certain);
  CustomerScores often{.known = {std::vector<int>(40, 9)}};
  EXPECT_EQ(CompareValues(Nps(), EvaluateByCustomer(Nps(), often, {}),
                          EvaluateByCustomer(Nps(), Once(20, 0, 20), {}), {})
                .verdict,
            v1::VERDICT_TOO_FEW);
}

TEST(SampleByCustomer, AnonymousAnswersAreCustomersOfTheirOwn) {
  const CustomerScores anonymous{.anonymous = {9, 9, 3, 8}};
  EXPECT_EQ(EvaluateByCustomer(Nps(), anonymous, {}).sample->answers, 4);
}

TEST(SampleByEffect, GivesTheReferences) {
  // NPS of 450, 270 and 180; effects on the lines through those measured over 1, 30, 91, 365 days.
  const struct {
    RepeatEffect effect;
    double sample, low, high;
  } cases[] = {{{1.05, 1.1}, 856.8162, 24.6752, 35.1155},
               {{1.05 + 1.35 * 6 / 29, 1.1 + 2.2 * 6 / 29}, 675.6105, 23.9915, 35.7432},
               {{2.4 + 1.8 * 30 / 61, 3.3 + 3.6 * 30 / 61}, 269.7104, 20.4021, 38.9378},
               {{9 + 4.8 * 365 / 274, 16 + 9.1 * 365 / 274}, 52.5048, 7.8542, 48.9028}};
  for (const auto& c : cases) {
    const std::vector<int64_t> histogram = NpsHistogram(450, 270, 180);
    MetricValue value;
    EvaluateMetric(Nps(), {.histogram = histogram, .repeats = c.effect}, {}, value);
    EXPECT_NEAR(value.sample->answers, c.sample, kFourDecimals) << c.effect.design_effect;
    EXPECT_NEAR(value.estimate->interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(value.estimate->interval->high, c.high, kFourDecimals);
  }
  EXPECT_EQ(SampleByEffect({1, 1}, 900, Confidence()).answers, 900);
  EXPECT_EQ(SampleByEffect({4, 2}, 1, Confidence()).answers, 1);
}

TEST(SampleOfPopulation, NarrowsWhatChanceLeaves) {
  const struct {
    int promoters, passives, detractors;
    int64_t population;
    double low, high;
  } cases[] = {
      {150, 90, 60, 500, 24.2966, 35.4639}, {5, 3, 2, 11, 14.0511, 44.2013}, {5, 3, 2, 10, 30, 30}};
  for (const auto& c : cases) {
    const MetricValue value = EvaluateByCustomer(Nps(), Once(c.promoters, c.passives, c.detractors),
                                                 {.population = c.population});
    EXPECT_NEAR(value.estimate->interval->low, c.low, kFourDecimals) << c.population;
    EXPECT_NEAR(value.estimate->interval->high, c.high, kFourDecimals) << c.population;
  }
  EXPECT_NEAR(EvaluateByCustomer(Nps(), Once(150, 90, 60), {.population = 500}).sample->answers,
              748.5, 1e-9);
}

TEST(CompareValues, TakesTheCustomersOfBothSides) {
  CustomerScores before;
  CustomerScores after;
  for (const int score : {3, 6, 7, 8, 9, 9, 10, 5, 7, 9, 2, 8, 6, 9, 7, 4, 8, 10, 6, 9}) {
    before.known.push_back({score});
  }
  for (const int score : {6, 7, 9, 9, 10, 9, 10, 7, 8, 10, 5, 9, 7, 9, 9, 6, 9, 10, 7, 10}) {
    after.known.push_back({score});
  }
  const double r = CorrelationOf(Nps(), before, after);
  EXPECT_NEAR(r, 0.807661, kSixDecimals);
  const Comparison comparison =
      CompareValues(Nps(), EvaluateByCustomer(Nps(), before, {}),
                    EvaluateByCustomer(Nps(), after, {}), {.correlation = r});
  EXPECT_NEAR(*comparison.difference, 39.1304, kFourDecimals);
  EXPECT_NEAR(comparison.standard_error, 10.2593, kFourDecimals);
  EXPECT_NEAR(*comparison.z, 3.8142, kFourDecimals);
  EXPECT_NEAR(*comparison.p_value, 0.000137, kSixDecimals);
  EXPECT_NEAR(comparison.interval->low, 19.0227, kFourDecimals);
  EXPECT_NEAR(comparison.interval->high, 59.2382, kFourDecimals);
  EXPECT_EQ(comparison.verdict, v1::VERDICT_HIGHER);
}

// Ten who all moved alike are no proof that everybody does.
TEST(CompareValues, LeavesAnErrorToCustomersWhoAllMovedAlike) {
  CustomerScores before;
  CustomerScores after;
  for (int i = 0; i < 10; ++i) {
    before.known.push_back({i < 5 ? 0 : 8});
    after.known.push_back({i < 5 ? 8 : 10});
  }
  const double r = CorrelationOf(Nps(), before, after);
  EXPECT_NEAR(r, 1, 1e-12);
  const Comparison comparison =
      CompareValues(Nps(), EvaluateByCustomer(Nps(), before, {}),
                    EvaluateByCustomer(Nps(), after, {}), {.correlation = r});
  EXPECT_GT(comparison.standard_error, 1);
  EXPECT_TRUE(comparison.p_value.has_value());
  EXPECT_EQ(comparison.verdict, v1::VERDICT_HIGHER);
}

TEST(CompareValues, TakesCustomersWhoRepeatTogether) {
  const auto twenty = [](int promoters) {
    CustomerScores scores;
    for (int i = 0; i < 20; ++i) {
      scores.known.push_back(std::vector<int>(5, i < promoters ? 10 : 3));
    }
    return scores;
  };
  const MetricValue base = EvaluateByCustomer(Nps(), twenty(10), {});
  EXPECT_NEAR(base.sample->answers, 17.2484, kFourDecimals);
  const Comparison comparison =
      CompareValues(Nps(), base, EvaluateByCustomer(Nps(), twenty(14), {}), {});
  EXPECT_NEAR(*comparison.difference, 34.0736, kFourDecimals);
  EXPECT_NEAR(comparison.standard_error, 29.2784, kFourDecimals);
  EXPECT_NEAR(*comparison.z, 1.1638, kFourDecimals);
  EXPECT_NEAR(*comparison.p_value, 0.2445, kFourDecimals);
  EXPECT_NEAR(comparison.interval->low, -23.3110, kFourDecimals);
  EXPECT_NEAR(comparison.interval->high, 91.4582, kFourDecimals);
}

TEST(CompareValues, AsksMoreOfAnEarlyLook) {
  const struct {
    CustomerScores base, candidate;
    double fraction, z, t, limit, low, high;
    v1::Verdict verdict;
  } cases[] = {
      {Once(270, 210, 120), Once(100, 70, 30), 0.4, 1.6058, 0.5633, 3.3280, -10.3034, 29.5177,
       v1::VERDICT_NO_CLEAR_CHANGE},
      {Once(270, 210, 120), Once(220, 120, 60), 2.0 / 3, 3.0807, 0.8068, 2.7806, 1.4442, 28.2091,
       v1::VERDICT_HIGHER},
      {Once(50, 30, 20), Once(12, 3, 0), 0.15, 2.4812, 0.3697, 4.1080, -24.6134, 99.6943,
       v1::VERDICT_NO_CLEAR_CHANGE},
  };
  for (const auto& c : cases) {
    const Comparison comparison = CompareValues(
        Nps(), EvaluateByCustomer(Nps(), c.base, {}), EvaluateByCustomer(Nps(), c.candidate, {}),
        {.plan = {.looks = v1::LOOKS_UNTIL_END, .candidate_fraction = c.fraction}});
    EXPECT_NEAR(*comparison.z, c.z, kFourDecimals) << c.fraction;
    EXPECT_NEAR(*comparison.information_fraction, c.t, kFourDecimals);
    EXPECT_NEAR(*comparison.z_limit, c.limit, kFourDecimals);
    EXPECT_NEAR(comparison.interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(comparison.interval->high, c.high, kFourDecimals);
    EXPECT_EQ(comparison.verdict, c.verdict);
  }
}

TEST(CompareValues, HoldsHoweverOftenItIsLookedAt) {
  const Comparison comparison =
      CompareValues(Nps(), EvaluateByCustomer(Nps(), Once(500, 300, 200), {}),
                    EvaluateByCustomer(Nps(), Once(600, 250, 150), {}),
                    {.plan = {.looks = v1::LOOKS_OPEN_ENDED}});
  EXPECT_NEAR(*comparison.p_value, 0.000526, kSixDecimals);
  EXPECT_NEAR(comparison.interval->low, 4.6420, kFourDecimals);
  EXPECT_NEAR(comparison.interval->high, 25.2683, kFourDecimals);
  EXPECT_EQ(comparison.verdict, v1::VERDICT_HIGHER);
}

}  // namespace
}  // namespace emptychair::statistics
