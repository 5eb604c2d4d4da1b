// Random histories of answers, erasures, keys, backups and restores, against a plain model of them.
//
// EMPTYCHAIR_RESTORE_HISTORIES sets how many, else 3.
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/backup_harness.h"
#include "tests/storage/harness/recount.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

constexpr int kSteps = 30;
constexpr int kCustomers = 4;

// Answer `number` is always the same, and always of the same customer.
int CustomerOf(int number) { return number % kCustomers; }

std::string CommentOf(int number) { return absl::StrCat("<marker ", number, ">"); }

Answer AnswerOf(int number) {
  return {.id = static_cast<uint64_t>(number),
          .time_ms = kNoonMs + number,
          .score = number % 11,
          .external_id = absl::StrCat("order-", number),
          .customer_id = absl::StrCat("customer-", CustomerOf(number)),
          .comment = CommentOf(number)};
}

// What was done for good.
struct Event {
  enum class Kind { kRecord, kCustomer, kKey } kind;
  int number = 0;
};

// What a store is to hold.
struct State {
  std::set<int> present;
  std::set<int> known_customers;
  std::map<int, bool> keys;  // Whether it works.
  std::set<size_t> events;   // Those that it was told of, by their place in the history.
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    EXPECT_OK(harness_.Open());
    store_ = &harness_.store();
    EXPECT_OK(CreateSurvey(*store_, NpsSurvey("shop")).error);
    Backup();
  }

  void Run() {
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      switch (Draw(10)) {
        case 0:
        case 1:
        case 2:
          Send(next_number_++);
          break;
        case 3:
          Send(Draw(next_number_));
          break;
        case 4:
          EraseRecord(Draw(next_number_));
          break;
        case 5:
          EraseCustomer(Draw(kCustomers));
          break;
        case 6:
          MakeKey();
          break;
        case 7:
          RevokeKey();
          break;
        case 8:
          Backup();
          break;
        default:
          LoseAndRestore();
          break;
      }
    }
    LoseAndRestore();
    SendAllAgain();
  }

 private:
  int Draw(int below) {
    return below <= 0 ? 0 : std::uniform_int_distribution<int>(0, below - 1)(random_);
  }

  void Send(int number) {
    const std::string answer = ToText(SubmitOne(*store_, AnswerOf(number)));
    if (erased_.count(number) != 0) {
      EXPECT_EQ(answer, "ERASED") << number;
    } else if (state_.present.count(number) != 0) {
      EXPECT_EQ(answer, "existed") << number;
    } else {
      EXPECT_EQ(answer, "accepted") << number;
      state_.present.insert(number);
      state_.known_customers.insert(CustomerOf(number));
    }
  }

  void Note(Event event) {
    state_.events.insert(events_.size());
    events_.push_back(event);
  }

  void EraseRecord(int number) {
    const CommandResult result = Erase(*store_, AnswerOf(number));
    if (state_.present.erase(number) != 0) {
      EXPECT_OK(result.error);
      erased_.insert(number);
      Note({Event::Kind::kRecord, number});
    }
  }

  // Those of the customer's answers that the store has.
  void ForgetCustomer(int customer, State& state) {
    state.known_customers.erase(customer);
    for (auto number = state.present.begin(); number != state.present.end();) {
      if (CustomerOf(*number) != customer) {
        ++number;
        continue;
      }
      erased_.insert(*number);
      number = state.present.erase(number);
    }
  }

  void EraseCustomer(int customer) {
    auto command = NewCommand();
    command->mutable_erase_customer()->set_customer_id(absl::StrCat("customer-", customer));
    command->mutable_erase_customer()->set_mode(v1::ERASE_MODE_DELETE);
    command->mutable_erase_customer()->set_time_ms(kNoonMs);
    const CommandResult result = RunCommand(*store_, std::move(command));
    ASSERT_OK(result.error);
    EXPECT_EQ(result.changed, state_.known_customers.count(customer)) << customer;
    while (store_->view()->erasing->size() > 0) {
      RunCommand(*store_, NewCommand());
    }
    if (result.changed > 0) {
      ForgetCustomer(customer, state_);
      Note({Event::Kind::kCustomer, customer});
    }
  }

  void MakeKey() {
    auto command = NewCommand();
    store::v1::StoredAccess& access = *command->mutable_create_access()->mutable_access();
    access.set_id(static_cast<uint64_t>(++last_key_));
    access.set_name(absl::StrCat("key ", last_key_));
    access.set_role(v1::ROLE_READER);
    access.set_create_time_ms(kNoonMs);
    ASSERT_OK(RunCommand(*store_, std::move(command)).error);
    state_.keys[last_key_] = true;
  }

  void RevokeKey() {
    const int key = 1 + Draw(last_key_);
    auto command = NewCommand();
    command->mutable_revoke_access()->set_id(static_cast<uint64_t>(key));
    command->mutable_revoke_access()->set_time_ms(kNoonMs);
    const bool was_there = RunCommand(*store_, std::move(command)).error.ok();
    EXPECT_EQ(was_there, state_.keys.count(key) != 0);
    if (was_there && std::exchange(state_.keys[key], false)) {
      Note({Event::Kind::kKey, key});
    }
  }

  void Backup() {
    const absl::StatusOr<BackupManifest> manifest = backups_.Backup(*store_);
    ASSERT_OK(manifest);
    saved_.emplace_back(manifest->header.backup_id(), state_);
  }

  void LoseAndRestore() {
    ASSERT_OK(backups_.WriteLedger(*store_));
    restored_.reset();
    harness_.Close();
    const auto& [backup_id, state] =
        saved_[static_cast<size_t>(Draw(static_cast<int>(saved_.size())))];
    const std::string folder = backups_.NewFolder();
    const absl::StatusOr<RestoreReport> report = backups_.RestoreTo(folder, backup_id);
    ASSERT_OK(report);
    state_ = state;
    for (size_t i = 0; i < events_.size(); ++i) {
      if (state_.events.insert(i).second) {
        Replay(events_[i]);
      }
    }
    const DatabaseDump dump = DumpOf(folder);
    EXPECT_THAT(FindFaults(dump), IsEmpty());
    ExpectNoErasedByte(dump);
    auto opened = OpenIn(folder);
    ASSERT_OK(opened);
    restored_ = *std::move(opened);
    store_ = restored_.get();
    EXPECT_EQ(store_->view()->counters.feedback_count(), state_.present.size());
    ExpectKeys();
  }

  void Replay(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kRecord:
        state_.present.erase(event.number);
        break;
      case Event::Kind::kCustomer:
        ForgetCustomer(event.number, state_);
        break;
      case Event::Kind::kKey:
        if (state_.keys.count(event.number) != 0) {
          state_.keys[event.number] = false;
        }
        break;
    }
    // Answers that were erased one by one with their customer.
    for (const int number : erased_) {
      state_.present.erase(number);
    }
  }

  void ExpectKeys() {
    const auto table = store_->view()->access;
    EXPECT_EQ(table->entries().size(), state_.keys.size());
    for (const auto& [key, works] : state_.keys) {
      const AccessEntry* entry = table->Find(static_cast<uint64_t>(key));
      ASSERT_NE(entry, nullptr) << key;
      EXPECT_EQ(entry->stored->revoke_time_ms() == 0, works) << key;
    }
  }

  void ExpectNoErasedByte(const DatabaseDump& dump) {
    for (const auto& [family, entries] : dump) {
      for (const auto& [key, value] : entries) {
        if (!absl::StrContains(value, "<marker ")) {
          continue;
        }
        for (const int number : erased_) {
          EXPECT_FALSE(absl::StrContains(value, CommentOf(number))) << family << ": " << number;
        }
      }
    }
  }

  void SendAllAgain() {
    for (int number = 0; number < next_number_; ++number) {
      Send(number);
    }
  }

  std::mt19937_64 random_;
  StoreHarness harness_{Place::kDisk};
  BackupHarness backups_;
  std::unique_ptr<Store> restored_;
  Store* store_ = nullptr;
  int next_number_ = 0;
  int last_key_ = 0;
  State state_;
  std::set<int> erased_;  // In any store; nothing of them ever comes back.
  std::vector<Event> events_;
  std::vector<std::pair<std::string, State>> saved_;
};

TEST(RestoreModel, AgreesWithAPlainModelOfRandomHistories) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  const auto histories =
      static_cast<uint64_t>(testing::CountFromEnvOr("EMPTYCHAIR_RESTORE_HISTORIES", 3));
  for (uint64_t i = 0; i < histories && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(absl::StrCat("history ", i, " of seed ", seed));
    History(seed + i).Run();
  }
}

}  // namespace
}  // namespace emptychair::storage
