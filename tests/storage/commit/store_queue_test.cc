// What the store takes, what it refuses, and how it stops.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// Collects how commands ended.
class Results {
 public:
  Store::Done Take() {
    return [this](CommandResult result) {
      absl::MutexLock lock(&mutex_);
      texts_.push_back(result.error.ok() ? absl::StrCat(result.outcomes.size(), " stored")
                                         : ReasonNameOf(result.error));
      last_error_ = result.error;
    };
  }
  std::vector<std::string> WaitFor(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return texts_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return texts_;
  }
  std::vector<std::string> SoFar() { return WaitFor(0); }
  absl::Status last_error() {
    absl::MutexLock lock(&mutex_);
    return last_error_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> texts_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
};

class StoreQueueTest : public StoreTest {
 protected:
  // What a command takes once it is proposed.
  static size_t BytesInQueue(CommandPtr command) {
    command->set_epoch(1);
    return command->ByteSizeLong();
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreQueueTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreQueueTest, RefusesWhatDoesNotFitAndSaysWhenToComeBack) {
  const size_t bytes = BytesInQueue(SubmitCommand({{.id = 1}}));
  harness_.Close();
  ASSERT_OK(harness_.Open({.queue_bytes_max = 3 * bytes}));
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  {
    Brake brake(store());
    for (uint64_t id = 1; id <= 3; ++id) {
      store().Enqueue(SubmitCommand({{.id = id}}), false, results.Take());
    }
    EXPECT_EQ(store().Stats().queue_bytes, static_cast<int64_t>(3 * bytes));
    EXPECT_THAT(results.SoFar(), ElementsAre());
    // Refused at once, on this thread.
    store().Enqueue(SubmitCommand({{.id = 4}}), false, results.Take());
    EXPECT_THAT(results.SoFar(), ElementsAre("QUEUE_FULL"));
    EXPECT_EQ(results.last_error().code(), absl::StatusCode::kResourceExhausted);
    ASSERT_TRUE(RetryDelayOf(results.last_error()).has_value());
    EXPECT_GT(*RetryDelayOf(results.last_error()), absl::ZeroDuration());
    EXPECT_EQ(store().Stats().queue_bytes, static_cast<int64_t>(3 * bytes));
  }
  EXPECT_THAT(results.WaitFor(4), ElementsAre("QUEUE_FULL", "1 stored", "1 stored", "1 stored"));
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 4})), "accepted");
  EXPECT_EQ(store().view()->counters.feedback_count(), 4u);
  EXPECT_EQ(store().Stats().queue_bytes, 0);
}

TEST_P(StoreQueueTest, OthersAnswerWhatTheWriterHasNotYet) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  store().CompleteOnePending();  // There is none.
  absl::Notification is_held;
  absl::Notification let_go;
  absl::BlockingCounter all(3);
  Results results;
  {
    Brake brake(store());
    store().Enqueue(SubmitCommand({{.id = 1}}), false, [&](CommandResult result) {
      is_held.Notify();
      let_go.WaitForNotification();
      all.DecrementCount();
    });
    for (uint64_t id = 2; id <= 3; ++id) {
      store().Enqueue(SubmitCommand({{.id = id}}), false,
                      [&, done = results.Take()](CommandResult result) mutable {
                        done(std::move(result));
                        all.DecrementCount();
                      });
    }
  }
  is_held.WaitForNotification();
  for (size_t answered = 1; answered <= 2; ++answered) {
    store().CompleteOnePending();
    EXPECT_THAT(results.SoFar(), SizeIs(answered));
  }
  store().CompleteOnePending();  // None is left.
  EXPECT_THAT(results.SoFar(), ElementsAre("1 stored", "1 stored"));
  let_go.Notify();
  all.Wait();
  EXPECT_THAT(results.SoFar(), ElementsAre("1 stored", "1 stored"));
}

TEST_P(StoreQueueTest, AnswersEachCommandOnceWhoeverDoes) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  constexpr size_t kThreads = 4;
  constexpr uint64_t kCommands = 200;
  Results results;
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t i = 1; i <= kCommands; ++i) {
        store().Enqueue(SubmitCommand({{.id = thread * kCommands + i}}), false, results.Take());
        store().CompleteOnePending();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  results.WaitFor(kThreads * kCommands);
  harness_.Close();
  EXPECT_THAT(results.SoFar(), AllOf(SizeIs(kThreads * kCommands), Each("1 stored")));
}

TEST_P(StoreQueueTest, LetsPacedCallersGoOnWhenHalfOfItIsFree) {
  const size_t bytes = BytesInQueue(SubmitCommand({{.id = 1}}));
  harness_.Close();
  ASSERT_OK(harness_.Open({.queue_bytes_max = 4 * bytes}));
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  absl::Notification went_on;
  {
    Brake brake(store());
    for (uint64_t id = 1; id <= 3; ++id) {
      bool has_room = false;
      store().WhenWritable([&] { has_room = true; });
      EXPECT_TRUE(has_room) << id;
      store().Enqueue(SubmitCommand({{.id = id}}), false, results.Take());
    }
    store().WhenWritable([&] { went_on.Notify(); });
    EXPECT_FALSE(went_on.HasBeenNotified());
  }
  went_on.WaitForNotification();
  EXPECT_THAT(results.WaitFor(3), SizeIs(3));
}

