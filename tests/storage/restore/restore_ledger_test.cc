// What was erased or taken away after a backup stays so in what is restored from it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/values.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/backup_harness.h"
#include "tests/storage/harness/recount.h"

namespace emptychair::storage {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kKey = 0x123456789abcde;

Answer AnswerOf(int number, const std::string& customer_id = "") {
  return {.id = static_cast<uint64_t>(number),
          .time_ms = kNoonMs + number,
          .score = number % 11,
          .external_id = absl::StrCat("order-", number),
          .customer_id = customer_id,
          .comment = absl::StrCat("marker comment ", number)};
}

CommandPtr EraseCustomerCommandOf(const std::string& customer_id, v1::EraseMode mode) {
  auto command = NewCommand();
  command->mutable_erase_customer()->set_customer_id(customer_id);
  command->mutable_erase_customer()->set_mode(mode);
  command->mutable_erase_customer()->set_time_ms(kNoonMs);
  return command;
}

store::v1::StoredAccess KeyOf(uint64_t id, const std::string& name) {
  store::v1::StoredAccess access;
  access.set_id(id);
  access.set_name(name);
  access.set_role(v1::ROLE_ADMIN);
  access.set_all_surveys(true);
  access.set_create_time_ms(kNoonMs);
  access.add_secrets()->set_hash(std::string(32, 'a'));
  return access;
}

class RestoreLedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("shop")).error);
    ASSERT_OK(DefineKind(store(), "visit", "UTC").error);
    auto create = NewCommand();
    *create->mutable_create_access()->mutable_access() = KeyOf(kKey, "till");
    ASSERT_OK(RunCommand(store(), std::move(create)).error);
  }

  Store& store() { return *(restored_ != nullptr ? restored_.get() : &harness_.store()); }

  CommandResult EraseCustomer(const std::string& customer_id,
                              v1::EraseMode mode = v1::ERASE_MODE_DELETE) {
    CommandResult result = RunCommand(store(), EraseCustomerCommandOf(customer_id, mode));
    while (store().view()->erasing->size() > 0) {
      RunCommand(store(), NewCommand());  // Waits for the steps behind it.
    }
    return result;
  }

  std::vector<LedgerItem> Ledger() {
    std::vector<LedgerItem> items;
    EXPECT_OK(store().VisitLedger(*store().view(), Uuid(), [&](const LedgerItem& item) {
      items.push_back(item);
      return absl::OkStatus();
    }));
    return items;
  }

  std::vector<std::string> LedgerKinds() {
    std::vector<std::string> kinds;
    for (const LedgerItem& item : Ledger()) {
      kinds.push_back(store::v1::LedgerKind_Name(item.entry.kind()).substr(12));
    }
    return kinds;
  }

  void Backup() { ASSERT_OK(backups_.Backup(store())); }

  // Loses the store, and goes on with what is restored from the backup.
  RestoreReport LoseAndRestore(bool without_ledger = false) {
    EXPECT_OK(backups_.WriteLedger(store()));
    restored_.reset();
    const std::string folder = backups_.NewFolder();
    absl::StatusOr<RestoreReport> report = backups_.RestoreTo(folder, "latest", without_ledger);
    EXPECT_OK(report);
    if (!report.ok()) {
      return {};
    }
    EXPECT_EQ(report->verified.difference_count, 0);
    EXPECT_THAT(FindFaults(DumpOf(folder)), IsEmpty());
    folder_ = folder;
    auto opened = OpenIn(folder);
    EXPECT_OK(opened);
    restored_ = *std::move(opened);
    return *std::move(report);
  }

  StoreHarness harness_{Place::kDisk};
  BackupHarness backups_;
  std::unique_ptr<Store> restored_;
  std::string folder_;
};

