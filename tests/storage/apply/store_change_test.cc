// Changes of single records: amended, excluded, included, erased.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/errors.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kDayStartMs = kNoonMs - kDayMs / 2;

class StoreChangeTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse", {"region"})).error);
    ASSERT_EQ(ToText(SubmitOne(store(), answer_)), "accepted");
  }

  int64_t Counted() {
    return CountInCube(store(), *store().view(), "pulse", kDayStartMs, kDayStartMs + kDayMs);
  }

  absl::StatusOr<FeedbackRecord> Stored() {
    const auto view = store().view();
    return store().records().Get(*view, Survey(*view, "pulse"), IdOf(answer_));
  }

  CommandResult Amend(store::v1::AmendFeedbackCommand amend, const std::string& etag = "") {
    auto command = NewCommand();
    *amend.mutable_target() = TargetOf(answer_, etag);
    *command->mutable_amend_feedback() = std::move(amend);
    return RunCommand(store(), std::move(command));
  }

  static store::v1::AmendFeedbackCommand ScoreOf(std::optional<int32_t> score) {
    store::v1::AmendFeedbackCommand amend;
    amend.set_set_score(true);
    if (score.has_value()) {
      amend.set_score(*score);
    }
    return amend;
  }

  // Nothing of the store but its counters' place in the log may move.
  void ExpectNoChange(const std::function<CommandResult()>& run, v1::ErrorReason reason) {
    const DatabaseDump before = harness_.Dump();
    const uint64_t sequence = store().view()->counters.sequence();
    const CommandResult result = run();
    EXPECT_EQ(ReasonOf(result.error), reason) << result.error;
    EXPECT_EQ(result.sequence, sequence);
    EXPECT_EQ(harness_.Dump(), before);
  }

  const Answer answer_{.id = 7,
                       .score = 9,
                       .external_id = "order-7",
                       .customer_id = "c-1",
                       .comment = "fine",
                       .labels = {{"agent", "x"}, {"region", "north"}}};
};

INSTANTIATE_TEST_SUITE_P(Places, StoreChangeTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreChangeTest, AmendsScoreCommentAndLabels) {
  store::v1::AmendFeedbackCommand amend = ScoreOf(2);
  amend.set_set_comment(true);
  amend.set_comment("not fine");
  amend.set_set_labels(true);
  auto& label = *amend.add_labels();
  label.set_key("region");
  label.set_value("south");
  const CommandResult result = Amend(amend);
  ASSERT_OK(result.error);
  EXPECT_EQ(result.sequence, 3u);
  for (int round = 0; round < 2; ++round) {
    ASSERT_OK_AND_ASSIGN(const FeedbackRecord stored, Stored());
    for (const FeedbackRecord* record :
         std::vector<const FeedbackRecord*>{result.record.get(), &stored}) {
      EXPECT_EQ(record->header.score, 2);
      EXPECT_EQ(record->header.series, 2u);
      EXPECT_EQ(record->header.sequence, 3u);
      EXPECT_EQ(record->body.comment(), "not fine");
      ASSERT_EQ(record->body.labels_size(), 1);
      EXPECT_EQ(record->body.labels(0).value(), "south");
      EXPECT_EQ(record->body.external_id(), "order-7");
      EXPECT_EQ(record->customer_id, "c-1");
    }
    EXPECT_EQ(Counted(), 1);
    Reopen();
  }
}

TEST_P(StoreChangeTest, LeavesAloneWhatAnAmendmentDoesNotName) {
  ASSERT_OK(Amend(ScoreOf(std::nullopt)).error);
  ASSERT_OK_AND_ASSIGN(const FeedbackRecord record, Stored());
  EXPECT_EQ(record.header.score, std::nullopt);
  EXPECT_EQ(record.body.comment(), "fine");
  EXPECT_EQ(record.body.labels_size(), 2);
  EXPECT_EQ(record.header.series, 1u);
}

