#include "server/call/pipeline.h"

#include <memory>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair {
namespace {

using Step = Pipeline::Step;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Message final : public PipelineSlot {
 public:
  explicit Message(int number) : number_(number) {}
  int number() const { return number_; }

 private:
  const int number_;
};

// A call that does each step when the test says so, and notes what it did.
class TestCall {
 public:
  TestCall() { Take(pipeline_.Continue()); }

  // Begins the oldest step that was not begun.
  void BeginStep() {
    const Step step = steps_.front();
    steps_.erase(steps_.begin());
    if (step == Step::kRead) {
      is_reading_ = true;
    } else if (step == Step::kWrite) {
      writing_ = static_cast<Message*>(pipeline_.front())->number();
    }
    Take(pipeline_.Continue());
  }

  void BeginAll() {
    while (!steps_.empty()) {
      BeginStep();
    }
  }

  // The read brings a message, which is not prepared yet.
  void Read() {
    is_reading_ = false;
    auto message = std::make_unique<Message>(messages_ + 1);
    Message* const slot = message.get();
    const bool is_taken = pipeline_.Read(std::move(message));
    EXPECT_EQ(is_taken, end_.empty());
    if (is_taken) {
      ++messages_;
      is_preparing_ = true;
      unanswered_.push_back(slot);
    }
  }

  void Prepare() {
    is_preparing_ = false;
    Take(pipeline_.Prepared());
  }

  void ReadAndPrepare() {
    Read();
    Prepare();
    BeginAll();
  }

  void CloseRead() {
    is_reading_ = false;
    Take(pipeline_.ReadClosed());
  }

  // Answers the message that is `index`th among those without an answer.
  void Answer(size_t index, const absl::Status& status = absl::OkStatus()) {
    Message* const message = unanswered_[index];
    unanswered_.erase(unanswered_.begin() + static_cast<int64_t>(index));
    Take(pipeline_.Answered(message, status));
  }

  void Write(bool ok = true) {
    if (ok) {
      written_.push_back(writing_);
    }
    writing_ = 0;
    Take(pipeline_.Written(ok));
  }

  void Cancel() { Take(pipeline_.Cancelled()); }
  // Whether there is something left to stop.
  bool Stop() {
    const bool is_under_way = pipeline_.Stop(ShuttingDownError());
    if (is_under_way) {
      Take(pipeline_.Continue());
    }
    return is_under_way;
  }

  bool has_step() const { return !steps_.empty(); }
  bool is_reading() const { return is_reading_; }
  bool is_preparing() const { return is_preparing_; }
  bool is_writing() const { return writing_ != 0; }
  int messages() const { return messages_; }
  size_t unanswered() const { return unanswered_.size(); }
  const std::vector<int>& written() const { return written_; }
  // "": not ended.
  const std::string& end() const { return end_; }

 private:
  void Take(Step step) {
    if (step == Step::kFinish) {
      EXPECT_EQ(end_, "") << "ended twice";
      EXPECT_THAT(unanswered_, IsEmpty()) << "ended with messages that are being worked on";
      EXPECT_THAT(steps_, IsEmpty()) << "ended while a step is being begun";
      EXPECT_EQ(writing_, 0);
      EXPECT_FALSE(is_preparing_);
      const absl::Status status = pipeline_.final_status();
      end_ = status.ok()                    ? "OK"
             : absl::IsCancelled(status)    ? "CANCELLED"
             : ReasonNameOf(status).empty() ? std::string(status.message())
                                            : ReasonNameOf(status);
    } else if (step != Step::kNothing) {
      EXPECT_EQ(end_, "");
      steps_.push_back(step);
    }
  }