TEST_F(RestoreLedgerTest, EachErasureIsEnteredOnceWithoutAText) {
  Submit(store(), {AnswerOf(1), AnswerOf(2, "ann"), AnswerOf(3, "ann"), AnswerOf(4)});
  Record(store(), {{.kind = "visit", .id = "v1", .customer_id = "ann"},
                   {.kind = "visit", .id = "v2", .customer_id = "bob"}});
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);  // The same again is once.
  ASSERT_OK(EraseCustomer("ann").error);
  ASSERT_OK(EraseCustomer("nobody").error);
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, "v2")).error);
  EXPECT_THAT(LedgerKinds(), ElementsAre("RECORD_ERASED", "CUSTOMER_ERASED", "RECORD_ERASED",
                                         "RECORD_ERASED", "ACTIVITY_ERASED", "ACTIVITY_ERASED"));
  EXPECT_EQ(store().view()->counters.ledger_count(), 6);
  for (const LedgerItem& item : Ledger()) {
    const std::string bytes = EncodeMessage(item.entry);
    for (const char* text : {"ann", "bob", "order-", "marker", "v1", "v2"}) {
      EXPECT_FALSE(absl::StrContains(bytes, text)) << text;
    }
    EXPECT_LE(item.entry.sequence(), store().view()->counters.sequence());
  }
}

TEST_F(RestoreLedgerTest, ErasedStaysErasedWhenEverythingIsSentAgain) {
  const std::vector<Answer> before = {AnswerOf(1), AnswerOf(2, "ann"), AnswerOf(3, "bob")};
  const std::vector<Answer> after = {AnswerOf(11), AnswerOf(12, "ann"), AnswerOf(13, "eve"),
                                     AnswerOf(14)};
  const std::vector<Deed> deeds = {{.kind = "visit", .id = "v1", .customer_id = "ann"},
                                   {.kind = "visit", .id = "v2", .customer_id = "bob"}};
  const std::vector<Deed> late_deeds = {{.kind = "visit", .id = "v3", .customer_id = "bob"}};
  Submit(store(), before);
  Record(store(), deeds);
  Backup();
  Submit(store(), after);
  Record(store(), late_deeds);
  ASSERT_OK(Erase(store(), before[0]).error);
  ASSERT_OK(Erase(store(), after[0]).error);  // The backup has no such record.
  ASSERT_OK(EraseCustomer("ann").error);      // Answers of both times.
  ASSERT_OK(EraseCustomer("eve").error);      // The backup has no such customer.
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, "v2")).error);
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, "v3")).error);
  const RestoreReport report = LoseAndRestore();
  EXPECT_EQ(report.held, 0);
  EXPECT_THAT(ToText(Submit(store(), before)), ElementsAre("ERASED", "ERASED", "existed"));
  EXPECT_THAT(ToText(Submit(store(), after)),
              ElementsAre("ERASED", "ERASED", "ERASED", "accepted"));
  EXPECT_THAT(Record(store(), deeds), Each("ERASED"));
  EXPECT_THAT(Record(store(), late_deeds), Each("ERASED"));
  // By external id alone, too.
  Answer by_external_id = after[0];
  by_external_id.sends_id = false;
  EXPECT_EQ(ToText(SubmitOne(store(), by_external_id)), "ERASED");
  restored_.reset();
  EXPECT_THAT(FindFaults(DumpOf(folder_)), IsEmpty());
}

TEST_F(RestoreLedgerTest, NobodyIsErasedTwiceAndWhoCameBackStays) {
  Submit(store(), {AnswerOf(1, "ann")});
  Backup();
  ASSERT_OK(EraseCustomer("ann").error);
  Submit(store(), {AnswerOf(2, "ann")});  // Came back.
  Backup();
  const RestoreReport report = LoseAndRestore();
  EXPECT_EQ(report.held, 2);
  EXPECT_THAT(report.replayed, IsEmpty());
  EXPECT_THAT(ToText(Submit(store(), {AnswerOf(1, "ann"), AnswerOf(2, "ann")})),
              ElementsAre("ERASED", "existed"));
  // And from the restored one again, whose ledger goes on.
  Backup();
  ASSERT_OK(EraseCustomer("ann").error);
  LoseAndRestore();
  EXPECT_THAT(ToText(Submit(store(), {AnswerOf(1, "ann"), AnswerOf(2, "ann")})),
              ElementsAre("ERASED", "ERASED"));
}

