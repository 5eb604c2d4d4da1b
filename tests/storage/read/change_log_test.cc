// The change log: every change once, in order, as far back as it is kept.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "storage/format/changes.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ChangeLogTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse")).error);
  }

  // "SEQUENCE KIND ID", ids as numbers of answers, or "SEQUENCE survey NUMBER KIND".
  static std::string ToText(uint64_t sequence, const ChangeLogEntry& change) {
    if (change.entity == Entity::kSurvey) {
      return absl::StrCat(sequence, " survey ", change.number, " ", static_cast<int>(change.kind));
    }
    const std::string id = change.id.ToString();
    return absl::StrCat(sequence, " ", static_cast<int>(change.kind), " ",
                        std::stoul(id.substr(id.size() - 12), nullptr, 16));
  }

  std::vector<std::string> ChangesAt(const View& view, uint64_t after) {
    std::vector<std::string> changes;
    EXPECT_OK(
        store().changes().Read(view, after, [&](uint64_t sequence, const ChangeLogEntry& change) {
          changes.push_back(ToText(sequence, change));
          return true;
        }));
    return changes;
  }
  std::vector<std::string> Changes(uint64_t after) { return ChangesAt(*store().view(), after); }

  absl::Status ReadFrom(uint64_t after) {
    return store().changes().Read(*store().view(), after,
                                  [](uint64_t, const ChangeLogEntry&) { return true; });
  }

  // Submits answers `first` to `last` as one group.
  void SubmitMany(uint64_t first, uint64_t last) {
    std::vector<Answer> answers;
    for (uint64_t id = first; id <= last; ++id) {
      answers.push_back({.id = id, .score = 9});
    }
    Submit(store(), answers);
  }
};

