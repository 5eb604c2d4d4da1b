#include "emptychair/client/executor.h"

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;

TEST(ThreadExecutor, RunsTasksInTheirOrderOnOneOtherThread) {
  std::vector<int> order;
  std::set<std::thread::id> threads;
  {
    const CallbackExecutor executor = MakeThreadExecutor();
    for (const int number : {1, 2, 3}) {
      executor([&, number] {
        order.push_back(number);
        threads.insert(std::this_thread::get_id());
      });
    }
    // The destructor waits.
  }
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(ThreadExecutor, TasksCanAddTasks) {
  bool has_run = false;
  {
    const CallbackExecutor executor = MakeThreadExecutor();
    absl::Notification added;
    executor([&] {
      executor([&] { has_run = true; });
      added.Notify();
    });
    added.WaitForNotification();
  }
  EXPECT_TRUE(has_run);
}

TEST(ThreadExecutor, CanGoInsideATask) {
  auto executor = std::make_shared<CallbackExecutor>(MakeThreadExecutor());
  absl::Notification begin;
  absl::Notification end;
  (*executor)([&begin, last = executor]() mutable {
    begin.WaitForNotification();
    last.reset();
  });
  // What was added before is run all the same.
  (*executor)([&end] { end.Notify(); });
  executor.reset();
  begin.Notify();
  end.WaitForNotification();
}

}  // namespace
}  // namespace emptychair
