#include "common/base/clock.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(SystemClock, TellsTheTimeOfTheMachine) {
  const absl::Time before = absl::Now();
  const absl::Time told = Clock::System()->Now();
  EXPECT_GE(told, before);
  EXPECT_LE(told, absl::Now());
  EXPECT_EQ(Clock::System(), Clock::System());
}

TEST(FakeClock, StandsStillUntilItIsAdvanced) {
  const absl::Time start = absl::FromUnixMillis(1'700'000'000'123);
  FakeClock clock(start);
  EXPECT_EQ(clock.Now(), start);
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Milliseconds(1'500));
  EXPECT_EQ(clock.Now(), absl::FromUnixMillis(1'700'000'001'623));
  clock.Advance(-absl::Hours(1));
  EXPECT_EQ(clock.Now(), absl::FromUnixMillis(1'699'996'401'623));
}

}  // namespace
}  // namespace emptychair
