// The chain of audit events: what is put down, what stays, and what a check finds.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/audit.h"
#include "storage/format/keys.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/plain_database.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreAuditTest : public ::testing::Test {
 protected:
  StoreAuditTest() : harness_(Place::kDisk) {}
  void SetUp() override { ASSERT_OK(harness_.Open()); }

  Store& store() { return harness_.store(); }

  void Note(const std::string& method, int64_t time_ms) {
    CommandPtr command = NewCommand();
    store::v1::StoredAuditEvent& event = *command->mutable_note_audit()->add_events();
    event.set_method(method);
    event.set_time_ms(time_ms);
    ASSERT_OK(store().CarryOut(std::move(command)).error);
  }

  // "NUMBER METHOD", newest first.
  std::vector<std::string> Events() {
    const std::shared_ptr<const View> view = store().view();
    std::vector<std::string> events;
    EXPECT_OK(store().audit().ReadBack(
        *view, view->counters.audit().count() + 1,
        [&](uint64_t number, const AuditHash&, const store::v1::StoredAuditEvent& event) {
          events.push_back(absl::StrCat(number, " ", event.method()));
          return true;
        }));
    return events;
  }

  // The hashes of the events that are kept, newest first.
  std::vector<AuditHash> Hashes() {
    const std::shared_ptr<const View> view = store().view();
    std::vector<AuditHash> hashes;
    EXPECT_OK(store().audit().ReadBack(
        *view, view->counters.audit().count() + 1,
        [&](uint64_t, const AuditHash& hash, const store::v1::StoredAuditEvent&) {
          hashes.push_back(hash);
          return true;
        }));
    return hashes;
  }

  // What a check of the audit alone finds.
  std::vector<std::string> DifferencesOfAudit() {
    std::vector<std::string> found;
    const absl::StatusOr<VerifySummary> summary =
        store().VerifyAudit([](const TaskProgress&) { return absl::OkStatus(); },
                            [&](const Difference& difference) {
                              found.push_back(difference.where);
                              return absl::OkStatus();
                            });
    EXPECT_OK(summary);
    EXPECT_EQ(summary->difference_count, static_cast<int64_t>(found.size()));
    EXPECT_EQ(summary->sequence, store().view()->counters.sequence());
    return found;
  }

  // What is stored of an event.
  std::string Stored(uint64_t number) {
    DatabaseDump dump = harness_.Dump();
    return dump["audit"][AuditKey(number)];
  }

  // Closes the store, has `change` change the database, and checks it.
  template <typename Change>
  std::vector<std::string> DifferencesAfter(Change change) {
    harness_.Close();
    {
      PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
      change(database);
    }
    EXPECT_OK(harness_.Open());
    return VerifyNow(store()).differences;
  }

  StoreHarness harness_;
};

TEST_F(StoreAuditTest, TellsOfACommandThatSucceedsAndOfNoOther) {
  CommandPtr create = NewCommand();
  *create->mutable_create_survey()->mutable_survey() = NpsSurvey("nps");
  create->mutable_audit()->set_method("SurveyService/CreateSurvey");
  CommandPtr other = NewCommand();
  *other = *create;
  other->mutable_create_survey()->mutable_survey()->set_question("Another?");
  ASSERT_OK(store().CarryOut(std::move(create)).error);
  EXPECT_FALSE(store().CarryOut(std::move(other)).error.ok());
  EXPECT_THAT(Events(), ElementsAre("1 SurveyService/CreateSurvey"));
}

TEST_F(StoreAuditTest, GoesOnAfterARestartAndIsSound) {
  Note("a", 1);
  Note("b", 2);
  harness_.Close();
  ASSERT_OK(harness_.Open());
  Note("c", 3);
  EXPECT_THAT(Events(), ElementsAre("3 c", "2 b", "1 a"));
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
}

