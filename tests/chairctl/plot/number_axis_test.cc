#include "tools/chairctl/plot/number_axis.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairctl/plot/interval_axis.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;

IntervalMark Value(double value) { return {.value = value}; }

std::vector<std::string> TickTexts(const std::vector<IntervalMark>& marks, int steps) {
  const TickedAxis axis(marks, steps);
  std::vector<std::string> texts;
  for (const double tick : axis.ticks()) {
    texts.push_back(axis.TextOf(tick));
  }
  return texts;
}

TEST(NumberAxis, SpansAllNumbersOfAllMarksThatAreFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const NumberAxis axis({{.value = 3, .low = -2, .high = 4}, {}, {.high = infinity}, Value(9)});
  EXPECT_EQ(axis.min(), -2);
  EXPECT_EQ(axis.max(), 9);
  EXPECT_TRUE(axis.CrossesZero());
  EXPECT_EQ(axis.ShareOf(-2), 0);
  EXPECT_EQ(axis.ShareOf(3.5), 0.5);
  EXPECT_EQ(axis.ShareOf(9), 1);
  EXPECT_EQ(axis.ShareOf(infinity), 1);
  EXPECT_EQ(axis.ShareOf(-100), 0);
}

TEST(NumberAxis, IsNeverOfNoLength) {
  for (const std::vector<IntervalMark>& marks :
       {std::vector<IntervalMark>{}, {{}}, {Value(7)}, {Value(7), Value(7)}}) {
    const NumberAxis axis(marks);
    EXPECT_EQ(axis.max() - axis.min(), 2);
    EXPECT_EQ(axis.ShareOf((axis.min() + axis.max()) / 2), 0.5);
  }
  EXPECT_FALSE(NumberAxis({Value(0), Value(5)}).CrossesZero());
}

TEST(TickedAxis, StartsAndEndsAtRoundNumbers) {
  EXPECT_THAT(TickTexts({Value(-19.05), Value(65.2)}, 5),
              ElementsAre("−20", "0", "20", "40", "60", "80"));
  EXPECT_THAT(TickTexts({Value(-100), Value(100)}, 5),
              ElementsAre("−100", "−50", "0", "50", "100"));
  EXPECT_THAT(TickTexts({Value(0), Value(100)}, 5),
              ElementsAre("0", "20", "40", "60", "80", "100"));
  EXPECT_THAT(TickTexts({Value(3.91), Value(4.12)}, 5),
              ElementsAre("3.90", "3.95", "4.00", "4.05", "4.10", "4.15"));
  EXPECT_THAT(TickTexts({Value(0.1), Value(0.3)}, 2), ElementsAre("0.1", "0.2", "0.3"));
  EXPECT_THAT(TickTexts({Value(0), Value(12'345)}, 3), ElementsAre("0", "5000", "10000", "15000"));
  EXPECT_THAT(TickTexts({Value(7)}, 5), ElementsAre("6.0", "6.5", "7.0", "7.5", "8.0"));
  EXPECT_THAT(TickTexts({}, 2), ElementsAre("−1", "0", "1"));
}

TEST(TickedAxis, HoldsItsMarksBetweenItsFirstAndLastTick) {
  for (double low = -123.4; low < 120; low += 13.7) {
    for (double length = 0.001; length < 1'000'000; length *= 3.7) {
      const TickedAxis axis({Value(low), Value(low + length)}, 5);
      ASSERT_GE(axis.ticks().size(), 2u);
      EXPECT_LE(axis.ticks().size(), 8u);
      EXPECT_LE(axis.ticks().front(), low + 1e-6 * length);
      EXPECT_GE(axis.ticks().back(), low + length - 1e-6 * length);
      EXPECT_EQ(axis.ShareOf(axis.ticks().front()), 0);
      EXPECT_EQ(axis.ShareOf(axis.ticks().back()), 1);
      for (size_t i = 1; i < axis.ticks().size(); ++i) {
        EXPECT_LT(axis.ticks()[i - 1], axis.ticks()[i]);
        EXPECT_NE(axis.TextOf(axis.ticks()[i - 1]), axis.TextOf(axis.ticks()[i]));
      }
    }
  }
}

TEST(PlainBar, IsAsLongAsItsShareInEighths) {
  EXPECT_EQ(PlainBar(1, 3), "███");
  EXPECT_EQ(PlainBar(0.5, 3), "█▌");
  EXPECT_EQ(PlainBar(1.0 / 24, 3), "▏");
  EXPECT_EQ(PlainBar(0, 3), "");
  EXPECT_EQ(PlainBar(7, 2), "██");
}

TEST(Sparkline, RisesWithTheValueAndLeavesGaps) {
  EXPECT_EQ(Sparkline({Value(-1), {}, Value(6), {.value = 2.5, .low = -50, .high = 50}}), "▁ █▅");
  EXPECT_EQ(Sparkline({Value(4), Value(4)}), "▅▅");
  EXPECT_EQ(Sparkline({}), "");
}

TEST(Sparkline, MagnifiesNoSmallerSpanThanItIsTold) {
  EXPECT_EQ(Sparkline({Value(30), Value(31)}, 20), "▁▁");
  EXPECT_EQ(Sparkline({Value(50), {}, Value(0)}, 20), "█ ▁");
  EXPECT_EQ(Sparkline({Value(-100), Value(0), Value(100)}, 20), "▁▅█");
  EXPECT_EQ(Sparkline({{}}, 20), " ");
  EXPECT_EQ(Sparkline({}, 20), "");
}

}  // namespace
}  // namespace emptychair
