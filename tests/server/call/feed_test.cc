#include "server/call/feed.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair {
namespace {

using Step = Feed::Step;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A call that does each step when the test says so, and notes what it did.
class TestCall {
 public:
  TestCall() { steps_.push_back(Step::kNothing); }  // The call itself.

  // Begins the oldest step that was not begun.
  void BeginStep() {
    const Step step = steps_.front();
    steps_.erase(steps_.begin());
    is_writing_ = is_writing_ || step == Step::kWrite;
    if (step == Step::kWait) {
      is_waiting_ = !std::exchange(is_rung_, false);
    }
    Take(feed_.Continue());
  }
  void BeginAll() {
    while (!steps_.empty()) {
      BeginStep();
    }
  }

  void Read(const absl::StatusOr<bool>& has_message) {
    is_reading_ = false;
    if (has_message.ok() && *has_message) {
      ++messages_;
    }
    Take(feed_.Read(has_message));
  }
  void End() {
    is_reading_ = false;
    Take(feed_.Ended());
  }
  void Write(bool ok = true) {
    is_writing_ = false;
    written_ += ok ? 1 : 0;
    Take(feed_.Written(ok));
  }
  // Before the wait is begun, too: who waits for changes may be notified for at once.
  void Notify() {
    is_rung_ = !is_waiting_;
    is_waiting_ = false;
    Take(feed_.Notified());
  }
  void Cancel() { Take(feed_.Cancelled()); }
  bool Stop() {
    const bool is_under_way = feed_.Stop(ShuttingDownError());
    if (is_under_way) {
      Take(feed_.Continue());
    }
    return is_under_way;
  }

  bool has_step() const { return !steps_.empty(); }
  bool is_reading() const { return is_reading_; }
  bool is_writing() const { return is_writing_; }
  bool is_waiting() const { return is_waiting_; }
  int messages() const { return messages_; }
  int written() const { return written_; }
  // "": not ended.
  const std::string& end() const { return end_; }

 private:
  void Take(Step step) {
    if (step == Step::kFinish) {
      EXPECT_EQ(end_, "") << "ended twice";
      EXPECT_THAT(steps_, IsEmpty()) << "ended while a step is being begun";
      EXPECT_FALSE(is_reading_) << "ended while it is being read for";
      const absl::Status status = feed_.final_status();
      end_ = status.ok()                    ? "OK"
             : absl::IsCancelled(status)    ? "CANCELLED"
             : ReasonNameOf(status).empty() ? std::string(status.message())
                                            : ReasonNameOf(status);
    } else if (step != Step::kNothing) {
      EXPECT_EQ(end_, "");
      EXPECT_FALSE(is_reading_ || is_writing_ || is_waiting_) << "two things at once";
      if (step == Step::kRead) {
        is_reading_ = true;
      } else {
        steps_.push_back(step);
      }
    }
  }

  Feed feed_;
  std::vector<Step> steps_;
  int messages_ = 0;
  int written_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_waiting_ = false;
  bool is_rung_ = false;
  std::string end_;
};

TEST(Feed, ReadsAndWritesInTurnsUntilThereIsNothingAndThenWaits) {
  TestCall call;
  call.BeginAll();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(call.is_reading());
    call.Read(true);
    call.BeginAll();
    ASSERT_TRUE(call.is_writing());
    call.Write();
  }
  ASSERT_TRUE(call.is_reading());
  call.Read(false);
  call.BeginAll();
  ASSERT_TRUE(call.is_waiting());
  EXPECT_FALSE(call.has_step());
  call.Notify();
  EXPECT_TRUE(call.is_reading());
  EXPECT_EQ(call.written(), 3);
}

TEST(Feed, ReadsAgainIfItIsRungForBeforeTheWaitHasBegun) {
  TestCall call;
  call.BeginAll();
  call.Read(false);
  call.Notify();
  EXPECT_FALSE(call.is_reading());
  call.BeginStep();
  EXPECT_FALSE(call.is_waiting());
  EXPECT_TRUE(call.is_reading());
}

TEST(Feed, EndsWithTheErrorOfARead) {
  TestCall call;
  call.BeginAll();
  call.Read(absl::DataLossError("lost"));
  EXPECT_EQ(call.end(), "lost");
}

