// Customers who are erased: gone at once, in steps behind, and for ever.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "storage/check/verify.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kDayMs = 86'400'000;

CommandPtr EraseCommand(const std::string& customer_id, v1::EraseMode mode) {
  auto command = NewCommand();
  command->mutable_erase_customer()->set_customer_id(customer_id);
  command->mutable_erase_customer()->set_mode(mode);
  command->mutable_erase_customer()->set_time_ms(kNoonMs);
  return command;
}

// Erases a customer, and holds the store between the first step and the next.
class HeldErasure {
 public:
  HeldErasure(Store& store, const std::string& customer_id, v1::EraseMode mode) {
    store.Enqueue(EraseCommand(customer_id, mode), false, [this](CommandResult result) {
      result_ = std::move(result);
      holds_.Notify();
      let_go_.WaitForNotification();
      ended_.Notify();
    });
    holds_.WaitForNotification();
  }
  ~HeldErasure() {
    let_go_.Notify();
    ended_.WaitForNotification();
  }
  const CommandResult& result() const { return result_; }

 private:
  CommandResult result_;
  absl::Notification holds_;
  absl::Notification let_go_;
  absl::Notification ended_;
};

class StoreEraseCustomerTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("nps", {"region"})).error);
    ASSERT_OK(DefineKind(store(), "visit", "UTC").error);
  }

  // Answers and activities, some each, of `customer_id`; their texts all have `marker` in them.
  void Fill(const std::string& customer_id, const std::string& marker, int each) {
    std::vector<Answer> answers;
    std::vector<Deed> deeds;
    for (int i = 0; i < each; ++i) {
      answers.push_back(AnswerOf(customer_id, marker, i));
      deeds.push_back(DeedOf(customer_id, marker, i));
    }
    for (const SubmissionOutcome& outcome : Submit(store(), answers)) {
      ASSERT_EQ(ToText(outcome), "accepted");
    }
    for (const std::string& outcome : Record(store(), deeds)) {
      ASSERT_EQ(outcome, "accepted");
    }
  }

  static Answer AnswerOf(const std::string& customer_id, const std::string& marker, int i) {
    return {.id = static_cast<uint64_t>(std::hash<std::string>()(marker) % 1'000'000 + i),
            .time_ms = kNoonMs + i * kDayMs,
            .sends_id = i % 2 == 0,
            .sends_time = true,
            .score = i % 11,
            .external_id = absl::StrCat(marker, "-ext-", i),
            .customer_id = customer_id,
            .comment = absl::StrCat(marker, " said"),
            .labels = {{"note", absl::StrCat(marker, "-label")}, {"region", "north"}}};
  }

  static Deed DeedOf(const std::string& customer_id, const std::string& marker, int i) {
    return {.id = absl::StrCat(marker, "-act-", i),
            .customer_id = customer_id,
            .time_ms = kNoonMs + i * kDayMs,
            .amount = Euros(i % 3),
            .labels = {{"shop", absl::StrCat(marker, "-shop")}}};
  }

  bool Erase(const std::string& customer_id, v1::EraseMode mode) {
    const CommandResult result = RunCommand(store(), EraseCommand(customer_id, mode));
    EXPECT_OK(result.error);
    return result.changed != 0;
  }

  // Waits until nothing of it is left to do.
  void Finish() {
    while (!store().view()->erasing->empty()) {
      RunCommand(store(), NewCommand());
    }
  }

  std::optional<uint32_t> OrdinalOf(const std::string& customer_id) {
    const auto ordinal = store().records().CustomerOrdinal(*store().view(), customer_id);
    EXPECT_OK(ordinal.status());
    return ordinal.value_or(std::nullopt);
  }

  // The ids of customers, as a list of the survey's answers has them.
  std::vector<std::string> Listed() {
    const auto view = store().view();
    std::vector<std::string> ids;
    EXPECT_OK(store().records().Scan(*view, {.surveys = {&Survey(*view, "nps")}},
                                     [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
                                       ids.push_back(*store().records().CustomerId(
                                           *view, record.header.customer_ordinal));
                                       return true;
                                     }));
    return ids;
  }

  absl::StatusOr<FeedbackRecord> Stored(const Answer& answer) {
    const auto view = store().view();
    return store().records().Get(*view, Survey(*view, "nps"), IdOf(answer));
  }

  // Customers active ever, and those who were for the first time.
  std::vector<uint32_t> ActiveEver(CustomerSet set = CustomerSet::kActive) {
    const auto view = store().view();
    CustomerSetRow row;
    EXPECT_OK(store()
                  .customer_sets()
                  .Open(*view, *view->FindKind("visit"))
                  ->Add(set, {CubeUnit::kDay, 0, 100'000}, 0, row));
    std::vector<uint32_t> members;
    for (const uint16_t member : row.Members()) {
      members.push_back(member);
    }
    return members;
  }

  // Values of the database with the text in them.
  std::vector<std::string> ValuesWith(const std::string& text) {
    std::vector<std::string> found;
    for (const auto& [family, entries] : harness_.Dump()) {
      for (const auto& [key, value] : entries) {
        if (absl::StrContains(key, text) || absl::StrContains(value, text)) {
          found.push_back(absl::StrCat(family, ": ", value));
        }
      }
    }
    return found;
  }

  std::vector<std::string> Differences() {
    std::vector<std::string> differences;
    EXPECT_OK(store()
                  .Verify([](const TaskProgress&) { return absl::OkStatus(); },
                          [&](const Difference& difference) {
                            differences.push_back(
                                absl::StrCat(difference.where, ": ", difference.stored));
                            return absl::OkStatus();
                          })
                  .status());
    return differences;
  }

  int64_t Counted() {
    return CountInCube(store(), *store().view(), "nps", 0, kNoonMs + 10'000 * kDayMs);
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreEraseCustomerTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreEraseCustomerTest, IsGoneFromListsScansAndSetsAtOnce) {
  Fill("bob", "bobs", 1);
  Fill("anna", "annas", 3);
  for (const v1::EraseMode mode : {v1::ERASE_MODE_DELETE, v1::ERASE_MODE_ANONYMIZE}) {
    SCOPED_TRACE(v1::EraseMode_Name(mode));
    const std::string marker = mode == v1::ERASE_MODE_DELETE ? "annas" : "again";
    {
      HeldErasure erasure(store(), "anna", mode);
      EXPECT_EQ(erasure.result().changed, 1);
      EXPECT_EQ(OrdinalOf("anna"), std::nullopt);
      EXPECT_THAT(Listed(), ElementsAre("bob"));
      EXPECT_THAT(ActivitiesOf(store(), "visit"), SizeIs(1));
      EXPECT_THAT(ActiveEver(), ElementsAre(1u));
      EXPECT_THAT(ActiveEver(CustomerSet::kFirstEver), ElementsAre(1u));
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ReasonNameOf(Stored(AnswerOf("anna", marker, i)).status()), "FEEDBACK_NOT_FOUND");
      }
      // Numbers that add up over all customers follow.
      EXPECT_EQ(Counted(), 4);
    }
    Finish();
    if (mode == v1::ERASE_MODE_DELETE) {
      Fill("anna", "again", 3);
    }
  }
}

TEST_P(StoreEraseCustomerTest, LeavesNothingButTombstonesOfOneWhoIsDeleted) {
  Fill("anna", "annas", 250);
  Fill("bob", "bobs", 2);
  ASSERT_FALSE(ValuesWith("annas").empty());
  EXPECT_TRUE(Erase("anna", v1::ERASE_MODE_DELETE));
  Finish();
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(ValuesWith("anna"), IsEmpty());
    EXPECT_THAT(Listed(), ElementsAre("bob", "bob"));
    EXPECT_EQ(Counted(), 2);
    EXPECT_THAT(ActiveEver(), ElementsAre(2u));
    EXPECT_THAT(ActiveEver(CustomerSet::kTwice), IsEmpty());
    EXPECT_EQ(store().view()->counters.feedback_count(), 2u);
    EXPECT_EQ(store().view()->counters.activity_count(), 2u);
    EXPECT_THAT(Differences(), IsEmpty());
    Reopen();
  }
  EXPECT_FALSE(Erase("anna", v1::ERASE_MODE_DELETE));
}

TEST_P(StoreEraseCustomerTest, KeepsWhatNumbersAreMadeOfOfOneWhoIsAnonymized) {
  Fill("anna", "annas", 250);
  Fill("bob", "bobs", 2);
  ASSERT_OK(Exclude(store(), AnswerOf("anna", "annas", 0), v1::EXCLUSION_REASON_STAFF,
                    "annas boss said so")
                .error);
  const int64_t counted = Counted();
  const DatabaseDump before = harness_.Dump();
  EXPECT_TRUE(Erase("anna", v1::ERASE_MODE_ANONYMIZE));
  Finish();
  const DatabaseDump after = harness_.Dump();
  for (const std::string family :
       {"cell", "active_set", "activity_by_customer", "feedback_by_customer"}) {
    EXPECT_EQ(before.at(family), after.at(family)) << family;
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(ValuesWith("anna"), IsEmpty());
    EXPECT_EQ(Counted(), counted);
    EXPECT_THAT(ActiveEver(), ElementsAre(1u, 2u));
    EXPECT_THAT(Listed(), SizeIs(252));
    const auto record = Stored(AnswerOf("anna", "annas", 2));
    ASSERT_OK(record.status());
    EXPECT_EQ(record->header.score, 2);
    EXPECT_EQ(record->customer_id, "");
    ASSERT_EQ(record->body.labels_size(), 1);
    EXPECT_EQ(record->body.labels(0).value(), "north");
    EXPECT_THAT(Differences(), IsEmpty());
    Reopen();
  }
}

TEST_P(StoreEraseCustomerTest, RefusesWhatIsSentAgain) {
  for (const v1::EraseMode mode : {v1::ERASE_MODE_DELETE, v1::ERASE_MODE_ANONYMIZE}) {
    const std::string marker = v1::EraseMode_Name(mode);
    Fill("anna", marker, 4);
    // Before, between and after the steps.
    std::vector<CommandPtr> commands;
    commands.push_back(EraseCommand("anna", mode));
    commands.push_back(SubmitCommand({AnswerOf("anna", marker, 0), AnswerOf("anna", marker, 1)}));
    commands.push_back(RecordCommand(store().hash(), {DeedOf("anna", marker, 0)}));
    const std::vector<CommandResult> results = RunInOneGroup(store(), std::move(commands));
    EXPECT_THAT(ToText(results[1].outcomes), ElementsAre("ERASED", "ERASED"));
    EXPECT_THAT(ToText(results[2].outcomes), ElementsAre("ERASED"));
    Finish();
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(ToText(SubmitOne(store(), AnswerOf("anna", marker, i))), "ERASED");
      EXPECT_EQ(RecordOne(store(), DeedOf("anna", marker, i)), "ERASED");
    }
    EXPECT_EQ(OrdinalOf("anna"), std::nullopt);
  }
}