TEST_P(StoreChangeTest, TakesNoSequenceForAChangeThatHoldsAlready) {
  ASSERT_OK(Exclude(store(), answer_, v1::EXCLUSION_REASON_TEST, "mine").error);
  ExpectNoChange([&] { return Amend(ScoreOf(9), "no such etag"); }, v1::ERROR_REASON_UNSPECIFIED);
  ExpectNoChange(
      [&] { return Exclude(store(), answer_, v1::EXCLUSION_REASON_TEST, "mine", "old"); },
      v1::ERROR_REASON_UNSPECIFIED);
  ASSERT_OK(Include(store(), answer_).error);
  ExpectNoChange([&] { return Include(store(), answer_, "old"); }, v1::ERROR_REASON_UNSPECIFIED);
  ASSERT_OK(Erase(store(), answer_).error);
  ExpectNoChange([&] { return Erase(store(), answer_); }, v1::ERROR_REASON_UNSPECIFIED);
}

TEST_P(StoreChangeTest, RefusesScoresOffTheScale) {
  ExpectNoChange([&] { return Amend(ScoreOf(11)); }, v1::ERROR_REASON_SCORE_OUT_OF_RANGE);
  ExpectNoChange([&] { return Amend(ScoreOf(-1)); }, v1::ERROR_REASON_SCORE_OUT_OF_RANGE);
}

TEST_P(StoreChangeTest, RefusesAnEtagOfAnOlderState) {
  const std::string before = EtagOf(Stored()->header.sequence);
  ASSERT_OK(Amend(ScoreOf(8), before).error);
  ExpectNoChange([&] { return Amend(ScoreOf(7), before); }, v1::ERROR_REASON_ETAG_MISMATCH);
  ExpectNoChange([&] { return Exclude(store(), answer_, v1::EXCLUSION_REASON_BOT, "", before); },
                 v1::ERROR_REASON_ETAG_MISMATCH);
  EXPECT_THAT(MetadataOf(Amend(ScoreOf(7), before).error),
              UnorderedElementsAre(Pair("etag", "3"), Pair("field", "feedback.etag"),
                                   Pair("survey_id", "pulse"),
                                   Pair("feedback_id", IdOf(answer_).ToString())));
  ASSERT_OK(Amend(ScoreOf(7), "3").error);
}

