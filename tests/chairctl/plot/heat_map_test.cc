#include "tools/chairctl/plot/heat_map.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Printed(const HeatMap& map, int columns, HeatShading shading) {
  std::ostringstream out;
  PrintHeatMap(map, columns, shading, out);
  return out.str();
}

HeatMap SomeMap() {
  return {.name_heading = "cohort",
          .size_heading = "size",
          .headings = {"+0", "+1", "+2"},
          .rows = {{"2014-01", "639", {{"100", 4.0}, {"22.5", 1.0}, {"11.1", 0.5}}},
                   {"2014-02", "5", {{"0.1", 0.004}, {"0.0", 0.0}}},
                   {"2014-03", "0", {{"–", {}}}}}};
}

TEST(HeatMap, ShadesAreEqualPartsOfWhatIsAboveZero) {
  EXPECT_EQ(HeatLevels(HeatShading::kBlocks), 4);
  EXPECT_EQ(HeatLevels(HeatShading::kColors), 8);
  EXPECT_EQ(HeatLevel(-1, 4), 0);
  EXPECT_EQ(HeatLevel(0, 4), 0);
  EXPECT_EQ(HeatLevel(1e-12, 4), 1);
  EXPECT_EQ(HeatLevel(0.25, 4), 1);
  EXPECT_EQ(HeatLevel(0.2501, 4), 2);
  EXPECT_EQ(HeatLevel(0.2501, 8), 3);
  EXPECT_EQ(HeatLevel(0.5, 4), 2);
  EXPECT_EQ(HeatLevel(0.75, 4), 3);
  EXPECT_EQ(HeatLevel(0.76, 4), 4);
  EXPECT_EQ(HeatLevel(100, 4), 4);
}

TEST(HeatMap, WithoutColoursABlockStandsBesideEachNumber) {
  EXPECT_EQ(Printed(SomeMap(), 80, HeatShading::kBlocks),
            "cohort   size    +0   +1   +2\n"
            "2014-01   639 █ 100█22.5▒11.1\n"
            "2014-02     5 ░ 0.1  0.0\n"
            "2014-03     0     –\n");
  EXPECT_EQ(HeatSample(3, HeatShading::kBlocks), "▓");
}

TEST(HeatMap, WithColoursTheNumbersAreTheSameOnABackgroundThatEndsWithTheCell) {
  const std::string colored = Printed(SomeMap(), 80, HeatShading::kColors);
  EXPECT_THAT(colored, HasSubstr("\x1b[38;5;231;48;5;18m 22.5\x1b[0m"
                                 "\x1b[38;5;16;48;5;75m 11.1\x1b[0m\n"));
  EXPECT_THAT(colored, HasSubstr("\x1b[0m  0.0\n"));
  EXPECT_THAT(colored, Not(HasSubstr("█")));
  EXPECT_EQ(HeatSample(1, HeatShading::kColors), "\x1b[38;5;16;48;5;195m  \x1b[0m");
}

TEST(HeatMap, LeavesOutColumnsThatDoNotFitButTheFirst) {
  const HeatMap map = SomeMap();
  // 14 in front, 5 a cell.
  EXPECT_EQ(map.ColumnsThatFit(29), 3u);
  EXPECT_EQ(map.ColumnsThatFit(28), 2u);
  EXPECT_EQ(map.ColumnsThatFit(3), 1u);
  EXPECT_EQ(map.ColumnsThatFit(1'000), 3u);
  EXPECT_EQ(Printed(map, 28, HeatShading::kBlocks),
            "cohort   size    +0   +1\n"
            "2014-01   639 █ 100█22.5\n"
            "2014-02     5 ░ 0.1  0.0\n"
            "2014-03     0     –\n");
}

TEST(HeatMap, WithoutRowsHasItsHeadings) {
  EXPECT_EQ(Printed({.name_heading = "cohort", .size_heading = "size"}, 80, HeatShading::kBlocks),
            "cohort  size\n");
}

}  // namespace
}  // namespace emptychair