TEST_P(StoreEraseCustomerTest, WhoComesAgainIsAnotherCustomer) {
  Fill("anna", "annas", 1);
  ASSERT_EQ(OrdinalOf("anna"), 1u);
  EXPECT_TRUE(Erase("anna", v1::ERASE_MODE_DELETE));
  Deed deed = DeedOf("anna", "new", 0);
  deed.time_ms += 40 * kDayMs;
  ASSERT_EQ(RecordOne(store(), deed), "accepted");
  Finish();
  EXPECT_EQ(OrdinalOf("anna"), 2u);
  EXPECT_THAT(ActiveEver(CustomerSet::kFirstEver), ElementsAre(2u));
  EXPECT_EQ(store().view()->counters.erased_customer_count(), 1u);
}

TEST_P(StoreEraseCustomerTest, GoesOnAfterARestart) {
  Fill("anna", "annas", 500);
  Fill("carl", "carls", 500);
  Fill("bob", "bobs", 1);
  EXPECT_TRUE(Erase("anna", v1::ERASE_MODE_DELETE));
  EXPECT_TRUE(Erase("carl", v1::ERASE_MODE_ANONYMIZE));
  // The steps behind are not through: each takes 200 entries of an index.
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(OrdinalOf("anna"), std::nullopt);
    EXPECT_EQ(OrdinalOf("carl"), std::nullopt);
    Reopen();
  }
  Finish();
  EXPECT_THAT(ValuesWith("annas"), IsEmpty());
  EXPECT_THAT(ValuesWith("carls"), IsEmpty());
  EXPECT_EQ(Counted(), 501);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(StoreEraseCustomerTest, WhatIsAnonymizedCanStillBeErasedAndTakenBack) {
  ASSERT_EQ(
      ToText(
          RunCommand(store(), SubmitCommand({AnswerOf("anna", "annas", 0)}, "file")).outcomes[0]),
      "accepted");
  ASSERT_EQ(ToText(SubmitOne(store(), AnswerOf("anna", "annas", 2))), "accepted");
  ASSERT_THAT(Record(store(), {DeedOf("anna", "annas", 0)}, "file"), ElementsAre("accepted"));
  EXPECT_TRUE(Erase("anna", v1::ERASE_MODE_ANONYMIZE));
  Finish();
  ASSERT_OK(storage::Erase(store(), AnswerOf("anna", "annas", 2)).error);
  auto take_back = NewCommand();
  store::v1::TakeBackFeedbackCommand& feedback = *take_back->mutable_take_back_feedback();
  feedback.set_survey_number(1);
  feedback.set_import_number(*Survey(*store().view(), "nps").imports->NumberOf("file"));
  feedback.add_feedback_ids(std::string(IdOf(AnswerOf("anna", "annas", 0)).AsBytes()));
  EXPECT_EQ(RunCommand(store(), std::move(take_back)).changed, 1);
  const uint32_t import_number = *store().view()->FindKind("visit")->imports->NumberOf("file");
  EXPECT_EQ(RunCommand(store(), TakeBackCommand(1, import_number,
                                                {IdOf(DeedOf("anna", "annas", 0), store().hash())}))
                .changed,
            1);
  EXPECT_EQ(Counted(), 0);
  EXPECT_THAT(ActiveEver(), IsEmpty());
  // Their ids are not known any more, so that they stay used.
  EXPECT_EQ(ToText(SubmitOne(store(), AnswerOf("anna", "annas", 0))), "ERASED");
  EXPECT_EQ(RecordOne(store(), DeedOf("anna", "annas", 0)), "ERASED");
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(StoreEraseCustomerTest, OneWhoIsNotKnownChangesNothing) {
  Fill("anna", "annas", 1);
  const DatabaseDump before = harness_.Dump();
  EXPECT_FALSE(Erase("nobody", v1::ERASE_MODE_DELETE));
  EXPECT_EQ(harness_.Dump(), before);
}

}  // namespace
}  // namespace emptychair::storage
