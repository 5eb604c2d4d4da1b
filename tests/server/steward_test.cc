#include "server/steward.h"

#include <atomic>
#include <memory>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr absl::Duration kSoon = absl::Milliseconds(1);
constexpr absl::Duration kNever = absl::Hours(1);

TEST(Steward, WorksAgainAndAgainOnTheMaintenanceLane) {
  Executor executor(ExecutorOptions::ForCores(2));
  absl::Notification third;
  int times = 0;
  Steward steward(&executor, Lane::kMaintenance, kSoon, [&] {
    if (++times == 3) {
      third.Notify();
    }
  });
  third.WaitForNotification();
}

TEST(Steward, NeverWorksTwiceAtOnceAndWaitsForTheLast) {
  Executor executor(ExecutorOptions::ForCores(2));
  absl::Notification begun;
  absl::Notification goes_on;
  std::atomic<int> at_work = 0;
  std::atomic<bool> has_ended = false;
  auto steward = std::make_unique<Steward>(&executor, Lane::kMaintenance, kSoon, [&] {
    EXPECT_EQ(++at_work, 1);
    if (!begun.HasBeenNotified()) {
      begun.Notify();
      goes_on.WaitForNotification();
      has_ended = true;
    }
    --at_work;
  });
  begun.WaitForNotification();
  goes_on.Notify();
  steward.reset();
  EXPECT_TRUE(has_ended);
}

TEST(Steward, ComesByAgainWhenItIsRefused) {
  ExecutorOptions options = ExecutorOptions::ForCores(2);
  options.maintenance.queue_max = 1;
  Executor executor(options);
  absl::Notification goes_on;
  absl::Notification worked;
  // One that runs, one that waits.
  for (int i = 0; i < 2; ++i) {
    while (!executor.Submit(Lane::kMaintenance, [&] { goes_on.WaitForNotification(); }).ok()) {
    }
  }
  Steward steward(&executor, Lane::kMaintenance, kSoon, [&] {
    if (!worked.HasBeenNotified()) {
      worked.Notify();
    }
  });
  EXPECT_FALSE(worked.HasBeenNotified());
  goes_on.Notify();
  worked.WaitForNotification();
}

TEST(Steward, EndsWithoutHavingWorked) {
  Executor executor(ExecutorOptions::ForCores(2));
  Steward(&executor, Lane::kMaintenance, kNever, [] { FAIL(); });
  executor.Stop();
  Steward(&executor, Lane::kMaintenance, kSoon, [] { FAIL(); });
}

}  // namespace
}  // namespace emptychair