TEST_F(StoreAuditTest, ForgetsWhatIsOldAndStaysAChain) {
  for (int64_t i = 1; i <= 10; ++i) {
    Note(absl::StrCat("m", i), i);
  }
  CommandPtr trim = NewCommand();
  trim->mutable_trim_audit()->set_before_ms(7);
  trim->mutable_trim_audit()->set_events_max(2);
  ASSERT_OK(store().CarryOut(std::move(trim)).error);
  // The rest follows up, behind what has a place in the log.
  for (int64_t i = 0; i < 1'000 && store().view()->counters.audit().first_kept() != 7; ++i) {
    Note("more", 1'000);
  }
  const std::vector<std::string> events = Events();
  EXPECT_THAT(events.back(), "7 m7");
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
  // All of it is old, but the newest stays: the chain goes on from it.
  trim = NewCommand();
  trim->mutable_trim_audit()->set_before_ms(2'000);
  trim->mutable_trim_audit()->set_events_max(10'000);
  ASSERT_OK(store().CarryOut(std::move(trim)).error);
  EXPECT_THAT(Events(), ElementsAre(events.front()));
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
}

TEST_F(StoreAuditTest, ACheckNamesAnyBitThatWasFlippedInAnEvent) {
  for (int64_t i = 1; i <= 3; ++i) {
    Note(absl::StrCat("m", i), i);
  }
  const std::string value = Stored(2);
  // The version byte aside, bits all over hash and event.
  for (size_t bit = 8; bit < value.size() * 8; bit += 7) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(DifferencesAfter(
                    [&](PlainDatabase& database) { database.Put("audit", AuditKey(2), flipped); }),
                Contains(HasSubstr("audit")))
        << bit;
  }
  EXPECT_THAT(
      DifferencesAfter([&](PlainDatabase& database) { database.Put("audit", AuditKey(2), value); }),
      IsEmpty());
}

TEST_F(StoreAuditTest, ACheckNamesWhatWasRemovedSwappedOrAppended) {
  for (int64_t i = 1; i <= 4; ++i) {
    Note(absl::StrCat("m", i), i);
  }
  const std::string second = Stored(2);
  const std::string third = Stored(3);
  EXPECT_THAT(
      DifferencesAfter([&](PlainDatabase& database) { database.Delete("audit", AuditKey(2)); }),
      Contains(HasSubstr("AUDIT_CHAIN audit event 2")));
  EXPECT_THAT(DifferencesAfter([&](PlainDatabase& database) {
                database.Put("audit", AuditKey(2), third);
                database.Put("audit", AuditKey(3), second);
              }),
              Contains(HasSubstr("AUDIT_CHAIN audit event 2")));
  EXPECT_THAT(DifferencesAfter([&](PlainDatabase& database) {
                database.Put("audit", AuditKey(2), second);
                database.Put("audit", AuditKey(3), third);
                database.Put("audit", AuditKey(5), third);
              }),
              ElementsAre(HasSubstr("AUDIT_CHAIN audit event 5")));
  EXPECT_THAT(DifferencesAfter([&](PlainDatabase& database) {
                database.Delete("audit", AuditKey(5));
                database.Delete("audit", AuditKey(4));
              }),
              ElementsAre(HasSubstr("AUDIT_CHAIN audit event 4"), HasSubstr("AUDIT_HEAD")));
}

TEST_F(StoreAuditTest, EachEventIsReadWithTheHashThatFollowsFromTheOneBefore) {
  for (int64_t i = 1; i <= 3; ++i) {
    Note(absl::StrCat("m", i), i);
  }
  const std::vector<AuditHash> hashes = Hashes();
  ASSERT_THAT(hashes, SizeIs(3));
  AuditHash before{};
  for (uint64_t number = 1; number <= 3; ++number) {
    before = HashOfAudit(before, number, DecodeAudit(Stored(number))->bytes);
    EXPECT_EQ(hashes[3 - number], before) << number;
  }
  EXPECT_EQ(ToAuditHash(store().view()->counters.audit().hash()), before);
}

TEST_F(StoreAuditTest, TheAuditIsAlsoCheckedByItself) {
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("nps")).error);
  for (int64_t i = 1; i <= 3; ++i) {
    Note(absl::StrCat("m", i), i);
  }
  EXPECT_THAT(DifferencesOfAudit(), IsEmpty());
  const std::string third = Stored(3);
  // Damage elsewhere is not its business.
  const std::vector<std::string> all = DifferencesAfter([&](PlainDatabase& database) {
    database.Put("audit", AuditKey(2), third);
    database.Put("feedback_by_customer", "no key", "no value");
  });
  EXPECT_GT(all.size(), 2u);
  EXPECT_THAT(DifferencesOfAudit(), ElementsAre("audit event 2", "audit event 3"));
}

}  // namespace
}  // namespace emptychair::storage
