#include "server/api/executor.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr Lane kLanes[] = {Lane::kQuery, Lane::kScan, Lane::kIngest, Lane::kChange,
                           Lane::kMaintenance};

// One thread a lane, one piece of work waiting.
ExecutorOptions Small() {
  const LaneOptions lane = {.threads = 1, .queue_max = 1, .retry_delay = absl::Milliseconds(70)};
  return {.query = lane, .scan = lane, .ingest = lane, .change = lane, .maintenance = lane};
}

TEST(Executor, DefaultsAreUsableForAnyNumberOfCores) {
  for (int cores : {-1, 0, 1, 2, 3, 64}) {
    const ExecutorOptions options = ExecutorOptions::ForCores(cores);
    for (const LaneOptions& lane :
         {options.query, options.scan, options.ingest, options.maintenance}) {
      EXPECT_GE(lane.threads, 1);
      EXPECT_GE(lane.queue_max, 1);
      EXPECT_GT(lane.retry_delay, absl::ZeroDuration());
    }
    EXPECT_GE(options.query.threads, 2);
  }
}

TEST(Executor, TakesPacedWorkHoweverMuchWaits) {
  Executor executor(Small());
  absl::Notification release;
  int done = 0;
  ASSERT_TRUE(executor.SubmitPaced(Lane::kIngest, [&] { release.WaitForNotification(); }).ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(executor.SubmitPaced(Lane::kIngest, [&] { ++done; }).ok());
  }
  EXPECT_EQ(ReasonOf(executor.Submit(Lane::kIngest, [] {})), v1::ERROR_REASON_QUEUE_FULL);
  release.Notify();
  executor.Stop();
  EXPECT_EQ(done, 100);
  EXPECT_EQ(ReasonOf(executor.SubmitPaced(Lane::kIngest, [] {})), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST(Executor, TellsWhatWaitsAndWhatRuns) {
  Executor executor({.query = {.threads = 2, .queue_max = 10}});
  absl::Barrier running(3);
  absl::Notification release;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(executor
                    .Submit(Lane::kQuery,
                            [&] {
                              running.Block();
                              release.WaitForNotification();
                            })
                    .ok());
  }
  running.Block();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(executor.Submit(Lane::kQuery, [] {}).ok());
  }
  EXPECT_EQ(executor.LoadOf(Lane::kQuery).waiting, 5);
  EXPECT_EQ(executor.LoadOf(Lane::kQuery).running, 2);
  EXPECT_EQ(executor.LoadOf(Lane::kScan).waiting, 0);
  EXPECT_EQ(executor.LoadOf(Lane::kScan).running, 0);
  release.Notify();
  executor.Stop();
  EXPECT_EQ(executor.LoadOf(Lane::kQuery).waiting, 0);
  EXPECT_EQ(executor.LoadOf(Lane::kQuery).running, 0);
}

TEST(Executor, RunsTheWorkOfALaneInOrder) {
  Executor executor({.query = {.threads = 1, .queue_max = 100}});
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    // The queue may be shorter than 100 at any moment, but never longer.
    ASSERT_TRUE(executor.Submit(Lane::kQuery, [&order, i] { order.push_back(i); }).ok());
  }
  executor.Stop();
  ASSERT_THAT(order, testing::SizeIs(100));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(order[i], i);
  }
}

TEST(Executor, UsesAllThreadsOfALane) {
  Executor executor({.query = {.threads = 3, .queue_max = 3}});
  // Three pieces of work that wait for one another end only if they run at once.
  absl::Barrier barrier(3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(executor.Submit(Lane::kQuery, [&] { barrier.Block(); }).ok());
  }
  executor.Stop();
}

TEST(Executor, RefusesWhatAFullLaneCannotHoldAndTakesItLater) {
  for (Lane lane : kLanes) {
    Executor executor(Small());
    absl::Notification started, release, ran;
    ASSERT_TRUE(executor
                    .Submit(lane,
                            [&] {
                              started.Notify();
                              release.WaitForNotification();
                            })
                    .ok());
    started.WaitForNotification();
    ASSERT_TRUE(executor.Submit(lane, [&] { ran.Notify(); }).ok());

    const absl::Status refused = executor.Submit(lane, [] { FAIL() << "refused work ran"; });
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_QUEUE_FULL);
    EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(70));
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(std::string(LaneName(lane))));

    release.Notify();
    ran.WaitForNotification();
    EXPECT_TRUE(executor.Submit(lane, [] {}).ok());
  }
}

TEST(Executor, AFullLaneHoldsUpNoOther) {
  for (Lane busy : kLanes) {
    Executor executor(Small());
    absl::Notification started, release;
    ASSERT_TRUE(executor
                    .Submit(busy,
                            [&] {
                              started.Notify();
                              release.WaitForNotification();
                            })
                    .ok());
    started.WaitForNotification();
    ASSERT_TRUE(executor.Submit(busy, [] {}).ok());
    for (Lane other : kLanes) {
      if (other != busy) {
        absl::Notification ran;
        ASSERT_TRUE(executor.Submit(other, [&] { ran.Notify(); }).ok());
        ran.WaitForNotification();
      }
    }
    release.Notify();
  }
}

TEST(Executor, StopFinishesWhatIsQueuedAndRefusesTheRest) {
  Executor executor({.query = {.threads = 1, .queue_max = 10}});
  absl::Notification started, release;
  int ran = 0;
  ASSERT_TRUE(executor
                  .Submit(Lane::kQuery,
                          [&] {
                            started.Notify();
                            release.WaitForNotification();
                          })
                  .ok());
  started.WaitForNotification();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(executor.Submit(Lane::kQuery, [&] { ++ran; }).ok());
  }
  std::thread stopper([&] { executor.Stop(); });
  release.Notify();
  executor.Stop();
  stopper.join();
  EXPECT_EQ(ran, 10);

  for (Lane lane : kLanes) {
    const absl::Status refused = executor.Submit(lane, [] { FAIL() << "refused work ran"; });
    EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_SHUTTING_DOWN);
    EXPECT_TRUE(RetryDelayOf(refused).has_value());
  }
}

TEST(Executor, RunsAcceptedWorkOnceWhileManySubmitAndOneStops) {
  Executor executor({.query = {.threads = 2, .queue_max = 4},
                     .scan = {.threads = 1, .queue_max = 2},
                     .ingest = {.threads = 2, .queue_max = 1}});
  std::atomic<int> accepted = 0;
  std::atomic<int> ran = 0;
  absl::Notification some_accepted;
  std::vector<std::thread> submitters;
  for (int t = 0; t < 4; ++t) {
    submitters.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const absl::Status status = executor.Submit(kLanes[(t + i) % 3], [&] { ++ran; });
        if (status.ok() && ++accepted == 1'000) {
          some_accepted.Notify();
        }
        if (ReasonOf(status) == v1::ERROR_REASON_SHUTTING_DOWN) {
          return;
        }
      }
    });
  }
  some_accepted.WaitForNotification();
  executor.Stop();
  for (std::thread& submitter : submitters) {
    submitter.join();
  }
  EXPECT_EQ(ran, accepted);
}

}  // namespace
}  // namespace emptychair
