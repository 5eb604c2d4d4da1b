#include "server/statistics/distributions.h"

#include <cmath>

#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

Confidence Level(double level) { return Confidence::Of(level).value(); }

TEST(TwoSidedP, IsTheTailOfTheNormalDistribution) {
  EXPECT_EQ(TwoSidedP(0), 1);
  EXPECT_NEAR(TwoSidedP(1.959963984540054), 0.05, 1e-15);
  EXPECT_EQ(TwoSidedP(-3), TwoSidedP(3));
}

TEST(TwoSidedZ, TurnsTwoSidedPRound) {
  for (const double p : {0.999, 0.5, 0.1, 0.05, 0.0125, 1e-4, 1e-9, 1e-30, 1e-200}) {
    EXPECT_NEAR(TwoSidedP(TwoSidedZ(p)) / p, 1, 1e-11) << p;
  }
  for (const Confidence& level : Confidence::All()) {
    EXPECT_NEAR(TwoSidedZ(1 - level.level()), level.z(), 1e-13);
  }
}

// References to 15 digits from mpmath 1.3, by its incomplete beta function.
double StudentQuantile(const Confidence& level, double degrees) {
  return std::exp(LogStudentQuantile(level, degrees));
}

TEST(StudentQuantile, GivesReferences) {
  const struct {
    double level, degrees, quantile;
  } cases[] = {
      {0.95, 15, 2.13144954555978},   {0.95, 109.0 / 19, 2.47437929395684},
      {0.95, 1, 12.7062047361747},    {0.95, 1.43, 6.44696408443484},
      {0.99, 1, 63.6567411628715},    {0.80, 1, 3.07768353717525},
      {0.90, 2, 2.91998558035373},    {0.99, 4.5, 4.27282399301129},
      {0.95, 1000, 1.96233908082641}, {0.80, 199.5, 1.28580947470022},
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(StudentQuantile(Level(c.level), c.degrees) / c.quantile, 1, 1e-11)
        << c.level << " " << c.degrees;
  }
}

TEST(StudentQuantile, FallsTowardsTheNormalQuantile) {
  for (const Confidence& level : Confidence::All()) {
    double before = StudentQuantile(level, 1);
    for (double degrees = 1.01; degrees < 1e9; degrees *= 1.01) {
      const double quantile = StudentQuantile(level, degrees);
      ASSERT_LT(quantile, before * (1 + 1e-13)) << level.level() << " " << degrees;
      before = quantile;
    }
    EXPECT_NEAR(before, level.z(), 1e-8);
    EXPECT_NEAR(StudentQuantile(level, INFINITY), level.z(), 1e-11);
  }
}

}  // namespace
}  // namespace emptychair::statistics