TEST_P(StoreQueueTest, LetsPacedCallersGoOnWhenItStops) {
  harness_.Close();
  ASSERT_OK(harness_.Open({.queue_bytes_max = 1}));
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  bool went_on = false;
  {
    Brake brake(store());
    store().Enqueue(SubmitCommand({{.id = 1}}), false, results.Take());
    store().WhenWritable([&] { went_on = true; });
    store().Stop();
    bool goes_on_at_once = false;
    store().WhenWritable([&] { goes_on_at_once = true; });
    EXPECT_TRUE(goes_on_at_once);
  }
  EXPECT_THAT(results.WaitFor(1), ElementsAre("1 stored"));
  harness_.Close();
  EXPECT_TRUE(went_on);
}

TEST_P(StoreQueueTest, TakesAnyCommandWhenItIsEmpty) {
  harness_.Close();
  ASSERT_OK(harness_.Open({.queue_bytes_max = 10}));
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  {
    Brake brake(store());
    store().Enqueue(SubmitCommand({{.id = 1}, {.id = 2}}), false, results.Take());
    store().Enqueue(SubmitCommand({{.id = 3}}), false, results.Take());
    EXPECT_THAT(results.SoFar(), ElementsAre("QUEUE_FULL"));
  }
  EXPECT_THAT(results.WaitFor(2), ElementsAre("QUEUE_FULL", "2 stored"));
}

TEST_P(StoreQueueTest, AnswersInTheOrderOfArrival) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  std::vector<uint64_t> sequences;
  absl::BlockingCounter left(50);
  {
    Brake brake(store());
    for (uint64_t id = 0; id < 50; ++id) {
      store().Enqueue(SubmitCommand({{.id = id}}), false, [&](CommandResult result) {
        sequences.push_back(result.sequence);
        left.DecrementCount();
      });
    }
  }
  left.Wait();
  std::vector<uint64_t> wanted;
  for (uint64_t sequence = 2; sequence < 52; ++sequence) {
    wanted.push_back(sequence);
  }
  EXPECT_EQ(sequences, wanted);
  // All that had gathered was one write.
  EXPECT_EQ(store().Stats().groups, 2);
}

TEST_P(StoreQueueTest, FinishesWhatWasTakenWhenItStops) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  {
    Brake brake(store());
    for (uint64_t id = 1; id <= 3; ++id) {
      store().Enqueue(SubmitCommand({{.id = id}}), false, results.Take());
    }
    store().Stop();
    store().Stop();
    store().Enqueue(SubmitCommand({{.id = 4}}), false, results.Take());
    EXPECT_THAT(results.SoFar(), ElementsAre("SHUTTING_DOWN"));
    EXPECT_EQ(results.last_error().code(), absl::StatusCode::kUnavailable);
  }
  harness_.Close();
  EXPECT_THAT(results.SoFar(), ElementsAre("SHUTTING_DOWN", "1 stored", "1 stored", "1 stored"));
  ASSERT_OK(harness_.Open());
  EXPECT_THAT(ToText(Submit(store(), {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}})),
              ElementsAre("existed", "existed", "existed", "accepted"));
}

TEST_P(StoreQueueTest, FinishesWhatWasTakenWhenItIsDestroyed) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Results results;
  for (uint64_t id = 1; id <= 200; ++id) {
    store().Enqueue(SubmitCommand({{.id = id}}), false, results.Take());
  }
  harness_.Close();
  EXPECT_EQ(results.SoFar(), std::vector<std::string>(200, "1 stored"));
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(store().view()->counters.feedback_count(), 200u);
}

// No query sees half a group: a record without its counts, or counts without their record.
TEST_P(StoreQueueTest, ShowsWholeGroupsToQueriesBesideIt) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  absl::Notification stop;
  std::thread reader([&] {
    uint64_t last = 0;
    while (!stop.HasBeenNotified()) {
      const auto view = store().view();
      const uint64_t count = view->counters.feedback_count();
      ASSERT_GE(count, last);
      last = count;
      ASSERT_EQ(view->counters.sequence(), count + 1);
      ASSERT_EQ(CountInCube(store(), *view, "pulse", 0, 2 * kNoonMs), static_cast<int64_t>(count));
      uint64_t scanned = 0;
      const SurveyView& survey = *view->FindSurvey("pulse");
      ASSERT_OK(
          store().records().Scan(*view, {.surveys = {&survey}}, [&](const ScannedRecord& record) {
            EXPECT_LT(record.header.series, survey.series_count);
            ++scanned;
            return true;
          }));
      ASSERT_EQ(scanned, count);
    }
  });
  constexpr uint64_t kBatches = 150;
  absl::BlockingCounter left(kBatches);
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    std::vector<Answer> answers;
    for (uint64_t i = 0; i < 1 + batch % 9; ++i) {
      answers.push_back({.id = batch * 10 + i,
                         .score = static_cast<int32_t>(i),
                         .labels = {{"region", std::to_string(batch * i)}}});
    }
    store().Enqueue(SubmitCommand(answers), false, [&](CommandResult) { left.DecrementCount(); });
  }
  left.Wait();
  stop.Notify();
  reader.join();
}

}  // namespace
}  // namespace emptychair::storage
