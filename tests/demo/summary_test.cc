#include "tools/demo/summary.h"

#include <optional>

#include "gtest/gtest.h"

namespace emptychair::demo {
namespace {

TEST(Sparkline, SpansFromTheLowestToTheHighestValue) {
  EXPECT_EQ(Sparkline({-100.0, 0.0, 100.0}), "▁▅█");
  EXPECT_EQ(Sparkline({30.0, -60.0, 30.0}), "█▁█");
}

TEST(Sparkline, LeavesAGapForWhatIsAbsent) {
  EXPECT_EQ(Sparkline({50.0, std::nullopt, 0.0}), "█ ▁");
  EXPECT_EQ(Sparkline({std::nullopt}), " ");
  EXPECT_EQ(Sparkline({}), "");
}

TEST(Sparkline, DoesNotMagnifySmallDifferences) { EXPECT_EQ(Sparkline({30.0, 31.0}), "▁▁"); }

}  // namespace
}  // namespace emptychair::demo
