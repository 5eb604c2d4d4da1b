// What was acknowledged is still there after a loss of power. Linked to a store with deliberate
// faults, the same test must find that answers are lost.
//
// EMPTYCHAIR_POWER_LOSSES sets how often the power is lost, else 30.
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/unsynced_loss_file_system.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

constexpr int kSenders = 2;

int Cycles() { return testing::CountFromEnvOr("EMPTYCHAIR_POWER_LOSSES", 30); }

Answer AnswerOf(uint64_t id) {
  return {.id = id,
          .time_ms = kNoonMs + static_cast<int64_t>(id) * 61'000,
          .score = static_cast<int32_t>(id % 11),
          .external_id = id % 3 == 0 ? absl::StrCat("e", id) : "",
          .customer_id = absl::StrCat("c", id % 200),
          .labels = {{"region", absl::StrCat(id % 40)}}};
}

class PowerLossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // With the power safe: what a creation that is cut leaves behind is another test's.
    ASSERT_OK_AND_ASSIGN(store_, Store::Open({.directory = dir_.Join("store")}));
    ASSERT_OK(CreateSurvey(*store_, NpsSurvey("pulse", {"region"}, 30)).error);
    store_.reset();
  }

  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  absl::Status Open() {
    StoreOptions options;
    options.directory = dir_.Join("store");
    options.env = env_.get();
    options.on_failure = [this](const absl::Status&) { ++failures_; };
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
    if (store.ok()) {
      store_ = *std::move(store);
    }
    return store.status();
  }

  void LosePower() {
    files_->CutPower();
    store_.reset();
    const rocksdb::IOStatus lost = files_->LoseUnsynced();
    ASSERT_TRUE(lost.ok()) << lost.ToString();
  }

  // Sends answers until the power is gone: at a sync, or after so many acknowledgements.
  void SendUntilThePowerIsCut() {
    const bool at_sync = Uniform(0, 1) == 0;
    if (at_sync) {
      files_->CutPowerAtSync(Uniform(1, 60));
    }
    const size_t acknowledgements_max =
        acknowledged_.size() + static_cast<size_t>(Uniform(1, at_sync ? 400 : 150));
    std::atomic<bool> is_cut{false};
    std::vector<std::thread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&, batch_size = Uniform(1, 12)] {
        while (!is_cut) {
          std::vector<uint64_t> ids;
          std::vector<Answer> answers;
          for (int64_t i = 0; i < batch_size; ++i) {
            ids.push_back(next_id_++);
            answers.push_back(AnswerOf(ids.back()));
          }
          const CommandResult result = RunCommand(*store_, SubmitCommand(answers), false);
          absl::MutexLock lock(&mutex_);
          sent_.insert(sent_.end(), ids.begin(), ids.end());
          // Nobody hears an answer that comes after the cut.
          if (is_cut || !result.error.ok()) {
            is_cut = true;
            continue;
          }
          acknowledged_.insert(acknowledged_.end(), ids.begin(), ids.end());
          if (acknowledged_.size() >= acknowledgements_max) {
            files_->CutPower();
            is_cut = true;
          }
        }
      });
    }
    for (std::thread& sender : senders) {
      sender.join();
    }
  }

  // How many of the acknowledged answers are not in the store.
  int64_t CountLost() {
    const auto view = store_->view();
    const SurveyView* survey = view->FindSurvey("pulse");
    int64_t lost = 0;
    for (const uint64_t id : acknowledged_) {
      lost += survey == nullptr || !store_->records().Get(*view, *survey, IdOf(AnswerOf(id))).ok();
    }
    return lost;
  }

  // Sends again what was sent in the last cycle; with the power on, all must be there afterwards.
  void SendAgain() {
    std::vector<Answer> answers;
    for (const uint64_t id : sent_) {
      answers.push_back(AnswerOf(id));
    }
    for (const SubmissionOutcome& outcome : Submit(*store_, answers)) {
      EXPECT_NE(outcome.kind, SubmissionOutcome::Kind::kRefused) << outcome.error;
    }
    acknowledged_.insert(acknowledged_.end(), sent_.begin(), sent_.end());
    sent_.clear();
  }

  const std::shared_ptr<testing::UnsyncedLossFileSystem> files_ =
      std::make_shared<testing::UnsyncedLossFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::mt19937_64 random_{testing::SeedFromEnvOrRandom()};
  testing::TempDir dir_;
  std::unique_ptr<Store> store_;
  std::atomic<int> failures_{0};
  std::atomic<uint64_t> next_id_{1};
  absl::Mutex mutex_;  // For the two below while senders run.
  std::vector<uint64_t> acknowledged_;
  std::vector<uint64_t> sent_;
};

TEST_F(PowerLossTest, LosesNoAcknowledgedAnswer) {
  const int cycles = Cycles();
  int cut_while_opening = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    SCOPED_TRACE(absl::StrCat("cycle ", cycle));
    if (Uniform(0, 3) == 0) {
      files_->CutPowerAtSync(Uniform(1, 12));
      cut_while_opening += Open().ok() ? 0 : 1;
      ASSERT_NO_FATAL_FAILURE(LosePower());
    }
    ASSERT_OK(Open());
    if (const int64_t lost = CountLost(); lost > 0) {
      FAIL() << lost << " of " << acknowledged_.size() << " acknowledged answers are lost";
    }
    ASSERT_THAT(
        FindFaults(
            PlainDatabase(env_.get(), dir_.Join("store"), PlainDatabase::Mode::kRead).Dump()),
        ::testing::IsEmpty());
    SendAgain();
    failures_ = 0;
    SendUntilThePowerIsCut();
    ASSERT_NO_FATAL_FAILURE(LosePower());
    EXPECT_LE(failures_, 1);
  }
  EXPECT_GT(acknowledged_.size(), static_cast<size_t>(cycles));
  std::cout << acknowledged_.size() << " acknowledged answers, " << cut_while_opening
            << " cuts while opening" << std::endl;
}

}  // namespace
}  // namespace emptychair::storage
