// Many senders of the same answers, each in an order of its own, some of whom do not wait for the
// outcome, beside readers who look for halves: each answer is stored once, what was acknowledged
// can be read at once, and no reader ever sees a record without its counts.
//
// EMPTYCHAIR_SENDER_IDS sets how many answers there are, else 600.
#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

constexpr int kSenders = 8;
constexpr size_t kBatchMax = 20;

uint64_t Ids() {
  return static_cast<uint64_t>(testing::CountFromEnvOr("EMPTYCHAIR_SENDER_IDS", 600));
}

Answer AnswerOf(uint64_t id) {
  return {.id = id,
          .time_ms = kNoonMs + static_cast<int64_t>(id % 5'000) * 61'000,
          .score = static_cast<int32_t>(id % 11),
          .external_id = id % 3 == 0 ? absl::StrCat("order-", id) : "",
          .customer_id = absl::StrCat("customer-", id % 50),
          .labels = {{"region", absl::StrCat(id % 7)}}};
}

class SendersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.directory = dir_.Join("store");
    options.apply_ahead_bytes_min = 1;
    ASSERT_OK_AND_ASSIGN(store_, Store::Open(std::move(options)));
    ASSERT_OK(CreateSurvey(*store_, NpsSurvey("pulse", {"region"})).error);
  }

  // Sends every answer; leaves some calls without waiting for how they end.
  void SendAll(uint64_t seed, uint64_t ids) {
    std::mt19937_64 random(seed);
    std::vector<uint64_t> order(ids);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    for (size_t first = 0; first < order.size();) {
      const size_t end = std::min(order.size(), first + 1 + random() % kBatchMax);
      std::vector<uint64_t> batch(order.begin() + static_cast<int64_t>(first),
                                  order.begin() + static_cast<int64_t>(end));
      if (random() % 4 == 0) {
        Leave(batch);
      } else {
        SendAndRead(batch);
      }
      first = end;
    }
  }

  static CommandPtr CommandFor(const std::vector<uint64_t>& ids) {
    std::vector<Answer> answers;
    for (const uint64_t id : ids) {
      answers.push_back(AnswerOf(id));
    }
    return SubmitCommand(answers);
  }

  void Leave(const std::vector<uint64_t>& ids) {
    store_->Enqueue(CommandFor(ids), false, [this](CommandResult result) {
      EXPECT_OK(result.error);
      Count(result);
    });
  }

  void SendAndRead(const std::vector<uint64_t>& ids) {
    const CommandResult result = RunCommand(*store_, CommandFor(ids), false);
    EXPECT_OK(result.error);
    Count(result);
    const auto view = store_->view();
    for (const uint64_t id : ids) {
      EXPECT_OK(store_->records().Get(*view, *view->FindSurvey("pulse"), IdOf(AnswerOf(id))))
          << "an acknowledged answer that cannot be read: " << id;
    }
  }

  void Count(const CommandResult& result) {
    for (const SubmissionOutcome& outcome : result.outcomes) {
      accepted_ += outcome.kind == SubmissionOutcome::Kind::kAccepted ? 1 : 0;
      EXPECT_NE(outcome.kind, SubmissionOutcome::Kind::kRefused) << outcome.error;
    }
  }

  // Every count of one view agrees with its records.
  void ExpectNoHalves() {
    const auto view = store_->view();
    const auto count = static_cast<int64_t>(view->counters.feedback_count());
    EXPECT_EQ(CountInCube(*store_, *view, "pulse", 0, 2 * kNoonMs), count) << "half a group";
    int64_t scanned = 0;
    const SurveyView& survey = *view->FindSurvey("pulse");
    EXPECT_OK(
        store_->records().Scan(*view, {.surveys = {&survey}}, [&](const ScannedRecord& /*record*/) {
          ++scanned;
          return true;
        }));
    EXPECT_EQ(scanned, count) << "half a group";
  }

  testing::TempDir dir_;
  std::unique_ptr<Store> store_;
  std::atomic<int64_t> accepted_{0};
};

TEST_F(SendersTest, StoreEachAnswerOnceAndNeverByHalves) {
  const uint64_t ids = Ids();
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  absl::Notification stop;
  std::thread checker([&] {
    while (!stop.HasBeenNotified() && !HasFailure()) {
      ExpectNoHalves();
    }
  });
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] { SendAll(seed + static_cast<uint64_t>(sender), ids); });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  SendAndRead({0});  // After everything that was left.
  stop.Notify();
  checker.join();

  EXPECT_EQ(accepted_, static_cast<int64_t>(ids)) << "answers stored twice or not at all";
  const auto view = store_->view();
  EXPECT_EQ(view->counters.feedback_count(), ids);
  EXPECT_EQ(view->counters.sequence(), ids + 1);
  ExpectNoHalves();
  EXPECT_OK(store_->Verify([](const TaskProgress&) { return absl::OkStatus(); },
                           [](const Difference& difference) {
                             ADD_FAILURE() << "a difference: " << difference.where;
                             return absl::OkStatus();
                           }));
}

}  // namespace
}  // namespace emptychair::storage
