#include "server/statistics/repeat_curve.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

using ::testing::DoubleNear;

constexpr double kSixDecimals = 5e-7;
constexpr double kForEver = std::numeric_limits<double>::infinity();

RepeatCurve Curve() {
  return RepeatCurve({{1, {1.05, 1.1}}, {30, {2.4, 3.3}}, {91, {4.2, 6.9}}, {365, {9, 16}}});
}

TEST(RepeatCurve, IsStraightBetweenWhatWasMeasured) {
  const struct {
    double days, design_effect, answers_per_customer;
  } rows[] = {{0.5, 1.05, 1.1},
              {1, 1.05, 1.1},
              {7, 1.329310, 1.555172},
              {30, 2.4, 3.3},
              {60, 3.285246, 5.070492},
              {365, 9, 16},
              {730, 15.394161, 28.122263},
              // Of an interval without an end the longest is known.
              {kForEver, 9, 16}};
  for (const auto& row : rows) {
    const RepeatEffect effect = Curve().At(row.days);
    EXPECT_THAT(effect.design_effect, DoubleNear(row.design_effect, kSixDecimals)) << row.days;
    EXPECT_THAT(effect.answers_per_customer, DoubleNear(row.answers_per_customer, kSixDecimals))
        << row.days;
  }
}

TEST(RepeatCurve, IsNeverBelowOne) {
  const RepeatCurve falls({{1, {0.9, 1.0}}, {30, {0.5, 1.0}}});
  EXPECT_EQ(falls.At(1).design_effect, 1);
  EXPECT_EQ(falls.At(365).design_effect, 1);
  EXPECT_EQ(falls.At(365).answers_per_customer, 1);
}

TEST(RepeatCurve, OfOneLengthIsFlat) {
  const RepeatCurve flat(std::vector<MeasuredEffect>{{30, {2, 3}}});
  for (const double days : {0.0, 1.0, 30.0, 400.0, kForEver}) {
    EXPECT_EQ(flat.At(days).design_effect, 2);
    EXPECT_EQ(flat.At(days).answers_per_customer, 3);
  }
}

TEST(RepeatCurve, OfSeveralKeysIsTheLargestOfTheirs) {
  RepeatCurve joined({{1, {1, 5}}, {30, {4, 5}}});
  joined.Join(RepeatCurve({{1, {2, 1}}, {30, {3, 6}}}));
  EXPECT_EQ(joined.At(1).design_effect, 2);
  EXPECT_EQ(joined.At(1).answers_per_customer, 5);
  EXPECT_EQ(joined.At(30).design_effect, 4);
  EXPECT_EQ(joined.At(30).answers_per_customer, 6);
}

TEST(RepeatCurve, TellsHowFarWindowsThatAdjoinMoveTogether) {
  EXPECT_THAT(Curve().CorrelationOfAdjoining(30, 30), DoubleNear(0.368852, kSixDecimals));
  EXPECT_THAT(Curve().CorrelationOfAdjoining(28, 31), DoubleNear(0.374065, kSixDecimals));
  EXPECT_EQ(Curve().CorrelationOfAdjoining(30, kForEver), 0);
  EXPECT_EQ(Curve().CorrelationOfAdjoining(0, 30), 0);
  // Nobody twice.
  EXPECT_EQ(RepeatCurve({{1, {1, 1}}, {365, {1, 1}}}).CorrelationOfAdjoining(30, 30), 0);
  // Held within what two values can share, and within what lines that fall would say.
  EXPECT_EQ(RepeatCurve({{1, {1, 1}}, {30, {1, 1}}, {60, {9, 9}}}).CorrelationOfAdjoining(30, 30),
            kCorrelationMax);
  EXPECT_EQ(RepeatCurve({{1, {1, 1}}, {30, {9, 9}}, {60, {2, 2}}}).CorrelationOfAdjoining(30, 30),
            0);
}

}  // namespace
}  // namespace emptychair::statistics
