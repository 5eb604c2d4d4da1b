#include "server/statistics/estimate.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Half a unit of the fourth decimal, to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;

Confidence Level(double level) { return Confidence::Of(level).value(); }

TEST(Confidence, KnowsTheQuantileOfEachLevel) {
  const struct {
    double level;
    double z;
  } cases[] = {{0.80, 1.281552}, {0.90, 1.644854}, {0.95, 1.959964}, {0.99, 2.575829}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.level);
    ASSERT_TRUE(Confidence::Of(c.level).ok());
    EXPECT_EQ(Level(c.level).level(), c.level);
    EXPECT_NEAR(Level(c.level).z(), c.z, 0.5e-6);
    // The quantile cuts off (1 - level) / 2 at either end.
    EXPECT_NEAR(std::erfc(Level(c.level).z() / std::sqrt(2.0)), 1 - c.level, 1e-14);
  }
}

TEST(Confidence, IsNinetyFivePercentByDefault) {
  EXPECT_EQ(Level(0).level(), 0.95);
  EXPECT_EQ(Level(0).z(), Level(0.95).z());
  EXPECT_EQ(Confidence().level(), 0.95);
}

TEST(Confidence, RefusesOtherLevels) {
  for (double level : {0.5, 0.951, 1.0, -0.95, 95.0, static_cast<double>(0.95f),
                       std::numeric_limits<double>::quiet_NaN()}) {
    SCOPED_TRACE(level);
    const absl::Status status = Confidence::Of(level).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
    EXPECT_THAT(FieldsOf(status), ElementsAre("confidence"));
  }
  EXPECT_THAT(Confidence::Of(0.5).status().message(), HasSubstr("got 0.5;"));
  EXPECT_THAT(Confidence::Of(0.95f).status().message(), HasSubstr("got 0.949999988;"));
}

TEST(EstimateNet, GivesTheReferenceIntervals) {
  const struct {
    int64_t promoters, passives, detractors;
    double value, margin, low, high;
  } cases[] = {
      {32, 13, 6, 50.9804, 19.1171, 29.2949, 67.0014},
      {50, 30, 20, 30, 15.3078, 14.0511, 44.2013},
      {500, 300, 200, 30, 4.8408, 25.0770, 34.7435},
      {5, 3, 2, 30, 48.4075, -19.0506, 65.2045},
      {10, 0, 0, 100, 0, 47.5036, 100},
      {1, 0, 0, 100, 0, -48.4986, 98.4986},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.promoters << ", " << c.passives << ", " << c.detractors);
    const int64_t answers = c.promoters + c.passives + c.detractors;
    const auto net = EstimateNet(c.promoters, c.detractors, answers, answers, Confidence());
    ASSERT_TRUE(net.has_value());
    EXPECT_NEAR(net->value, c.value, kFourDecimals);
    EXPECT_NEAR(net->standard_error.value() * Confidence().z(), c.margin, kFourDecimals);
    EXPECT_NEAR(net->interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(net->interval->high, c.high, kFourDecimals);
    EXPECT_LE(net->interval->high, 100);
  }
}

TEST(EstimateNet, IsTheMirrorImageForDetractors) {
  const auto net = EstimateNet(20, 50, 100, 100, Confidence());
  EXPECT_NEAR(net->value, -30, 1e-12);
  EXPECT_NEAR(net->interval->low, -44.2013, kFourDecimals);
  EXPECT_NEAR(net->interval->high, -14.0511, kFourDecimals);
  EXPECT_EQ(EstimateNet(0, 10, 10, 10, Confidence())->interval->low, -100);
}

TEST(EstimateNet, MayLeaveOutItsValueAndIsNotStretched) {
  EXPECT_LT(EstimateNet(10, 0, 10, 10, Level(0.80))->interval->high, 100);
  EXPECT_LT(EstimateNet(1, 0, 1, 1, Level(0.95))->interval->high, 100);
}

TEST(EstimateNet, WidensWithConfidence) {
  double width = 0;
  for (double level : {0.80, 0.90, 0.95, 0.99}) {
    const auto net = EstimateNet(50, 20, 100, 100, Level(level));
    EXPECT_GT(net->interval->high - net->interval->low, width);
    width = net->interval->high - net->interval->low;
  }
}