INSTANTIATE_TEST_SUITE_P(Places, ChangeLogTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(ChangeLogTest, HasEveryKindOfChangeOnceAndInOrder) {
  const Answer answer{.id = 5, .score = 9};
  SubmitOne(store(), answer);
  SubmitOne(store(), answer);  // Not a change.
  Submit(store(), {{.id = 6, .score = 1}, {.id = 7, .score = 11}, {.id = 8, .score = 3}});
  Exclude(store(), answer, v1::EXCLUSION_REASON_BOT);
  Exclude(store(), answer, v1::EXCLUSION_REASON_BOT);
  Include(store(), answer);
  auto amend = NewCommand();
  *amend->mutable_amend_feedback()->mutable_target() = TargetOf(answer);
  amend->mutable_amend_feedback()->set_set_comment(true);
  amend->mutable_amend_feedback()->set_comment("on second thoughts");
  ASSERT_OK(RunCommand(store(), std::move(amend)).error);
  Erase(store(), answer);
  Erase(store(), answer);
  const std::vector<std::string> all = {"1 survey 1 1", "2 1 5", "3 1 6", "4 1 8",
                                        "5 3 5",        "6 4 5", "7 2 5", "8 5 5"};
  EXPECT_EQ(Changes(0), all);
  Reopen();
  EXPECT_EQ(Changes(0), all);
  EXPECT_THAT(Changes(6), ElementsAre("7 2 5", "8 5 5"));
  EXPECT_THAT(Changes(8), IsEmpty());
  EXPECT_THAT(Changes(99), IsEmpty());
}

TEST_P(ChangeLogTest, GoesOnFromTheMiddleOfALargeGroup) {
  SubmitMany(1, 2'500);
  SubmitMany(2'501, 2'502);
  EXPECT_EQ(Changes(1).size(), 2'502u);
  for (const uint64_t after : {1u, 2u, 1'000u, 1'001u, 1'002u, 2'000u, 2'500u, 2'501u, 2'502u}) {
    const std::vector<std::string> changes = Changes(after);
    ASSERT_EQ(changes.size(), 2'503 - after) << after;
    EXPECT_EQ(changes.front(), absl::StrCat(after + 1, " 1 ", after)) << after;
    EXPECT_EQ(changes.back(), "2503 1 2502") << after;
  }
  EXPECT_THAT(Changes(2'503), IsEmpty());
  const DatabaseDump dump = harness_.Dump();
  for (const auto& [first, value] : dump.at("change")) {
    EXPECT_LE(DecodeChanges(value)->size(), kChangesPerEntry);
  }
}

TEST_P(ChangeLogTest, EndsWhereTheViewEnds) {
  SubmitMany(1, 3);
  const auto view = store().view();
  SubmitMany(4, 5);
  EXPECT_THAT(ChangesAt(*view, 2), ElementsAre("3 1 2", "4 1 3"));
  EXPECT_THAT(ChangesAt(*view, 5), IsEmpty());
}

TEST_P(ChangeLogTest, EndsWhereTheVisitSays) {
  SubmitMany(1, 3);
  std::vector<uint64_t> visited;
  const auto until_three = [&](uint64_t sequence, const ChangeLogEntry&) {
    visited.push_back(sequence);
    return sequence < 3;
  };
  EXPECT_OK(store().changes().Read(*store().view(), 1, until_three));
  EXPECT_THAT(visited, ElementsAre(2, 3));
  const auto fail = [](uint64_t, const ChangeLogEntry&) { return absl::CancelledError("enough"); };
  EXPECT_EQ(store().changes().Read(*store().view(), 1, fail), absl::CancelledError("enough"));
}

// RocksDB drops a table when the next is written, so that there is always more than one to drop.
TEST_P(ChangeLogTest, IsTrimmedByWholeTablesAndSaysSo) {
  harness_.Close();
  StoreOptions options;
  options.change_log_bytes_max = 9'000;
  ASSERT_OK(harness_.Open(std::move(options)));
  uint64_t id = 1;
  for (int table = 0; table < 5; ++table) {
    SubmitMany(id, id + 999);
    id += 1'000;
    std::atomic<bool> stop{false};
    ASSERT_OK(store().Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); }));
  }
  const std::vector<std::string> kept = Changes(0);
  ASSERT_GT(kept.size(), 1'000u);
  ASSERT_LT(kept.size(), 4'000u);
  const uint64_t oldest = 5'001 - kept.size() + 1;
  const absl::Status trimmed = ReadFrom(oldest - 2);
  EXPECT_THAT(trimmed, testing::HasReason(v1::ERROR_REASON_SEQUENCE_TRIMMED));
  EXPECT_THAT(trimmed.message(), ::testing::HasSubstr(absl::StrCat("is ", oldest, ";")));
  EXPECT_EQ(Changes(oldest - 1), kept);
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
}

TEST_P(ChangeLogTest, BeginsWithTheNextChangeInAStoreThatHadNone) {
  SubmitMany(1, 3);
  harness_.Close();
  {
    PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    const DatabaseDump dump = database.Dump();
    for (const auto& [key, value] : dump.at("change")) {
      database.Delete("change", key);
    }
  }
  ASSERT_OK(harness_.Open());
  EXPECT_THAT(Changes(0), IsEmpty());
  EXPECT_THAT(ReadFrom(2), testing::HasReason(v1::ERROR_REASON_SEQUENCE_TRIMMED));
  SubmitMany(4, 4);
  EXPECT_THAT(Changes(0), ElementsAre("5 1 4"));
  EXPECT_THAT(Changes(4), ElementsAre("5 1 4"));
}

TEST_P(ChangeLogTest, DamageStopsTheReaderThereAndIsNamed) {
  SubmitMany(1, 2);
  SubmitMany(3, 4);
  SubmitMany(5, 6);
  harness_.Close();
  {
    PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    database.Put("change", ChangeKey(4), "x");
  }
  ASSERT_OK(harness_.Open());
  EXPECT_THAT(ReadFrom(1), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(Changes(5), ElementsAre("6 1 5", "7 1 6"));
  EXPECT_THAT(VerifyNow(store()).differences,
              ElementsAre(::testing::HasSubstr("UNDECODABLE"), ::testing::HasSubstr("CHANGE_LOG")));
  harness_.Close();
  {
    PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    database.Delete("change", ChangeKey(4));
  }
  ASSERT_OK(harness_.Open());
  EXPECT_THAT(ReadFrom(1), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(ReadFrom(4), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(VerifyNow(store()).differences, ElementsAre(::testing::HasSubstr("CHANGE_LOG")));
  // Put right, so that the end of the test finds nothing.
  harness_.Close();
  {
    PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    std::vector<ChangeLogEntry> changes;
    for (const uint64_t id : {3, 4}) {
      changes.push_back({ChangeKind::kCreated, Entity::kFeedback, 1, IdOf({.id = id})});
    }
    database.Put("change", ChangeKey(4), EncodeChanges(changes));
  }
  ASSERT_OK(harness_.Open());
}

}  // namespace
}  // namespace emptychair::storage