TEST_P(StoreChangeTest, MovesAnExcludedRecordInTheCubeAndBack) {
  const CommandResult excluded =
      Exclude(store(), answer_, v1::EXCLUSION_REASON_STAFF, "one of ours");
  ASSERT_OK(excluded.error);
  EXPECT_EQ(excluded.record->header.exclusion_reason, v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(excluded.record->body.exclusion_note(), "one of ours");
  EXPECT_EQ(excluded.record->body.exclusion_time_ms(), kNoonMs + 2'000);
  std::vector<std::string> faults;
  for (const auto& [cell, count] : StoredCube(harness_.Dump(), faults)) {
    EXPECT_EQ(std::get<4>(cell), v1::EXCLUSION_REASON_STAFF);
    EXPECT_EQ(count, 1);
  }
  // Another reason in its place.
  ASSERT_OK(Exclude(store(), answer_, v1::EXCLUSION_REASON_BOT).error);
  ASSERT_OK(Amend(ScoreOf(3)).error);
  const CommandResult included = Include(store(), answer_);
  ASSERT_OK(included.error);
  EXPECT_EQ(included.record->header.exclusion_reason, 0);
  EXPECT_EQ(included.record->body.exclusion_note(), "");
  EXPECT_EQ(included.record->body.exclusion_time_ms(), 0);
  EXPECT_EQ(included.record->header.score, 3);
}

TEST_P(StoreChangeTest, LeavesOnlyIdsOfAnErasedRecord) {
  ASSERT_OK(Erase(store(), answer_).error);
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(Stored().status(), testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
    EXPECT_EQ(Counted(), 0);
    EXPECT_EQ(store().view()->counters.feedback_count(), 0u);
    const DatabaseDump dump = harness_.Dump();
    EXPECT_EQ(dump.at("feedback").begin()->second, EncodeTombstone(3));
    const auto entries =
        DecodeExternalIdEntries(dump.at("feedback_by_external_id").begin()->second);
    ASSERT_TRUE(entries.has_value());
    ASSERT_EQ(entries->size(), 1u);
    EXPECT_EQ(entries->front().kind, ExternalIdEntry::Kind::kErased);
    EXPECT_EQ(entries->front().feedback_id, IdOf(answer_));
    EXPECT_EQ(dump.count("feedback_by_customer") == 0 ? 0 : dump.at("feedback_by_customer").size(),
              0u);
    Reopen();
  }
}

TEST_P(StoreChangeTest, TakesNoErasedIdAgain) {
  ASSERT_OK(Erase(store(), answer_).error);
  Answer other_id = answer_;
  other_id.id = 8;
  Answer no_external_id = answer_;
  no_external_id.external_id = "";
  for (const Answer& again : {answer_, other_id, no_external_id}) {
    const SubmissionOutcome outcome = SubmitOne(store(), again);
    EXPECT_EQ(ToText(outcome), "ERASED");
    EXPECT_THAT(
        MetadataOf(outcome.error),
        ElementsAre(Pair("feedback_id", IdOf(answer_).ToString()), Pair("survey_id", "pulse")));
  }
  ExpectNoChange([&] { return Amend(ScoreOf(1)); }, v1::ERROR_REASON_ERASED);
  ExpectNoChange([&] { return Exclude(store(), answer_, v1::EXCLUSION_REASON_BOT); },
                 v1::ERROR_REASON_ERASED);
  ExpectNoChange([&] { return Include(store(), answer_); }, v1::ERROR_REASON_ERASED);
}

TEST_P(StoreChangeTest, ComparesASubmissionSentAgainWithWhatWasSentFirst) {
  ASSERT_OK(Amend(ScoreOf(1)).error);
  ASSERT_OK(Exclude(store(), answer_, v1::EXCLUSION_REASON_TEST).error);
  EXPECT_EQ(ToText(SubmitOne(store(), answer_)), "existed");
  Answer amended = answer_;
  amended.score = 1;
  EXPECT_EQ(ToText(SubmitOne(store(), amended)), "CONTENT_DIFFERS");
}

TEST_P(StoreChangeTest, RefusesRecordsAndSurveysThatAreNotThere) {
  Answer other = answer_;
  other.id = 8;
  ExpectNoChange([&] { return Erase(store(), other); }, v1::ERROR_REASON_FEEDBACK_NOT_FOUND);
  ExpectNoChange([&] { return Include(store(), other); }, v1::ERROR_REASON_FEEDBACK_NOT_FOUND);
  other.survey = 2;
  ExpectNoChange([&] { return Erase(store(), other); }, v1::ERROR_REASON_SURVEY_NOT_FOUND);
}

// The next change of a group must see the one before it.
TEST_P(StoreChangeTest, SeesEarlierChangesOfTheSameGroup) {
  Answer fresh = answer_;
  fresh.id = 9;
  fresh.external_id = "order-9";
  std::vector<CommandPtr> commands;
  commands.push_back(SubmitCommand({fresh}));
  commands.push_back(NewCommand());
  auto& exclude = *commands.back()->mutable_exclude_feedback();
  *exclude.mutable_target() = TargetOf(fresh);
  exclude.set_reason(v1::EXCLUSION_REASON_BOT);
  commands.push_back(NewCommand());
  *commands.back()->mutable_erase_feedback()->mutable_target() = TargetOf(fresh);
  commands.push_back(SubmitCommand({fresh}));
  const std::vector<CommandResult> results = RunInOneGroup(store(), std::move(commands));
  EXPECT_EQ(ToText(results[0].outcomes), std::vector<std::string>{"accepted"});
  EXPECT_EQ(ToText(results[1]), "ok");
  EXPECT_EQ(ToText(results[2]), "ok");
  EXPECT_EQ(ToText(results[3].outcomes), std::vector<std::string>{"ERASED"});
  EXPECT_EQ(Counted(), 1);
}

}  // namespace
}  // namespace emptychair::storage