TEST(EstimateShare, GivesTheReferenceIntervals) {
  const struct {
    int64_t successes, answers;
    double low, high;
  } cases[] = {
      {8, 10, 49.0162, 94.3318},    {4, 4, 51.0109, 100},     {89, 100, 81.3687, 93.7458},
      {144, 639, 19.4653, 25.9333}, {0, 4, 0, 100 - 51.0109},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.successes << " of " << c.answers);
    const auto share = EstimateShare(c.successes, c.answers, c.answers, Confidence());
    ASSERT_TRUE(share.has_value());
    EXPECT_DOUBLE_EQ(share->value, 100.0 * c.successes / c.answers);
    EXPECT_NEAR(share->interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(share->interval->high, c.high, kFourDecimals);
  }
  EXPECT_NEAR(EstimateShare(8, 10, 10, Confidence())->standard_error.value(), 12.6491,
              kFourDecimals);
}

TEST(EstimateShare, ReachesTheEndsOfTheScaleExactly) {
  for (int64_t answers = 1; answers < 2000; ++answers) {
    ASSERT_EQ(EstimateShare(0, answers, answers, Confidence())->interval->low, 0) << answers;
    ASSERT_EQ(EstimateShare(answers, answers, answers, Confidence())->interval->high, 100)
        << answers;
    ASSERT_EQ(EstimateShare(answers, answers, answers, Confidence())->standard_error, 0) << answers;
  }
}

TEST(EstimateMean, GivesTheReferenceIntervals) {
  const struct {
    std::vector<int64_t> histogram;
    double adjusted, sample_variance, low, high;
  } cases[] = {
      {{0, 0, 0, 0, 5}, 14.0 / 3, 16.0 / 15, 3.8403, 5},
      {{0, 0, 0, 1, 0}, 3.5, 2.5, 1.3087, 5},
      {{1, 0, 0, 2, 7}, 47.0 / 11, 20.0 / 11, 3.4759, 5},
      {{10, 20, 40, 20, 10}, 3, 1.22, 2.7846, 3.2154},
      {{80, 210, 140, 110, 160, 180, 120}, 4.079920, 3.657606, 3.9614, 4.1984},
  };
  for (const auto& c : cases) {
    const ScoreMoments moments(c.histogram, 1);
    SCOPED_TRACE(testing::Message() << c.adjusted);
    const auto n = static_cast<double>(moments.answers);
    const AdjustedEstimate adjusted = AdjustMean(moments, n);
    EXPECT_NEAR(adjusted.value, c.adjusted, 0.5001e-6);
    EXPECT_NEAR(adjusted.variance * (n + 1) / n, c.sample_variance, 0.5001e-6);
    const auto mean = EstimateMean(moments, n, Confidence());
    EXPECT_NEAR(mean->estimate.interval->low, c.low, kFourDecimals);
    EXPECT_NEAR(mean->estimate.interval->high, c.high, kFourDecimals);
  }
}

