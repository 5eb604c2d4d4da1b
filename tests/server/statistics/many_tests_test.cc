#include "server/statistics/many_tests.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

TEST(CorrectForMany, GivesTheReferences) {
  const ManyTests eight =
      CorrectForMany({.001, .008, .039, .041, .042, .06, .074, .205}, Confidence());
  EXPECT_THAT(eight.q_values, Pointwise(DoubleNear(0.5001e-6),
                                        {.008, .032, .0672, .0672, .0672, .08, .084571, .205}));
  EXPECT_EQ(eight.tests, 8);
  EXPECT_NEAR(eight.interval_confidence, 0.9875, 1e-12);
  EXPECT_NEAR(eight.z_limit, 2.497705, 0.5001e-6);
  const ManyTests five = CorrectForMany({.03, .0004, .03, .6, .012}, Confidence());
  EXPECT_THAT(five.q_values, Pointwise(DoubleNear(0.5001e-6), {.0375, .002, .0375, .6, .03}));
  EXPECT_NEAR(five.interval_confidence, 0.96, 1e-12);
}

TEST(CorrectForMany, LeavesOneTestAsItIs) {
  const ManyTests one = CorrectForMany({.03}, Confidence::Of(0.99).value());
  EXPECT_EQ(one.q_values.front(), .03);
  EXPECT_EQ(one.interval_confidence, 0.99);
  EXPECT_EQ(one.z_limit, Confidence::Of(0.99).value().z());
}

TEST(CorrectForMany, OfNoneHasTheConfidenceThatIsAsked) {
  const ManyTests none = CorrectForMany({}, Confidence());
  EXPECT_EQ(none.tests, 0);
  EXPECT_EQ(none.interval_confidence, 0.95);
  EXPECT_EQ(none.z_limit, Confidence().z());
}

TEST(CorrectForMany, WithoutAFindingIntervalsAreAsWideAsTheFirstWouldTake) {
  const ManyTests many = CorrectForMany({1, .5, .02, .9}, Confidence());
  EXPECT_NEAR(many.interval_confidence, 1 - 0.05 / 4, 1e-12);
  for (const double q : many.q_values) {
    EXPECT_GT(q, 0.05);
    EXPECT_LE(q, 1);
  }
}

}  // namespace
}  // namespace emptychair::statistics
