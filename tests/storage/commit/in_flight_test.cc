// Groups that are applied while the one before them is on its way to the disk.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "tests/helpers/gated_file_system.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InFlightTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.directory = dir_.Join("store");
    options.env = env_.get();
    options.apply_ahead_bytes_min = 1;
    options.on_commit = [this](absl::Duration duration) {
      absl::MutexLock lock(&mutex_);
      commits_.push_back(duration);
    };
    ASSERT_OK_AND_ASSIGN(store_, Store::Open(std::move(options)));
    ASSERT_OK(CreateSurvey(*store_, NpsSurvey("pulse", {"region"})).error);
  }

  // So that a failed test ends.
  void TearDown() override { files_->Open(); }

  void Send(CommandPtr command) {
    store_->Enqueue(std::move(command), false, [this](CommandResult result) {
      absl::MutexLock lock(&mutex_);
      if (!result.outcomes.empty()) {
        answers_.push_back(ToText(result.outcomes.front()));
      } else {
        answers_.push_back(ToText(result));
      }
    });
  }

  std::vector<std::string> WaitForAnswers(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto are_there = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return answers_.size() >= count;
    };
    mutex_.Await(absl::Condition(&are_there));
    return answers_;
  }

  const std::shared_ptr<testing::GatedFileSystem> files_ =
      std::make_shared<testing::GatedFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  testing::TempDir dir_;
  absl::Mutex mutex_;
  std::vector<std::string> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Duration> commits_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Store> store_;
};

CommandPtr EraseCommand(const Answer& answer) {
  auto command = NewCommand();
  *command->mutable_erase_feedback()->mutable_target() = TargetOf(answer);
  return command;
}

TEST_F(InFlightTest, NothingIsAnsweredOrShownBeforeItIsSynced) {
  files_->Close();
  Send(SubmitCommand({{.id = 1}}));
  files_->AwaitSync();
  Send(SubmitCommand({{.id = 2}}));
  EXPECT_THAT(WaitForAnswers(0), IsEmpty());
  EXPECT_EQ(store_->view()->counters.feedback_count(), 0u);
  files_->Open();
  EXPECT_THAT(WaitForAnswers(2), ElementsAre("accepted", "accepted"));
  EXPECT_EQ(store_->view()->counters.feedback_count(), 2u);
}

// However long it had nothing to do before.
TEST_F(InFlightTest, TellsHowLongNobodyGotOnWithAChange) {
  // Nothing is waited for once the survey's own group is through.
  while (store_->StuckFor() != absl::ZeroDuration()) {
  }
  const absl::Time start = absl::Now();
  files_->Close();
  Send(SubmitCommand({{.id = 1}}));
  files_->AwaitSync();
  EXPECT_LE(store_->StuckFor(), absl::Now() - start);
  while (store_->StuckFor() < absl::Milliseconds(30)) {
  }
  // More work does not make it young.
  Send(SubmitCommand({{.id = 2}}));
  EXPECT_GE(store_->StuckFor(), absl::Milliseconds(30));
  files_->Open();
  WaitForAnswers(2);
  // Answers come a moment before the writer has nothing left.
  while (store_->StuckFor() != absl::ZeroDuration()) {
  }
}

TEST_F(InFlightTest, TellsHowLongEachGroupTook) {
  files_->Close();
  const absl::Time start = absl::Now();
  Send(SubmitCommand({{.id = 1}}));
  files_->AwaitSync();
  while (absl::Now() < start + absl::Milliseconds(20)) {
  }
  files_->Open();
  WaitForAnswers(1);
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(static_cast<int64_t>(commits_.size()), store_->Stats().groups);
  EXPECT_LE(commits_.back(), absl::Now() - start);
  EXPECT_GT(commits_.back(), absl::Milliseconds(1));
  EXPECT_GE(commits_.front(), absl::ZeroDuration());
}

