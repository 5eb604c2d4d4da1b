// Imports: what came together has a number, and can be taken back without a trace.
#include <string>
#include <vector>

#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreImportTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    CreateSurvey(store(), NpsSurvey("pulse", {"channel"}));
  }

  std::vector<std::string> Import(const std::vector<Answer>& answers, const std::string& id) {
    return ToText(RunCommand(store(), SubmitCommand(answers, id)).outcomes);
  }

  CommandResult TakeBack(uint32_t number, const std::vector<Answer>& answers) {
    auto command = NewCommand();
    store::v1::TakeBackFeedbackCommand& take_back = *command->mutable_take_back_feedback();
    take_back.set_survey_number(1);
    take_back.set_import_number(number);
    for (const Answer& answer : answers) {
      take_back.add_feedback_ids(std::string(IdOf(answer).AsBytes()));
    }
    return RunCommand(store(), std::move(command));
  }

  uint32_t ImportOf(const Answer& answer) {
    const std::shared_ptr<const View> view = store().view();
    const auto record = store().records().Get(*view, *view->FindSurvey("pulse"), IdOf(answer));
    EXPECT_OK(record);
    return record.ok() ? record->body.import_number() : ~0u;
  }

  std::optional<uint32_t> NumberOf(const std::string& id) {
    return store().view()->FindSurvey("pulse")->imports->NumberOf(id);
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreImportTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

const Answer kPlain{.id = 1, .score = 3};
const Answer kFirst{.id = 2,
                    .score = 9,
                    .external_id = "row-1",
                    .customer_id = "c",
                    .labels = {{"channel", "web"}}};
const Answer kSecond{.id = 3, .score = 1, .external_id = "row-2"};

TEST_P(StoreImportTest, GivesItsNumberToWhatItStoredFirst) {
  ASSERT_THAT(Import({kPlain}, ""), ElementsAre("accepted"));
  EXPECT_THAT(Import({kPlain, kFirst}, "june"), ElementsAre("existed", "accepted"));
  EXPECT_THAT(Import({kFirst, kSecond}, "july"), ElementsAre("existed", "accepted"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(NumberOf("june"), 1u);
    EXPECT_EQ(NumberOf("july"), 2u);
    EXPECT_EQ(NumberOf("august"), std::nullopt);
    EXPECT_EQ(ImportOf(kPlain), kNoImport);
    EXPECT_EQ(ImportOf(kFirst), 1u);
    EXPECT_EQ(ImportOf(kSecond), 2u);
    Reopen();
  }
}

TEST_P(StoreImportTest, ThatStoresNothingIsNone) {
  ASSERT_THAT(Import({kPlain}, ""), ElementsAre("accepted"));
  Answer wrong = kFirst;
  wrong.score = 11;
  EXPECT_THAT(Import({kPlain, wrong}, "june"), ElementsAre("existed", "SCORE_OUT_OF_RANGE"));
  EXPECT_EQ(NumberOf("june"), std::nullopt);
}

TEST_P(StoreImportTest, IsAnotherInAnotherSurvey) {
  CreateSurvey(store(), NpsSurvey("other"));
  Answer elsewhere = kSecond;
  elsewhere.survey = 2;
  ASSERT_THAT(Import({kFirst, elsewhere}, "june"), ElementsAre("accepted", "accepted"));
  EXPECT_EQ(NumberOf("june"), 1u);
  EXPECT_EQ(store().view()->FindSurvey("other")->imports->NumberOf("june"), 2u);
}

TEST_P(StoreImportTest, TakenBackLeavesNoTraceAndFreesTheIds) {
  ASSERT_THAT(Import({kPlain}, ""), ElementsAre("accepted"));
  ASSERT_THAT(Import({kFirst, kSecond}, "june"), ElementsAre("accepted", "accepted"));
  EXPECT_EQ(TakeBack(1, {kPlain, kFirst, kSecond}).changed, 2);
  EXPECT_EQ(store().view()->counters.feedback_count(), 1u);
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  // The same again changes nothing.
  const uint64_t sequence = store().view()->counters.sequence();
  EXPECT_EQ(TakeBack(1, {kFirst, kSecond}).changed, 0);
  EXPECT_EQ(store().view()->counters.sequence(), sequence);
  Reopen();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  Answer right = kFirst;
  right.score = 10;
  EXPECT_THAT(Import({right, kSecond}, "july"), ElementsAre("accepted", "accepted"));
  EXPECT_EQ(ImportOf(right), 2u);
}

TEST_P(StoreImportTest, TakenBackWasThereAllTheSame) {
  ASSERT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  ASSERT_EQ(TakeBack(1, {kFirst}).changed, 1);
  for (int round = 0; round < 2; ++round) {
    auto command = NewCommand();
    store::v1::UpdateSurveyCommand& update = *command->mutable_update_survey();
    *update.mutable_survey() = *store().view()->FindSurvey("pulse")->definition;
    update.mutable_survey()->mutable_scale()->set_max(5);
    EXPECT_EQ(ReasonOf(RunCommand(store(), std::move(command)).error),
              v1::ERROR_REASON_SURVEY_HAS_ANSWERS)
        << round;
    Reopen();
  }
}

TEST_P(StoreImportTest, TakenBackInTheGroupThatItCameIn) {
  Answer other = kSecond;
  other.score = 2;
  EXPECT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  EXPECT_EQ(TakeBack(1, {kFirst}).changed, 1);
  EXPECT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  EXPECT_EQ(ImportOf(kFirst), 1u);
}

TEST_P(StoreImportTest, TakesBackNothingOfOthersAndNothingErased) {
  ASSERT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  ASSERT_THAT(Import({kSecond}, "july"), ElementsAre("accepted"));
  ASSERT_OK(Erase(store(), kFirst).error);
  EXPECT_EQ(TakeBack(1, {kFirst, kSecond}).changed, 0);
  EXPECT_EQ(ToText(SubmitOne(store(), kFirst)), "ERASED");
  EXPECT_EQ(ImportOf(kSecond), 2u);
}

TEST_P(StoreImportTest, KeepsItsRecordsWhenTheyAreChanged) {
  ASSERT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  ASSERT_OK(Exclude(store(), kFirst, v1::EXCLUSION_REASON_BOT, "").error);
  EXPECT_EQ(ImportOf(kFirst), 1u);
  EXPECT_EQ(TakeBack(1, {kFirst}).changed, 1);
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
}

TEST_P(StoreImportTest, GoesWithItsSurvey) {
  ASSERT_THAT(Import({kFirst}, "june"), ElementsAre("accepted"));
  auto command = NewCommand();
  command->mutable_delete_survey()->set_survey_number(1);
  command->mutable_delete_survey()->set_delete_time_ms(kNoonMs);
  ASSERT_OK(RunCommand(store(), std::move(command)).error);
  harness_.Close();  // Finishes the purge.
  ASSERT_OK(harness_.Open());
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  CreateSurvey(store(), NpsSurvey("pulse", {"channel"}));
  EXPECT_EQ(NumberOf("june"), std::nullopt);
}

TEST_P(StoreImportTest, RecordsCanBeChangedByTheirExternalId) {
  ASSERT_THAT(Import({kFirst}, ""), ElementsAre("accepted"));
  store::v1::RecordTarget target;
  target.set_survey_number(1);
  target.set_external_id("row-1");
  auto amend = NewCommand();
  *amend->mutable_amend_feedback()->mutable_target() = target;
  amend->mutable_amend_feedback()->set_set_score(true);
  amend->mutable_amend_feedback()->set_score(4);
  const CommandResult amended = RunCommand(store(), std::move(amend));
  ASSERT_OK(amended.error);
  EXPECT_EQ(amended.record->feedback_id, IdOf(kFirst));
  EXPECT_EQ(amended.record->header.score, 4);
  for (int i = 0; i < 2; ++i) {
    auto erase = NewCommand();
    *erase->mutable_erase_feedback()->mutable_target() = target;
    EXPECT_OK(RunCommand(store(), std::move(erase)).error) << i;
  }
  auto include = NewCommand();
  *include->mutable_include_feedback()->mutable_target() = target;
  EXPECT_THAT(RunCommand(store(), std::move(include)).error,
              testing::HasReason(v1::ERROR_REASON_ERASED));
  target.set_external_id("row-9");
  auto exclude = NewCommand();
  *exclude->mutable_exclude_feedback()->mutable_target() = target;
  EXPECT_THAT(RunCommand(store(), std::move(exclude)).error,
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
}

}  // namespace
}  // namespace emptychair::storage