TEST_F(RestoreLedgerTest, AnAnonymizedCustomerStaysInTheNumbers) {
  Submit(store(), {AnswerOf(1, "ann"), AnswerOf(2, "bob")});
  Backup();
  ASSERT_OK(EraseCustomer("ann", v1::ERASE_MODE_ANONYMIZE).error);
  LoseAndRestore();
  const auto view = store().view();
  EXPECT_EQ(CountInCube(store(), *view, "shop", 0, kNoonMs * 2), 2);
  const auto record =
      store().records().Get(*view, *view->FindSurvey("shop"), IdOf(AnswerOf(1, "ann")));
  ASSERT_OK(record);
  EXPECT_TRUE(record->body.is_anonymized());
  EXPECT_EQ(record->body.comment(), "");
  EXPECT_EQ(ToText(SubmitOne(store(), AnswerOf(1, "ann"))), "ERASED");
}

TEST_F(RestoreLedgerTest, WhatIsErasedOfASurveyThatIsMadeLaterWaitsForIt) {
  Backup();
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("late")).error);
  ASSERT_OK(DefineKind(store(), "late-visit", "UTC").error);
  Answer answer = AnswerOf(1, "ann");
  answer.survey = 2;
  Submit(store(), {answer});
  Record(store(), {{.kind_number = 2, .kind = "late-visit", .id = "v1", .customer_id = "ann"}});
  ASSERT_OK(Erase(store(), answer).error);
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(2, "v1")).error);
  const RestoreReport report = LoseAndRestore();
  EXPECT_EQ(report.waiting, 2);
  EXPECT_EQ(store().view()->FindSurvey("late"), nullptr);
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("late")).error);
  ASSERT_OK(DefineKind(store(), "late-visit", "UTC").error);
  EXPECT_EQ(store().view()->counters.ledger_waiting_count(), 0);
  EXPECT_EQ(ToText(SubmitOne(store(), answer)), "ERASED");
  EXPECT_EQ(RecordOne(store(),
                      {.kind_number = 2, .kind = "late-visit", .id = "v1", .customer_id = "ann"}),
            "ERASED");
  restored_.reset();
  EXPECT_THAT(FindFaults(DumpOf(folder_)), IsEmpty());
}

TEST_F(RestoreLedgerTest, ADeletedSurveyIsDeletedAndFreesItsName) {
  Submit(store(), {AnswerOf(1)});
  Record(store(), {{.kind = "visit", .id = "v1", .customer_id = "ann"}});
  Backup();
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);
  auto remove = NewCommand();
  remove->mutable_delete_survey()->set_survey_number(1);
  ASSERT_OK(RunCommand(store(), std::move(remove)).error);
  ASSERT_OK(RunCommand(store(), DeleteKindCommand(1)).error);
  LoseAndRestore();
  EXPECT_EQ(store().view()->FindSurvey("shop"), nullptr);
  EXPECT_EQ(store().view()->FindKind("visit"), nullptr);
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("shop")).error);
  Answer answer = AnswerOf(1);
  answer.survey = store().view()->FindSurvey("shop")->number();
  EXPECT_EQ(ToText(SubmitOne(store(), answer)), "accepted");  // Another survey.
}

TEST_F(RestoreLedgerTest, AnImportIsTakenBackAgain) {
  RunCommand(store(), SubmitCommand({AnswerOf(1), AnswerOf(2)}, "spring"));
  RunCommand(store(), SubmitCommand({AnswerOf(3)}));
  Backup();
  auto take_back = NewCommand();
  take_back->mutable_take_back_feedback()->set_survey_number(1);
  take_back->mutable_take_back_feedback()->set_import_number(1);
  for (const int number : {1, 2}) {
    take_back->mutable_take_back_feedback()->add_feedback_ids(
        std::string(IdOf(AnswerOf(number)).AsBytes()));
  }
  ASSERT_OK(RunCommand(store(), std::move(take_back)).error);
  EXPECT_THAT(LedgerKinds(), ElementsAre("IMPORT_TAKEN_BACK"));
  LoseAndRestore();
  EXPECT_THAT(LedgerKinds(), ElementsAre("IMPORT_TAKEN_BACK"));
  EXPECT_EQ(store().view()->counters.feedback_count(), 1);
  // Their ids are free.
  EXPECT_THAT(ToText(Submit(store(), {AnswerOf(1), AnswerOf(2), AnswerOf(3)})),
              ElementsAre("accepted", "accepted", "existed"));
}

