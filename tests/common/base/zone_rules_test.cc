#include "common/base/zone_rules.h"

#include <utility>

#include "gtest/gtest.h"
#include "tests/helpers/times.h"

namespace emptychair {
namespace {

using testing::Zone;

TEST(ZoneRules, AreTheSameUnderEveryNameOfAZone) {
  const std::pair<const char*, const char*> rows[] = {
      {"UTC", "Etc/UTC"},
      {"Etc/UTC", "Etc/GMT"},
      {"Asia/Calcutta", "Asia/Kolkata"},
      {"America/Buenos_Aires", "America/Argentina/Buenos_Aires"},
      {"Europe/Kiev", "Europe/Kyiv"},
      {"US/Eastern", "America/New_York"},
      {"Asia/Saigon", "Asia/Ho_Chi_Minh"},
      // Also of two places that have kept the same time since 1970.
      {"Etc/GMT-9", "Asia/Tokyo"},
  };
  for (const auto& [a, b] : rows) {
    EXPECT_TRUE(HaveSameRules(Zone(a), Zone(b))) << a << " " << b;
    EXPECT_TRUE(HaveSameRules(Zone(b), Zone(a))) << a << " " << b;
  }
}

TEST(ZoneRules, DifferWhereAnyInstantIsAnotherLocalTime) {
  const std::pair<const char*, const char*> rows[] = {
      {"UTC", "Europe/London"},
      {"Europe/Berlin", "Europe/London"},
      {"Asia/Kolkata", "Asia/Kathmandu"},
      // Apart for years long ago, and alike today.
      {"Asia/Kolkata", "Asia/Colombo"},
      {"Europe/Berlin", "Africa/Ceuta"},
      {"America/New_York", "America/Detroit"},
      // Alike in winter.
      {"America/Phoenix", "America/Denver"},
  };
  for (const auto& [a, b] : rows) {
    EXPECT_FALSE(HaveSameRules(Zone(a), Zone(b))) << a << " " << b;
    EXPECT_FALSE(HaveSameRules(Zone(b), Zone(a))) << a << " " << b;
  }
}

TEST(ZoneRules, HaveTheOffsetsThatTheyEverSet) {
  EXPECT_TRUE(HasOffset(Zone("Europe/Berlin"), 3'600));
  EXPECT_TRUE(HasOffset(Zone("Europe/Berlin"), 7'200));
  EXPECT_FALSE(HasOffset(Zone("Europe/Berlin"), 0));
  EXPECT_TRUE(HasOffset(Zone("UTC"), 0));
  EXPECT_FALSE(HasOffset(Zone("Asia/Kolkata"), 0));
}

TEST(ZoneRules, AreNotThereForANameThatTheMachineDoesNotKnow) {
  EXPECT_FALSE(LoadZone("Nowhere/Land").has_value());
  EXPECT_FALSE(LoadZone("").has_value());
  ASSERT_TRUE(LoadZone("Asia/Kolkata").has_value());
  EXPECT_EQ(LoadZone("Asia/Kolkata")->name(), "Asia/Kolkata");
}

}  // namespace
}  // namespace emptychair
