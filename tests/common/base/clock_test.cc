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

TEST(SystemClock, TellsDurationsByAClockThatNobodySets) {
  absl::Duration last = Clock::System()->Monotonic();
  EXPECT_GT(last, absl::ZeroDuration());
  for (int i = 0; i < 1'000; ++i) {
    const absl::Duration told = Clock::System()->Monotonic();
    ASSERT_GE(told, last);
    last = told;
  }
  // Not the time of the machine, which can be set.
  EXPECT_GT(absl::Now() - absl::UnixEpoch() - last, absl::Hours(24 * 365));
}

TEST(FakeClock, StandsStillUntilItIsAdvanced) {
  const absl::Time start = absl::FromUnixMillis(1'700'000'000'123);
  FakeClock clock(start);
  EXPECT_EQ(clock.Now(), start);
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Milliseconds(1'500));
  EXPECT_EQ(clock.Now(), absl::FromUnixMillis(1'700'000'001'623));
  const absl::Duration before = clock.Monotonic();
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Monotonic() - before, absl::Seconds(5));
  clock.Advance(-absl::Seconds(5));
  clock.Advance(-absl::Hours(1));
  EXPECT_EQ(clock.Now(), absl::FromUnixMillis(1'699'996'401'623));
}

}  // namespace
}  // namespace emptychair
