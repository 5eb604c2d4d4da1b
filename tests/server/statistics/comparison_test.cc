#include "server/statistics/comparison.h"

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/statistics/metric_value.h"
#include "tests/server/statistics/values.h"

namespace emptychair::statistics {
namespace {

constexpr auto kNps = v1::SURVEY_KIND_NPS;
constexpr auto kCsat = v1::SURVEY_KIND_CSAT;
constexpr auto kCes = v1::SURVEY_KIND_CES;
constexpr auto kRating = v1::SURVEY_KIND_RATING;
constexpr auto kMean = v1::METRIC_METHOD_MEAN;
constexpr auto kEase = v1::SCALE_DIRECTION_EASE;
constexpr auto kEffort = v1::SCALE_DIRECTION_EFFORT;

constexpr auto kHigher = v1::VERDICT_HIGHER;
constexpr auto kLower = v1::VERDICT_LOWER;
constexpr auto kNoClearChange = v1::VERDICT_NO_CLEAR_CHANGE;
constexpr auto kTooFew = v1::VERDICT_TOO_FEW;
constexpr auto kBetter = v1::CHANGE_DIRECTION_BETTER;
constexpr auto kWorse = v1::CHANGE_DIRECTION_WORSE;
constexpr auto kNeither = v1::CHANGE_DIRECTION_NEITHER;

// Half a unit of the fourth decimal, to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;

using Histogram = std::vector<int64_t>;

ScoreMethod Nps() { return MakeMethod(kNps, 0, 10); }

Comparison Compare(const ScoreMethod& method, const Histogram& base, const Histogram& candidate,
                   double confidence = 0.95, int32_t min_sample = 0) {
  const EvaluateOptions options{.min_sample = min_sample};
  return CompareValues(method, Evaluate(method, base, options),
                       Evaluate(method, candidate, options),
                       {.confidence = Confidence::Of(confidence).value()});
}

TEST(CompareValues, GivesTheReferenceComparisons) {
  const ScoreMethod csat = MakeMethod(kCsat, 1, 5);
  const ScoreMethod mean = MakeMethod(kCsat, 1, 5, kMean);
  const struct {
    const char* name;
    ScoreMethod method;
    Histogram base, candidate;
    double delta, z, p_value, p_accuracy, low, high;
    v1::Verdict verdict;
    v1::ChangeDirection direction;
  } cases[] = {
      {"a hundred", Nps(), NpsHistogram(50, 30, 20), NpsHistogram(60, 25, 15), 15, 1.3716, 0.1702,
       kFourDecimals, -6.2473, 35.3735, kNoClearChange, kNeither},
      {"a thousand", Nps(), NpsHistogram(500, 300, 200), NpsHistogram(600, 250, 150), 15, 4.4015,
       1.07e-5, 0.5e-7, 8.2958, 21.6145, kHigher, kBetter},
      {"the real survey", Nps(), NpsHistogram(171, 108, 24), NpsHistogram(235, 176, 43), -6.2241,
       -1.2575, 0.2086, kFourDecimals, -15.4184, 3.3663, kNoClearChange, kNeither},
      {"80 and 90 of 100",
       csat,
       {5, 5, 10, 40, 40},
       {2, 3, 5, 45, 45},
       10,
       1.9429,
       0.0520,
       kFourDecimals,
       -0.0859,
       19.6938,
       kNoClearChange,
       kNeither},
      {"8 and 10 of 10",
       csat,
       {1, 0, 1, 4, 4},
       {0, 0, 0, 5, 5},
       20,
       1.1239,
       0.2611,
       kFourDecimals,
       -12.3982,
       45.7315,
       kNoClearChange,
       kNeither},
      {"means",
       mean,
       {10, 20, 40, 20, 10},
       {5, 15, 35, 25, 20},
       0.4,
       2.5266,
       0.011518,
       0.5e-6,
       0.0888,
       0.7033,
       kHigher,
       kBetter},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Comparison comparison = Compare(c.method, c.base, c.candidate);
    EXPECT_NEAR(comparison.delta.value(), c.delta, kFourDecimals);
    EXPECT_NEAR(comparison.z.value(), c.z, kFourDecimals);
    EXPECT_NEAR(comparison.p_value.value(), c.p_value, c.p_accuracy);
    EXPECT_NEAR(comparison.interval.value().low, c.low, kFourDecimals);
    EXPECT_NEAR(comparison.interval.value().high, c.high, kFourDecimals);
    EXPECT_EQ(comparison.verdict, c.verdict);
    EXPECT_EQ(comparison.direction, c.direction);
  }
}

TEST(CompareValues, IsTheMirrorImageWhenTheSidesAreSwapped) {
  const Histogram few = NpsHistogram(500, 300, 200);
  const Histogram many = NpsHistogram(600, 250, 150);
  const Comparison forth = Compare(Nps(), few, many);
  const Comparison back = Compare(Nps(), many, few);
  EXPECT_EQ(*back.delta, -*forth.delta);
  EXPECT_EQ(*back.z, -*forth.z);
  EXPECT_EQ(*back.p_value, *forth.p_value);
  EXPECT_EQ(back.interval->low, -forth.interval->high);
  EXPECT_EQ(back.interval->high, -forth.interval->low);
  EXPECT_EQ(back.verdict, kLower);
  EXPECT_EQ(back.direction, kWorse);
}

TEST(CompareValues, ComparesNetsOfEffortWithTheirOwnCounts) {
  // 290 found it easy and 300 hard; turned round it is the other way.
  const Histogram base = {80, 210, 140, 110, 160, 180, 120};
  const Histogram candidate = {120, 180, 160, 110, 140, 210, 80};
  const Comparison comparison =
      Compare(MakeMethod(kCes, 1, 7, v1::METRIC_METHOD_NET, kEffort), base, candidate);
  // Of n + 3: 290.75 and 460.75, then 300.75 and 430.75.
  const double from = (290.75 - 460.75) / 1003;
  const double to = (300.75 - 430.75) / 1003;
  const double variance =
      ((290.75 + 460.75) / 1003 - from * from) / 1003 + ((300.75 + 430.75) / 1003 - to * to) / 1003;
  EXPECT_NEAR(*comparison.delta, 4.0, 1e-12);
  EXPECT_NEAR(*comparison.z, (to - from) / std::sqrt(variance), 1e-9);
  EXPECT_EQ(comparison.verdict, kNoClearChange);
}

TEST(CompareValues, TurnsTheDirectionRoundOnlyForMeansOfEffort) {
  const Histogram low = {40, 30, 10, 10, 5, 3, 2};
  const Histogram high = {2, 3, 5, 10, 10, 30, 40};
  const struct {
    v1::ScaleDirection scale;
    v1::MetricMethod method;
    v1::Verdict verdict;
    v1::ChangeDirection direction;
  } cases[] = {
      {kEase, kMean, kHigher, kBetter},
      {kEase, v1::METRIC_METHOD_AGREE, kHigher, kBetter},
      {kEase, v1::METRIC_METHOD_NET, kHigher, kBetter},
      {kEffort, kMean, kHigher, kWorse},
      // These count who found it easy, which were the low scores.
      {kEffort, v1::METRIC_METHOD_AGREE, kLower, kWorse},
      {kEffort, v1::METRIC_METHOD_NET, kLower, kWorse},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(v1::ScaleDirection_Name(c.scale) + " " + v1::MetricMethod_Name(c.method));
    const ScoreMethod method = MakeMethod(kCes, 1, 7, c.method, c.scale);
    const Comparison up = Compare(method, low, high);
    EXPECT_EQ(up.verdict, c.verdict);
    EXPECT_EQ(up.direction, c.direction);
    EXPECT_EQ(Compare(method, high, low).direction, c.direction == kBetter ? kWorse : kBetter);
  }
}

TEST(CompareValues, NeedsTenAnswersOnEachSide) {
  const Histogram nine = NpsHistogram(9, 0, 0);
  const Histogram ten = NpsHistogram(0, 0, 10);
  for (const auto& [base, candidate] : {std::pair(nine, ten), std::pair(ten, nine)}) {
    const Comparison comparison = Compare(Nps(), base, candidate);
    EXPECT_EQ(comparison.verdict, kTooFew);
    EXPECT_EQ(comparison.direction, kNeither);
    EXPECT_EQ(std::abs(comparison.delta.value()), 200);
    EXPECT_FALSE(comparison.z.has_value());
    EXPECT_FALSE(comparison.p_value.has_value());
    EXPECT_FALSE(comparison.interval.has_value());
  }
  EXPECT_EQ(Compare(Nps(), NpsHistogram(10, 0, 0), ten).verdict, kLower);
}

TEST(CompareValues, HasNoDeltaWithoutBothValues) {
  const Histogram some = NpsHistogram(50, 30, 20);
  const Histogram none = NpsHistogram(0, 0, 0);
  for (const auto& [base, candidate] :
       {std::pair(none, some), std::pair(some, none), std::pair(none, none)}) {
    const Comparison comparison = Compare(Nps(), base, candidate);
    EXPECT_EQ(comparison.verdict, kTooFew);
    EXPECT_FALSE(comparison.delta.has_value());
    EXPECT_FALSE(comparison.interval.has_value());
  }
}

TEST(CompareValues, HasNothingToSayOfSuppressedValues) {
  const Histogram base = NpsHistogram(500, 300, 200);
  const Histogram candidate = NpsHistogram(90, 5, 4);
  const Comparison comparison = Compare(Nps(), base, candidate, 0.95, /*min_sample=*/100);
  EXPECT_EQ(comparison.verdict, kTooFew);
  EXPECT_FALSE(comparison.delta.has_value());
  EXPECT_EQ(Compare(Nps(), base, candidate, 0.95, /*min_sample=*/99).verdict, kHigher);
}

TEST(CompareValues, TellsMeansWithoutSpreadApartOnlyWhenTheyAreFarApart) {
  const ScoreMethod mean = MakeMethod(kRating, -50, 50, kMean);
  const auto all = [](int score, int64_t answers) {
    Histogram histogram(101);
    histogram[static_cast<size_t>(score + 50)] = answers;
    return histogram;
  };
  const struct {
    int base, candidate;
    v1::Verdict verdict;
    v1::ChangeDirection direction;
  } cases[] = {
      {-40, 30, kHigher, kBetter}, {30, -40, kLower, kWorse}, {3, 3, kNoClearChange, kNeither}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.candidate - c.base);
    const Comparison comparison = Compare(mean, all(c.base, 100), all(c.candidate, 170));
    EXPECT_EQ(comparison.delta.value(), c.candidate - c.base);
    EXPECT_LT(comparison.interval.value().low, comparison.interval.value().high);
    EXPECT_TRUE(comparison.z.has_value());
    EXPECT_EQ(comparison.verdict, c.verdict);
    EXPECT_EQ(comparison.direction, c.direction);
  }
}

TEST(CompareValues, AScaleOfOneScoreHasNothingToTest) {
  const ScoreMethod mean = MakeMethod(kRating, 3, 3, kMean);
  const Comparison comparison = Compare(mean, {10}, {17});
  EXPECT_EQ(comparison.delta.value(), 0);
  EXPECT_FALSE(comparison.z.has_value());
  EXPECT_EQ(comparison.verdict, kNoClearChange);
}

TEST(CompareValues, JudgesAtTheConfidenceThatIsAsked) {
  // Its p value is 0.0520.
  const ScoreMethod csat = MakeMethod(kCsat, 1, 5);
  const Histogram base = {20, 0, 0, 0, 80};
  const Histogram candidate = {10, 0, 0, 0, 90};
  const struct {
    double confidence;
    v1::Verdict verdict;
  } cases[] = {{0.80, kHigher}, {0.90, kHigher}, {0.95, kNoClearChange}, {0.99, kNoClearChange}};
  double width = 0;
  for (const auto& c : cases) {
    const Comparison comparison = Compare(csat, base, candidate, c.confidence);
    EXPECT_EQ(comparison.verdict, c.verdict) << c.confidence;
    EXPECT_NEAR(*comparison.z, 1.9429, kFourDecimals);
    EXPECT_GT(comparison.interval->high - comparison.interval->low, width);
    width = comparison.interval->high - comparison.interval->low;
  }
}

TEST(CompareValues, IsNotClampedToTheScale) {
  const Comparison comparison =
      Compare(Nps(), NpsHistogram(0, 0, 10), NpsHistogram(10, 0, 0), 0.99);
  EXPECT_EQ(*comparison.delta, 200);
  EXPECT_GT(comparison.interval->high, 200);
}

TEST(CompareValues, CountsAreNeverCompared) {
  const ScoreMethod count = MakeMethod(v1::SURVEY_KIND_TEXT, 0, 0);
  const Comparison comparison =
      CompareValues(count, Evaluate(count, {}, {}, 50), Evaluate(count, {}, {}, 80), {});
  EXPECT_EQ(comparison.delta.value(), 30);
  EXPECT_EQ(comparison.verdict, kTooFew);
}

TEST(CompareShares, GivesWhatAnswersOfTheSameCountsGive) {
  const ScoreMethod csat = MakeMethod(kCsat, 1, 5);
  for (const double level : {0.8, 0.95}) {
    for (const auto& [a, b] :
         std::vector<std::pair<ShareCounts, ShareCounts>>{{{80, 100}, {90, 100}},
                                                          {{8, 10}, {10, 10}},
                                                          {{0, 10}, {0, 12}},
                                                          {{900, 1'000}, {5, 40}}}) {
      // Of 4 and 5 satisfied.
      const auto histogram = [](const ShareCounts& share) {
        return Histogram{share.answers - share.successes, 0, 0, 0, share.successes};
      };
      const Comparison expected = Compare(csat, histogram(a), histogram(b), level);
      const Comparison got = CompareShares(a, b, Confidence::Of(level).value());
      EXPECT_DOUBLE_EQ(*got.delta, *expected.delta);
      EXPECT_DOUBLE_EQ(*got.difference, *expected.difference);
      EXPECT_DOUBLE_EQ(got.interval->low, expected.interval->low);
      EXPECT_DOUBLE_EQ(got.interval->high, expected.interval->high);
      EXPECT_DOUBLE_EQ(*got.z, *expected.z);
      EXPECT_DOUBLE_EQ(*got.p_value, *expected.p_value);
      EXPECT_DOUBLE_EQ(*got.z_limit, *expected.z_limit);
      EXPECT_EQ(got.verdict, expected.verdict);
    }
  }
}

TEST(CompareShares, SaysNothingOfFew) {
  const Confidence confidence;
  const Comparison few = CompareShares({9, 9}, {0, 1'000}, confidence);
  EXPECT_EQ(few.verdict, kTooFew);
  EXPECT_DOUBLE_EQ(*few.delta, -100);
  EXPECT_FALSE(few.interval.has_value());
  EXPECT_FALSE(few.z.has_value());
  EXPECT_EQ(CompareShares({10, 10}, {0, 1'000}, confidence).verdict, kLower);
  EXPECT_FALSE(CompareShares({0, 0}, {5, 10}, confidence).delta.has_value());
}

}  // namespace
}  // namespace emptychair::statistics