TEST_F(RestoreLedgerTest, KeysComeBackAsTheyWereLeft) {
  auto second = NewCommand();
  *second->mutable_create_access()->mutable_access() = KeyOf(2, "second");
  ASSERT_OK(RunCommand(store(), std::move(second)).error);
  auto third = NewCommand();
  *third->mutable_create_access()->mutable_access() = KeyOf(3, "third");
  const CommandResult third_made = RunCommand(store(), std::move(third));
  ASSERT_OK(third_made.error);
  Backup();

  auto revoke = NewCommand();
  revoke->mutable_revoke_access()->set_id(kKey);
  revoke->mutable_revoke_access()->set_time_ms(kNoonMs + 5);
  ASSERT_OK(RunCommand(store(), std::move(revoke)).error);
  auto rotate = NewCommand();
  rotate->mutable_rotate_access()->set_id(2);
  rotate->mutable_rotate_access()->set_secret_hash(std::string(32, 'b'));
  rotate->mutable_rotate_access()->set_former_not_after_ms(kNoonMs + 10);
  rotate->mutable_rotate_access()->set_time_ms(kNoonMs + 6);
  ASSERT_OK(RunCommand(store(), std::move(rotate)).error);
  auto narrow = NewCommand();
  store::v1::StoredAccess& narrowed = *narrow->mutable_update_access()->mutable_access();
  narrowed = *third_made.access;
  narrowed.set_role(v1::ROLE_READER);
  narrowed.set_all_surveys(false);
  narrowed.add_survey_numbers(1);
  ASSERT_OK(RunCommand(store(), std::move(narrow)).error);
  auto young = NewCommand();
  *young->mutable_create_access()->mutable_access() = KeyOf(4, "young");
  ASSERT_OK(RunCommand(store(), std::move(young)).error);
  auto revoke_young = NewCommand();
  revoke_young->mutable_revoke_access()->set_id(4);
  revoke_young->mutable_revoke_access()->set_time_ms(kNoonMs + 7);
  ASSERT_OK(RunCommand(store(), std::move(revoke_young)).error);

  const RestoreReport report = LoseAndRestore();
  EXPECT_THAT(report.keys_gone, ElementsAre(4));
  const auto table = store().view()->access;
  EXPECT_NE(table->Find(kKey)->stored->revoke_time_ms(), 0);
  EXPECT_EQ(table->Find(4), nullptr);
  const store::v1::StoredAccess& rotated = *table->Find(2)->stored;
  ASSERT_THAT(rotated.secrets(), SizeIs(2));
  EXPECT_EQ(rotated.secrets(0).hash(), std::string(32, 'b'));
  EXPECT_EQ(rotated.secrets(1).not_after_ms(), kNoonMs + 10);
  const store::v1::StoredAccess& less = *table->Find(3)->stored;
  EXPECT_EQ(less.role(), v1::ROLE_READER);
  EXPECT_FALSE(less.all_surveys());
  EXPECT_THAT(less.survey_numbers(), ElementsAre(1));
}

TEST_F(RestoreLedgerTest, ANarrowedKeyGetsNoSurveyThatHasANumberOfALostOne) {
  Backup();
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("lost")).error);  // Number 2.
  auto narrow = NewCommand();
  store::v1::StoredAccess& narrowed = *narrow->mutable_update_access()->mutable_access();
  narrowed = *store().view()->access->Find(kKey)->stored;
  narrowed.set_all_surveys(false);
  narrowed.set_role(v1::ROLE_READER);
  narrowed.add_survey_numbers(2);
  ASSERT_OK(RunCommand(store(), std::move(narrow)).error);
  LoseAndRestore();
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("other")).error);  // Number 2 again.
  EXPECT_THAT(store().view()->access->Find(kKey)->stored->survey_numbers(), IsEmpty());
}

TEST_F(RestoreLedgerTest, IsRefusedWithoutTheLedgerUnlessToldSo) {
  Submit(store(), {AnswerOf(1)});
  Backup();
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);
  // No ledger was written beside the backup.
  const absl::Status refused = backups_.RestoreTo(backups_.NewFolder()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("--without_ledger"));
  ASSERT_OK(backups_.RestoreTo(backups_.NewFolder(), "latest", /*without_ledger=*/true));
  // With it, what was erased is back only where that was asked for.
  const RestoreReport report = LoseAndRestore(/*without_ledger=*/true);
  EXPECT_THAT(report.replayed, IsEmpty());
  EXPECT_EQ(ToText(SubmitOne(store(), AnswerOf(1))), "existed");
}