TEST_F(InFlightTest, TellsTheSizeOfTheLog) {
  const int64_t before = store_->Stats().log_bytes;
  Send(SubmitCommand({{.id = 1, .comment = std::string(10'000, 'x')}}));
  WaitForAnswers(1);
  EXPECT_GT(store_->Stats().log_bytes, before + 10'000);
}

// Each on top of a group that is not stored yet, and answered after it.
TEST_F(InFlightTest, CommandsAreJudgedByWhatIsOnItsWay) {
  const Answer answer{
      .id = 1, .external_id = "order-1", .customer_id = "anna", .labels = {{"region", "north"}}};
  Answer other = answer;
  other.score = 3;
  Answer same_order = answer;
  same_order.id = 2;
  files_->Close();
  Send(SubmitCommand({answer}));
  files_->AwaitSync();
  Send(SubmitCommand({answer}));
  Send(SubmitCommand({other}));
  Send(SubmitCommand({same_order}));
  Send(EraseCommand(answer));
  Send(SubmitCommand({answer}));
  EXPECT_THAT(WaitForAnswers(0), IsEmpty());
  files_->Open();
  EXPECT_THAT(WaitForAnswers(6), ElementsAre("accepted", "existed", "CONTENT_DIFFERS",
                                             "CONTENT_DIFFERS", "ok", "ERASED"));
  EXPECT_EQ(store_->view()->counters.feedback_count(), 0u);
  EXPECT_OK(store_->Verify([](const TaskProgress&) { return absl::OkStatus(); },
                           [](const Difference& difference) {
                             ADD_FAILURE() << "a difference: " << difference.where;
                             return absl::OkStatus();
                           }));
}

// Also what sets have: bob's first is in flight, and his next is on the same day.
TEST_F(InFlightTest, ActivitiesAreJudgedByWhatIsOnItsWay) {
  const KeyedHash& hash = store_->hash();
  const Deed first{.amount = Euros(1)};
  Deed other = first;
  other.amount = Euros(2);
  const Deed bobs{.id = "b-1", .customer_id = "bob"};
  const Deed bobs_next{.id = "b-2", .customer_id = "bob", .time_ms = kNoonMs + 2};
  const Deed same_day{.id = "v-2", .time_ms = kNoonMs + 1, .amount = Euros(3)};
  const Deed earlier{.id = "v-3", .time_ms = kNoonMs - 86'400'000};
  ASSERT_OK(DefineKind(*store_, "visit", "UTC").error);
  files_->Close();
  Send(RecordCommand(hash, {first, bobs}, "june"));
  files_->AwaitSync();
  Send(RecordCommand(hash, {bobs_next}));
  Send(RecordCommand(hash, {first}));
  Send(RecordCommand(hash, {other}));
  Send(RecordCommand(hash, {same_day}));
  Send(DefineKindCommand("visit", "Asia/Tokyo"));
  Send(TakeBackCommand(1, 1, {IdOf(first, hash)}));
  Send(RecordCommand(hash, {earlier}));
  Send(EraseActivityCommand(1, "v-3"));
  Send(RecordCommand(hash, {earlier}));
  EXPECT_THAT(WaitForAnswers(0), IsEmpty());
  files_->Open();
  EXPECT_THAT(WaitForAnswers(10),
              ElementsAre("accepted", "accepted", "existed", "CONTENT_DIFFERS", "accepted",
                          "KIND_HAS_ACTIVITIES", "ok", "accepted", "ok", "ERASED"));
  EXPECT_EQ(store_->view()->counters.activity_count(), 3u);
  store_.reset();
  const DatabaseDump dump =
      PlainDatabase(env_.get(), dir_.Join("store"), PlainDatabase::Mode::kRead).Dump();
  EXPECT_THAT(FindFaults(dump), IsEmpty());
}

TEST_F(InFlightTest, WhatGathersMeanwhileIsOneGroup) {
  const int64_t groups = store_->Stats().groups;
  files_->Close();
  Send(SubmitCommand({{.id = 1}}));
  files_->AwaitSync();
  for (uint64_t id = 2; id <= 50; ++id) {
    Send(SubmitCommand({{.id = id}}));
  }
  files_->Open();
  EXPECT_EQ(WaitForAnswers(50), std::vector<std::string>(50, "accepted"));
  EXPECT_EQ(store_->Stats().groups, groups + 2);
}

TEST_F(InFlightTest, WhatWaitsIsFinishedWhenTheStoreStops) {
  files_->Close();
  Send(SubmitCommand({{.id = 1}}));
  files_->AwaitSync();
  Send(SubmitCommand({{.id = 2}}));
  store_->Stop();
  Send(SubmitCommand({{.id = 3}}));
  EXPECT_THAT(WaitForAnswers(1), ElementsAre("SHUTTING_DOWN"));
  files_->Open();
  store_.reset();
  EXPECT_THAT(WaitForAnswers(3), ElementsAre("SHUTTING_DOWN", "accepted", "accepted"));
}

}  // namespace
}  // namespace emptychair::storage
