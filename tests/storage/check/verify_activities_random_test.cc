// Verify finds nothing in stores of random activities, and all that a recount in memory finds.
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format/keys.h"
#include "tests/helpers/seed.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kDayMs = 86'400'000;

// Activities of two kinds and few customers, many of one millisecond and some of one entry:
// recorded out of order, erased, taken back.
class RandomActivities {
 public:
  RandomActivities(DamageableStore& store, std::mt19937_64& random)
      : store_(store), random_(random) {
    EXPECT_OK(DefineKind(store_.store(), "visit", "Nowhere/Land").error);
    EXPECT_OK(DefineKind(store_.store(), "purchase", "Nowhere/Land").error);
    // One that is there from the beginning, and later one that is built.
    Subscribe("member", 1, 2);
    for (const char* kind : {"visit", "purchase"}) {
      for (const std::string& id :
           IdsThatShareTheirStart(store_.store().hash(), kind, kNoonMs, 2)) {
        shared_.push_back(
            {.kind_number = std::string(kind) == "visit" ? 1u : 2u, .kind = kind, .id = id});
      }
    }
  }

  void Subscribe(const std::string& kind, uint32_t start, uint32_t end) {
    EXPECT_OK(
        RunCommand(store_.store(), DefineSubscriptionCommand(kind, "Nowhere/Land", start, end))
            .error);
  }

  void Step() {
    std::vector<CommandPtr> commands;
    for (uint64_t i = 0; i < 1 + random_() % 6; ++i) {
      commands.push_back(Command());
    }
    RunInOneGroup(store_.store(), std::move(commands));
  }

 private:
  Deed ADeed() {
    Deed deed;
    if (random_() % 4 == 0) {
      deed = shared_[random_() % shared_.size()];
    } else {
      deed.kind_number = static_cast<uint32_t>(1 + random_() % 2);
      deed.kind = deed.kind_number == 1 ? "visit" : "purchase";
      deed.id = absl::StrCat("a-", random_() % 60);
      deed.time_ms = kNoonMs + static_cast<int64_t>(random_() % 5) * 10 * kDayMs +
                     static_cast<int64_t>(random_() % 2);
      deed.zone_offset_seconds = deed.kind_number == 1 ? 0 : -43'200;
    }
    deed.customer_id = absl::StrCat("c", random_() % 4);
    if (random_() % 3 != 0) {
      deed.amount = Euros(static_cast<int64_t>(random_() % 5) - 2);
    }
    done_.push_back(deed);
    return deed;
  }

  CommandPtr Command() {
    const KeyedHash& hash = store_.store().hash();
    if (done_.empty() || random_() % 3 != 0) {
      std::vector<Deed> deeds;
      for (uint64_t i = 0; i < 1 + random_() % 5; ++i) {
        deeds.push_back(ADeed());
      }
      const uint64_t import = random_() % 3;
      return RecordCommand(hash, deeds, import == 0 ? "" : absl::StrCat("i", import));
    }
    const Deed& deed = done_[random_() % done_.size()];
    if (random_() % 2 == 0) {
      return EraseActivityCommand(deed.kind_number, deed.id);
    }
    std::vector<Uuid> ids;
    for (const Deed& each : done_) {
      ids.push_back(IdOf(each, hash));
    }
    return TakeBackCommand(deed.kind_number, static_cast<uint32_t>(random_() % 5), ids);
  }

  DamageableStore& store_;
  std::mt19937_64& random_;
  std::vector<Deed> shared_;  // Of each kind two whose entries are one.
  std::vector<Deed> done_;
};

// One random change of the database.
void DamageAtRandom(std::mt19937_64& random, PlainDatabase& database, const DatabaseDump& dump) {
  const char* const kFamilies[] = {"activity", "activity_by_customer", "activity_by_id",
                                   "active_set"};
  const std::string family = kFamilies[random() % std::size(kFamilies)];
  const auto& entries = dump.at(family);
  if (entries.empty()) {
    return;
  }
  const auto entry = std::next(entries.begin(), static_cast<int64_t>(random() % entries.size()));
  // The version: whatever is damaged there does not decode.
  std::string value = entry->second;
  value[0] = static_cast<char>(3 + random() % 250);
  if (random() % 2 == 0) {
    database.Put(family, entry->first, value);
  } else {
    // A row that everybody has left may be absent.
    database.Delete(family, entry->first);
  }
}

TEST(VerifyActivities, AgreesWithARecountInMemory) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    DamageableStore store;
    RandomActivities activities(store, random);
    for (int step = 0; step < 25; ++step) {
      if (step == 20) {
        activities.Subscribe("left", 2, 1);
      }
      activities.Step();
    }
    ASSERT_THAT(VerifyNow(store.store()).differences, IsEmpty());
    ASSERT_THAT(FindFaults(store.Dump()), IsEmpty());
    ASSERT_EQ(RebuildNow(store.store()).rows_corrected, 0);
    ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
      DamageAtRandom(random, database, dump);
    }));
    const std::vector<std::string> faults = FindFaults(store.Dump());
    const Verdict verdict = VerifyNow(store.store());
    EXPECT_EQ(verdict.differences.empty(), faults.empty())
        << ::testing::PrintToString(verdict.differences) << ::testing::PrintToString(faults);
    RebuildNow(store.store());
    // Nothing but sets is mended, and those that were right stay so.
    const std::vector<std::string> left = VerifyNow(store.store()).differences;
    EXPECT_LE(left.size(), verdict.differences.size());
    for (const std::string& difference : left) {
      EXPECT_THAT(verdict.differences, ::testing::Contains(difference));
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