TEST_F(RestoreLedgerTest, IsRefusedWithALedgerThatIsDamaged) {
  Submit(store(), {AnswerOf(1)});
  Backup();
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);
  ASSERT_OK(backups_.WriteLedger(store()));
  const std::string path = backups_.directory().LedgerPath(store().store_id());
  std::string bytes;
  ASSERT_TRUE(rocksdb::ReadFileToString(rocksdb::Env::Default(), path, &bytes).ok());
  bytes[bytes.size() - 40] ^= 1;
  ASSERT_TRUE(rocksdb::WriteStringToFile(rocksdb::Env::Default(), bytes, path).ok());
  EXPECT_EQ(ReasonOf(backups_.RestoreTo(backups_.NewFolder()).status()),
            v1::ERROR_REASON_BACKUP_DAMAGED);
}

TEST_F(RestoreLedgerTest, LedgersOfAllStoresOfTheDirectoryCount) {
  Submit(store(), {AnswerOf(1), AnswerOf(2)});
  Backup();
  const std::string first = (*ListBackups(backups_.directory()))[0].backup_id;
  LoseAndRestore();
  ASSERT_OK(Erase(store(), AnswerOf(2)).error);  // In the restored one.
  ASSERT_OK(backups_.WriteLedger(store()));
  const std::string folder = backups_.NewFolder();
  ASSERT_OK(backups_.RestoreTo(folder, first));
  restored_ = *OpenIn(folder);
  EXPECT_THAT(ToText(Submit(store(), {AnswerOf(1), AnswerOf(2)})),
              ElementsAre("existed", "ERASED"));
}

TEST_F(RestoreLedgerTest, TheFirstEventOfARestoredStoreSaysWhatItWasMadeFrom) {
  const auto note = [&](const std::string& method) {
    auto command = NewCommand();
    command->mutable_note_audit()->add_events()->set_method(method);
    ASSERT_OK(RunCommand(store(), std::move(command)).error);
  };
  // "NUMBER METHOD KIND: TARGETS FIELDS", newest first.
  const auto events = [&] {
    std::vector<std::string> texts;
    EXPECT_OK(store().audit().ReadBack(
        *store().view(), store().view()->counters.audit().count() + 1,
        [&](uint64_t number, const AuditHash&, const store::v1::StoredAuditEvent& event) {
          std::string& text = texts.emplace_back(
              absl::StrCat(number, " ", event.method(), " ", event.caller_kind(), ":"));
          for (const store::v1::StoredAuditTarget& target : event.targets()) {
            absl::StrAppend(&text, " ", target.kind(), "=", target.id());
          }
          absl::StrAppend(&text, " ", absl::StrJoin(event.fields(), " "));
          return true;
        }));
    return texts;
  };
  note("before");
  Submit(store(), {AnswerOf(1)});
  const absl::StatusOr<BackupManifest> manifest = backups_.Backup(store());
  ASSERT_OK(manifest);
  const store::v1::BackupHeader& backup = manifest->header;
  EXPECT_EQ(backup.counters().audit().count(), 1);
  note("lost");
  ASSERT_OK(Erase(store(), AnswerOf(1)).error);
  const std::string restored =
      absl::StrCat("2 restored ", v1::CALLER_KIND_OFFLINE_TOOL, ": backup=", backup.backup_id(),
                   " store=", backup.store_id(), " sequence=", backup.sequence(), " ");
  LoseAndRestore();
  EXPECT_THAT(events(), ElementsAre(restored, "1 before 0: "));
  // It takes no number of the changes: the ledger's erasure is the next one.
  EXPECT_EQ(store().view()->counters.sequence(), backup.sequence() + 1);
  LoseAndRestore(/*without_ledger=*/true);
  EXPECT_THAT(events(), ElementsAre(restored + "without_ledger", "1 before 0: "));
  note("after");
  EXPECT_THAT(events().front(), "3 after 0: ");
}

}  // namespace
}  // namespace emptychair::storage