TEST(Feed, EndsWithOkOnceNothingWillCome) {
  TestCall call;
  call.BeginAll();
  call.Read(true);
  call.BeginAll();
  call.Write();
  ASSERT_TRUE(call.is_reading());
  call.End();
  EXPECT_EQ(call.end(), "OK");
  EXPECT_EQ(call.written(), 1);
  EXPECT_FALSE(call.Stop());
}

TEST(Feed, EndsWithTheStopThatCameBeforeItsEnd) {
  TestCall call;
  call.BeginAll();
  EXPECT_TRUE(call.Stop());
  call.End();
  EXPECT_EQ(call.end(), "SHUTTING_DOWN");
}

TEST(Feed, EndsAtOnceWhenItIsCancelledWhileItWaits) {
  TestCall call;
  call.BeginAll();
  call.Read(false);
  call.BeginAll();
  call.Cancel();
  EXPECT_EQ(call.end(), "CANCELLED");
  call.Notify();
  EXPECT_FALSE(call.Stop());
}

TEST(Feed, DoesNotEndWhileSomebodyReadsForIt) {
  TestCall call;
  call.BeginAll();
  call.Cancel();
  EXPECT_EQ(call.end(), "");
  call.Read(true);
  EXPECT_EQ(call.end(), "CANCELLED");
  EXPECT_FALSE(call.has_step()) << "nothing is written any more";
}

TEST(Feed, DoesNotEndWhileAStepIsBeingBegun) {
  TestCall call;
  call.BeginAll();
  call.Read(true);
  EXPECT_TRUE(call.Stop());
  EXPECT_EQ(call.end(), "");
  call.BeginStep();
  EXPECT_EQ(call.end(), "SHUTTING_DOWN");
}

TEST(Feed, EndsThoughAWriteIsUnderWayThatNobodyTakes) {
  TestCall call;
  call.BeginAll();
  call.Read(true);
  call.BeginAll();
  EXPECT_TRUE(call.Stop());
  EXPECT_EQ(call.end(), "SHUTTING_DOWN");
  call.Write(false);
}

TEST(Feed, EndsWhenAWriteHasFailed) {
  TestCall call;
  call.BeginAll();
  call.Read(true);
  call.BeginAll();
  call.Write(false);
  EXPECT_EQ(call.end(), "CANCELLED");
}

// Whatever happens in whatever order: one thing at a time, nothing that was read is dropped while
// the call lives, and it ends once, as soon as it can.
TEST(Feed, KeepsItsPromisesWhateverHappens) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 5'000; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TestCall call;
    bool is_disturbed = false;
    for (int i = 0; i < 200 && call.end().empty(); ++i) {
      const bool disturbs = random() % 60 == 0;
      switch (random() % 6) {
        case 0:
          if (call.has_step()) call.BeginStep();
          break;
        case 1:
          if (call.is_reading() && disturbs && random() % 2 == 0) {
            is_disturbed = true;
            call.End();
          } else if (call.is_reading()) {
            is_disturbed = is_disturbed || disturbs;
            call.Read(disturbs ? absl::StatusOr<bool>(absl::DataLossError("lost"))
                               : absl::StatusOr<bool>(random() % 3 != 0));
          }
          break;
        case 2:
          if (call.is_writing()) {
            is_disturbed = is_disturbed || disturbs;
            call.Write(!disturbs);
          }
          break;
        case 3:
          if (call.is_waiting()) call.Notify();
          break;
        case 4:
          if (disturbs) {
            is_disturbed = true;
            call.Cancel();
          }
          break;
        default:
          if (disturbs) {
            is_disturbed = true;
            call.Stop();
          }
          break;
      }
    }
    EXPECT_EQ(call.end().empty(), !is_disturbed || call.has_step() || call.is_reading());
    EXPECT_LE(call.written(), call.messages());
    EXPECT_GE(call.written() + 1, call.messages());
    call.Stop();
    while (call.end().empty() && (call.has_step() || call.is_reading())) {
      if (call.has_step()) call.BeginStep();
      if (call.is_reading()) call.Read(true);
    }
    EXPECT_NE(call.end(), "");
    EXPECT_FALSE(call.Stop());
  }
}

}  // namespace
}  // namespace emptychair