TEST(EstimateMean, HasExactSumsAndAPlainStandardError) {
  const std::vector<int64_t> histogram = {30, 25, 15, 60, 110, 125, 170, 255, 130, 80};
  const auto mean = EstimateMean(ScoreMoments(histogram, 1), 1'000, Confidence());
  ASSERT_TRUE(mean.has_value());
  EXPECT_EQ(mean->sum, 6865);
  EXPECT_DOUBLE_EQ(mean->estimate.value, 6.865);
  EXPECT_NEAR(mean->estimate.standard_error.value(), 0.067315, 0.5001e-6);
}

TEST(EstimateMean, HasAnIntervalButNoStandardErrorForASingleAnswer) {
  const auto mean = EstimateMean(ScoreMoments({0, 0, 1, 0, 0}, 1), 1, Confidence());
  ASSERT_TRUE(mean.has_value());
  EXPECT_EQ(mean->estimate.value, 3);
  EXPECT_FALSE(mean->estimate.standard_error.has_value());
  EXPECT_TRUE(mean->estimate.interval.has_value());
}

TEST(EstimateMean, StaysInsideTheScale) {
  const auto low = EstimateMean(ScoreMoments({5, 1, 0, 0, 0}, 1), 6, Level(0.99));
  EXPECT_EQ(low->estimate.interval->low, 1);
  const auto high = EstimateMean(ScoreMoments({0, 0, 0, 1, 5}, 1), 6, Level(0.99));
  EXPECT_EQ(high->estimate.interval->high, 5);
}

TEST(EstimateMean, HasWidthAlsoForEqualAnswers) {
  const auto mean = EstimateMean(ScoreMoments({0, 7, 0}, -1), 7, Confidence());
  EXPECT_EQ(mean->estimate.value, 0);
  EXPECT_EQ(mean->estimate.standard_error, 0);
  EXPECT_LT(mean->estimate.interval->low, 0);
  EXPECT_GT(mean->estimate.interval->high, 0);
}

TEST(EstimateMean, DoesNotOverflowAtItsLimits) {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  std::vector<int64_t> histogram(101, 0);
  histogram.front() = histogram.back() = int64_t{1} << 55;
  const auto mean =
      EstimateMean(ScoreMoments(histogram, lowest), std::ldexp(1.0, 56), Confidence());
  EXPECT_DOUBLE_EQ(mean->estimate.value, lowest + 50.0);
  EXPECT_NEAR(mean->estimate.standard_error.value() * std::sqrt(std::ldexp(1.0, 56)), 50, 1e-9);
  EXPECT_EQ(mean->sum, (absl::int128(lowest) + 50) * (absl::int128(1) << 56));
}

TEST(Estimates, HaveNoIntervalWithoutASample) {
  for (const auto& estimate :
       {EstimateNet(3, 1, 5, std::nullopt, Confidence()),
        EstimateShare(3, 5, std::nullopt, Confidence()),
        std::optional(
            EstimateMean(ScoreMoments({0, 2, 3}, 1), std::nullopt, Confidence())->estimate)}) {
    ASSERT_TRUE(estimate.has_value());
    EXPECT_GT(estimate->value, 0);
    EXPECT_FALSE(estimate->interval.has_value());
    EXPECT_FALSE(estimate->standard_error.has_value());
  }
}

TEST(Estimates, AreAbsentWithoutAnswers) {
  EXPECT_FALSE(EstimateNet(0, 0, 0, std::nullopt, Confidence()).has_value());
  EXPECT_FALSE(EstimateShare(0, 0, std::nullopt, Confidence()).has_value());
  EXPECT_FALSE(EstimateMean(ScoreMoments({0, 0, 0}, 1), std::nullopt, Confidence()).has_value());
}

// Two passes over single answers, as one would do it by hand.
struct PlainMean {
  long double mean = 0;
  long double standard_error = 0;
};
PlainMean PlainMeanOf(const std::vector<int>& scores) {
  PlainMean plain;
  for (int score : scores) {
    plain.mean += score;
  }
  plain.mean /= scores.size();
  long double squares = 0;
  for (int score : scores) {
    squares += (score - plain.mean) * (score - plain.mean);
  }
  plain.standard_error = std::sqrt(squares / (scores.size() - 1) / scores.size());
  return plain;
}

TEST(Estimates, AgreeWithMeansOfSingleAnswers) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    const int min = std::uniform_int_distribution<int>(-1000, 1000)(random);
    const int size = std::uniform_int_distribution<int>(2, 101)(random);
    const int positive_above = std::uniform_int_distribution<int>(0, size - 1)(random);
    std::vector<int64_t> histogram(size, 0);
    std::vector<int> scores, nets, shares;
    int64_t promoters = 0;
    int64_t detractors = 0;
    const int answers = std::uniform_int_distribution<int>(2, 300)(random);
    for (int i = 0; i < answers; ++i) {
      const int offset = std::uniform_int_distribution<int>(0, size - 1)(random);
      ++histogram[offset];
      scores.push_back(min + offset);
      const int net = offset > positive_above ? 100 : offset < positive_above / 2 ? -100 : 0;
      nets.push_back(net);
      shares.push_back(net == 100 ? 100 : 0);
      promoters += net == 100;
      detractors += net == -100;
    }
    const auto mean = EstimateMean(ScoreMoments(histogram, min), answers, Confidence());
    EXPECT_NEAR(mean->estimate.value, PlainMeanOf(scores).mean, 1e-9);
    EXPECT_NEAR(mean->estimate.standard_error.value(), PlainMeanOf(scores).standard_error, 1e-9);
    // The plain errors of NET and shares divide by n where a sample's divides by n - 1.
    const double population = std::sqrt((answers - 1.0) / answers);
    const auto net = EstimateNet(promoters, detractors, answers, answers, Confidence());
    EXPECT_NEAR(net->value, PlainMeanOf(nets).mean, 1e-9);
    EXPECT_NEAR(net->standard_error.value(), PlainMeanOf(nets).standard_error * population, 1e-6);
    const auto share = EstimateShare(promoters, answers, answers, Confidence());
    EXPECT_NEAR(share->value, PlainMeanOf(shares).mean, 1e-9);
    EXPECT_NEAR(share->standard_error.value(), PlainMeanOf(shares).standard_error * population,
                1e-6);
    EXPECT_LE(share->interval->low, share->value + 1e-9);
    EXPECT_GE(share->interval->high, share->value - 1e-9);
  }
}

}  // namespace
}  // namespace emptychair::statistics
