// A small store to damage, and Verify and RebuildCube run on it, for tests.
#ifndef EMPTYCHAIR_TESTS_STORAGE_CHECK_VERIFY_HARNESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_CHECK_VERIFY_HARNESS_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/store.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

// Three records of "pulse" (number 1).
inline std::vector<Answer> ThreeAnswers() {
  return {
      {.id = 1,
       .score = 9,
       .external_id = "order-1",
       .customer_id = "ann",
       .labels = {{"region", "eu"}}},
      {.id = 2, .time_ms = kNoonMs + 7'200'000, .customer_id = "bob", .zone_offset_seconds = 3'600},
      {.id = 3, .time_ms = kNoonMs + 40 * 86'400'000LL, .score = 0, .external_id = "order-3"}};
}

inline std::string KeyOf(const Answer& answer) { return FeedbackKey{1, IdOf(answer)}.Encode(); }

// An open store in memory whose database can be damaged.
class DamageableStore {
 public:
  DamageableStore() : harness_(Place::kMemory) { EXPECT_OK(harness_.Open()); }

  Store& store() { return harness_.store(); }
  DatabaseDump Dump() const { return harness_.Dump(); }

  // Changes the closed database behind the store's back, and opens it again.
  void Damage(const std::function<void(PlainDatabase&, const DatabaseDump&)>& damage) {
    const DatabaseDump dump = harness_.Dump();
    harness_.Close();
    {
      PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
      damage(database, dump);
    }
    ASSERT_OK(harness_.Open());
  }

 private:
  StoreHarness harness_;
};

// A store with those records, and an empty survey "quiet" (number 2).
class TestStore : public DamageableStore {
 public:
  TestStore() {
    for (store::v1::StoredSurvey survey : {NpsSurvey("pulse", {"region"}), NpsSurvey("quiet")}) {
      // No machine knows this one, so that records can have any offset.
      survey.set_time_zone("Nowhere/Land");
      EXPECT_OK(CreateSurvey(store(), survey).error);
    }
    Submit(store(), ThreeAnswers());
  }
};

inline CubeRowKey DayRow() { return {1, CubeUnit::kDay, 19'783, 0}; }  // 2024-03-01.

// The name of a kind of difference as the API has it.
inline std::string KindName(DifferenceKind kind) {
  const char* const kNames[] = {"UNDECODABLE",
                                "UNKNOWN_SURVEY",
                                "RECORD",
                                "ZONE_OFFSET",
                                "ZONE_CHANGED",
                                "CELL_COUNT",
                                "INDEX_ENTRY_MISSING",
                                "INDEX_ENTRY_EXTRA",
                                "CUSTOMER",
                                "SERIES",
                                "CHANGE_LOG",
                                "COLUMN_MISMATCH",
                                "CUSTOMER_SET",
                                "ACCESS_ENTRY",
                                "ACCESS_INDEX",
                                "AUDIT_CHAIN",
                                "AUDIT_HEAD",
                                "COUNTER"};
  return kNames[static_cast<size_t>(kind)];
}

struct Verdict {
  VerifySummary summary;
  // "KIND where: stored / expected", in the order found.
  std::vector<std::string> differences;
};

inline Verdict VerifyNow(const Store& store) {
  Verdict verdict;
  const auto summary = store.Verify(
      [](const TaskProgress& progress) {
        EXPECT_LE(progress.done, progress.total);
        return absl::OkStatus();
      },
      [&](const Difference& difference) {
        verdict.differences.push_back(absl::StrCat(KindName(difference.kind), " ", difference.where,
                                                   ": ", difference.stored, " / ",
                                                   difference.expected));
        return absl::OkStatus();
      });
  EXPECT_OK(summary.status());
  if (summary.ok()) {
    verdict.summary = *summary;
  }
  return verdict;
}

inline RebuildSummary RebuildNow(Store& store) {
  const auto summary = store.RebuildCube([](const TaskProgress&) { return absl::OkStatus(); });
  EXPECT_OK(summary.status());
  return summary.ok() ? *summary : RebuildSummary();
}

// One change of the database, and what is found then.
struct DamageCase {
  const char* name;
  std::function<void(PlainDatabase&, const DatabaseDump&)> damage;
  ::testing::Matcher<std::vector<std::string>> wanted;
  // Differences that are left when the cube was rebuilt.
  ::testing::Matcher<std::vector<std::string>> left = ::testing::IsEmpty();
};

template <typename DamagedStore>
void CheckDamages(const std::vector<DamageCase>& damages) {
  for (const DamageCase& damage : damages) {
    SCOPED_TRACE(damage.name);
    DamagedStore store;
    ASSERT_NO_FATAL_FAILURE(store.Damage(damage.damage));
    const Verdict verdict = VerifyNow(store.store());
    EXPECT_THAT(verdict.differences, damage.wanted);
    EXPECT_EQ(static_cast<size_t>(verdict.summary.difference_count), verdict.differences.size());
    RebuildNow(store.store());
    EXPECT_THAT(VerifyNow(store.store()).differences, damage.left);
    // What was mended stays so.
    EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 0);
  }
}

// Writes answers on a thread of its own until it is destroyed.
class Writer {
 public:
  explicit Writer(Store& store) : thread_([this, &store] { Write(store); }) {}
  ~Writer() {
    stop_ = true;
    thread_.join();
  }

 private:
  void Write(Store& store) {
    for (uint64_t id = 100; !stop_; id += 20) {
      std::vector<Answer> answers;
      for (uint64_t i = 0; i < 20; ++i) {
        answers.push_back({.id = id + i,
                           .time_ms = kNoonMs + static_cast<int64_t>(id % 4'000) * 60'000,
                           .score = static_cast<int32_t>((id + i) % 11),
                           .external_id = absl::StrCat("w", id + i),
                           .customer_id = absl::StrCat("c", (id + i) % 50),
                           .labels = {{"region", absl::StrCat((id + i) % 7)}}});
      }
      Submit(store, answers);
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// The key of the record's entry by external id.
inline std::string ByExternalIdKeyOf(const DatabaseDump& dump, const Uuid& id) {
  for (const auto& [key, value] : dump.at("feedback_by_external_id")) {
    if (DecodeExternalIdEntries(value)->front().feedback_id == id) {
      return key;
    }
  }
  return "";
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_CHECK_VERIFY_HARNESS_H_