  Pipeline pipeline_;
  std::vector<Step> steps_;
  std::vector<Message*> unanswered_;
  std::vector<int> written_;
  int messages_ = 0;
  int writing_ = 0;
  bool is_reading_ = false;
  bool is_preparing_ = false;
  std::string end_;
};

TEST(Pipeline, ReadsOnWhileItIsNotAnswered) {
  TestCall call;
  call.BeginAll();
  ASSERT_TRUE(call.is_reading());
  call.Read();
  EXPECT_FALSE(call.has_step()) << "the message is not prepared";
  call.Prepare();
  call.BeginAll();
  EXPECT_TRUE(call.is_reading());
}

TEST(Pipeline, AnswersInTheOrderOfTheMessages) {
  TestCall call;
  call.BeginAll();
  call.ReadAndPrepare();
  call.ReadAndPrepare();
  call.Answer(1);
  EXPECT_FALSE(call.has_step());
  call.Answer(0);
  call.BeginAll();
  call.Write();
  call.BeginAll();
  call.Write();
  EXPECT_THAT(call.written(), ElementsAre(1, 2));
  call.CloseRead();
  EXPECT_EQ(call.end(), "OK");
}

TEST(Pipeline, ReadsNoFurtherThanSixteenUnwrittenAnswers) {
  TestCall call;
  call.BeginAll();
  while (call.is_reading()) {
    call.ReadAndPrepare();
  }
  EXPECT_EQ(call.messages(), 16);
  call.Answer(0);
  call.BeginAll();
  EXPECT_FALSE(call.is_reading()) << "the answer is not written";
  call.Write();
  call.BeginAll();
  EXPECT_TRUE(call.is_reading());
}

TEST(Pipeline, EndsWithAnErrorAfterTheAnswersBeforeIt) {
  TestCall call;
  call.BeginAll();
  call.ReadAndPrepare();
  call.ReadAndPrepare();
  call.ReadAndPrepare();
  call.Answer(1, absl::DataLossError("lost"));
  call.Answer(0);
  call.BeginAll();
  EXPECT_TRUE(call.is_writing());
  call.Write();
  EXPECT_EQ(call.end(), "") << "the third message is being worked on";
  call.Answer(0);
  EXPECT_THAT(call.written(), ElementsAre(1));
  EXPECT_EQ(call.end(), "lost");
  call.CloseRead();
}

TEST(Pipeline, ReadsNothingBehindAnError) {
  TestCall call;
  call.BeginAll();
  call.ReadAndPrepare();
  call.Read();
  call.Answer(1, absl::DataLossError("lost"));
  call.Prepare();
  call.BeginAll();
  EXPECT_FALSE(call.is_reading());
}

TEST(Pipeline, EndsWithShuttingDownWhenAllIsAnswered) {
  TestCall call;
  call.BeginAll();
  call.ReadAndPrepare();
  EXPECT_TRUE(call.Stop());
  EXPECT_EQ(call.end(), "");
  call.Answer(0);
  call.BeginAll();
  call.Write();
  EXPECT_EQ(call.end(), "SHUTTING_DOWN");
  EXPECT_THAT(call.written(), ElementsAre(1));
}

TEST(Pipeline, DoesNotEndBeforeItHasBegun) {
  Pipeline pipeline;
  EXPECT_TRUE(pipeline.Stop(ShuttingDownError()));
  EXPECT_EQ(pipeline.Continue(), Step::kNothing);
  EXPECT_EQ(pipeline.Continue(), Step::kFinish);
}

TEST(Pipeline, DoesNotEndWhileAStepIsBeingBegun) {
  TestCall call;
  call.Cancel();
  EXPECT_EQ(call.end(), "");
  call.BeginStep();
  EXPECT_EQ(call.end(), "CANCELLED");
}

TEST(Pipeline, TakesNoMessageThatComesAfterItsEnd) {
  TestCall call;
  call.BeginAll();
  call.Cancel();
  EXPECT_EQ(call.end(), "CANCELLED");
  EXPECT_TRUE(call.is_reading());
  call.Read();
  EXPECT_EQ(call.messages(), 0);
}

// Whoever stops it then would come back to a call that is gone.
TEST(Pipeline, IsNotStoppedOnceItHasEnded) {
  TestCall call;
  call.BeginAll();
  call.Cancel();
  EXPECT_EQ(call.end(), "CANCELLED");
  EXPECT_FALSE(call.Stop());
}

TEST(Pipeline, WritesNothingMoreOnceAWriteHasFailed) {
  TestCall call;
  call.BeginAll();
  call.ReadAndPrepare();
  call.ReadAndPrepare();
  call.Answer(0);
  call.Answer(0);
  call.BeginAll();
  call.Write(false);
  EXPECT_FALSE(call.has_step());
  EXPECT_EQ(call.end(), "CANCELLED");
}

// Whatever happens in whatever order: what is written is the answers without a gap from the first
// on, and the call ends once and in time.
TEST(Pipeline, KeepsItsPromisesWhateverHappens) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 5'000; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TestCall call;
    bool is_closed = false;
    bool is_disturbed = false;
    for (int i = 0; i < 200 && call.end().empty(); ++i) {
      switch (random() % 8) {
        case 0:
          if (call.has_step()) call.BeginStep();
          break;
        case 1:
          if (call.is_reading() && !is_closed) call.Read();
          break;
        case 2:
          if (call.is_preparing()) call.Prepare();
          break;
        case 3:
          if (call.unanswered() > 0) {
            const bool fails = random() % 50 == 0;
            is_disturbed = is_disturbed || fails;
            call.Answer(random() % call.unanswered(),
                        fails ? absl::DataLossError("lost") : absl::OkStatus());
          }
          break;
        case 4:
          if (call.is_writing()) {
            const bool ok = random() % 50 != 0;
            is_disturbed = is_disturbed || !ok;
            call.Write(ok);
          }
          break;
        case 5:
          if (call.is_reading() && random() % 20 == 0) {
            is_closed = true;
            call.CloseRead();
          }
          break;
        case 6:
          if (random() % 100 == 0) {
            is_disturbed = true;
            call.Cancel();
          }
          break;
        default:
          if (random() % 100 == 0) {
            is_disturbed = true;
            call.Stop();
          }
          break;
      }
      EXPECT_LE(call.unanswered(), Pipeline::kUnansweredMax);
    }
    // Everything under way comes to its end.
    for (int i = 0; i < 200 && call.end().empty(); ++i) {
      if (call.has_step()) call.BeginStep();
      if (call.is_preparing()) call.Prepare();
      if (call.unanswered() > 0) call.Answer(0);
      if (call.is_writing()) call.Write();
      if (call.is_reading() && call.end().empty()) call.CloseRead();
    }
    EXPECT_NE(call.end(), "");
    EXPECT_FALSE(call.Stop());
    for (size_t i = 0; i < call.written().size(); ++i) {
      EXPECT_EQ(call.written()[i], static_cast<int>(i) + 1);
    }
    if (!is_disturbed) {
      EXPECT_EQ(call.end(), "OK");
      EXPECT_EQ(static_cast<int>(call.written().size()), call.messages());
    }
  }
}

}  // namespace
}  // namespace emptychair
