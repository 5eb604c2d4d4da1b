#include "tools/chairbench/base/statistics.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace emptychair::bench {
namespace {

TEST(Statistics, TakesTheNearestRank) {
  struct Case {
    std::vector<double> samples;
    double percent;
    double expected;
  };
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) {
    hundred.push_back(i);
  }
  const Case cases[] = {
      {{7}, 50, 7},          {{7}, 99, 7},          {{3, 1, 2}, 50, 2},
      {{4, 3, 2, 1}, 50, 2}, {{4, 3, 2, 1}, 51, 3}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 99, 10},
      {hundred, 1, 1},       {hundred, 50, 50},     {hundred, 99, 99},
      {hundred, 99.1, 100},  {hundred, 100, 100},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Percentile(c.samples, c.percent), c.expected)
        << c.samples.size() << " samples, " << c.percent << " %";
  }
}

TEST(Statistics, TakesTheMiddleOrTheMeanOfTheTwoThere) {
  EXPECT_EQ(Median({5}), 5);
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({9, 1, 5, 2}), 3.5);
  EXPECT_EQ(Median({100, 1, 1, 1, 100}), 1);
}

TEST(Statistics, KnowsNothingWithoutSamples) {
  EXPECT_TRUE(std::isnan(Median({})));
  EXPECT_TRUE(std::isnan(Percentile({}, 99)));
}

}  // namespace
}  // namespace emptychair::bench
