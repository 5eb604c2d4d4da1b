// Submitting twice is the same as once, and a refused submission changes nothing.
#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/base/errors.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class StoreDuplicatesTest : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(Places, StoreDuplicatesTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

const Answer kById{.id = 1, .score = 9, .customer_id = "c", .comment = "x"};
const Answer kByBoth{.id = 2, .score = 9, .external_id = "e"};
// The server made up the id, from another time the second time.
const Answer kByExternalId{.id = 3, .sends_id = false, .score = 4, .external_id = "e-only"};
const Answer kByExternalIdLater{
    .id = 4, .time_ms = kNoonMs + 1, .sends_id = false, .score = 4, .external_id = "e-only"};

TEST_P(StoreDuplicatesTest, AreTheStoredRecordInTheSameGroup) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  const auto outcomes = Submit(
      store(), {kById, kById, kByBoth, kByBoth, kByExternalId, kByExternalId, kByExternalIdLater});
  EXPECT_THAT(ToText(outcomes), ElementsAre("accepted", "existed", "accepted", "existed",
                                            "accepted", "existed", "existed"));
  EXPECT_EQ(outcomes[1].record->feedback_id, IdOf(kById));
  EXPECT_EQ(outcomes[1].record->customer_id, "c");
  EXPECT_EQ(outcomes[1].record->header, outcomes[0].record->header);
  EXPECT_EQ(outcomes[6].record->feedback_id, IdOf(kByExternalId));
}

TEST_P(StoreDuplicatesTest, AreTheStoredRecordInLaterGroupsAndAfterReopening) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  EXPECT_THAT(ToText(Submit(store(), {kById, kByBoth, kByExternalId})),
              ElementsAre("accepted", "accepted", "accepted"));
  for (int round = 0; round < 2; ++round) {
    const DatabaseDump before = harness_.Dump();
    const auto outcomes = Submit(store(), {kById, kByBoth, kByExternalId, kByExternalIdLater});
    EXPECT_THAT(ToText(outcomes), ElementsAre("existed", "existed", "existed", "existed"));
    EXPECT_EQ(outcomes[0].record->body.comment(), "x");
    EXPECT_EQ(outcomes[3].record->feedback_id, IdOf(kByExternalId));
    EXPECT_EQ(harness_.Dump(), before);
    Reopen();
  }
}

TEST_P(StoreDuplicatesTest, WithOtherContentAreRefusedAndChangeNothing) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  ASSERT_THAT(ToText(Submit(store(), {kById, kByBoth, kByExternalId})),
              ElementsAre("accepted", "accepted", "accepted"));
  struct Case {
    const char* name;
    Answer answer;
    Uuid stored_id;
  };
  std::vector<Case> cases;
  const auto add = [&](const char* name, Answer answer, const Answer& stored, auto change) {
    change(answer);
    cases.push_back({name, answer, IdOf(stored)});
  };
  add("score", kById, kById, [](Answer& a) { a.score = 8; });
  add("no score", kById, kById, [](Answer& a) { a.score.reset(); });
  add("comment", kById, kById, [](Answer& a) { a.comment = "y"; });
  add("new customer", kById, kById, [](Answer& a) { a.customer_id = "new"; });
  add("new series", kById, kById, [](Answer& a) { a.labels = {{"region", "new"}}; });
  add("external id added", kById, kById, [](Answer& a) { a.external_id = "new"; });
  add("external id of another", kById, kByBoth, [](Answer& a) { a.external_id = "e"; });
  add("another time of an external id", kByExternalId, kByExternalId, [](Answer& a) {
    a.time_ms += 1;
    a.sends_time = true;
  });
  add("same external id, another id", kByBoth, kByBoth, [](Answer& a) { a.id = 77; });
  add("external id alone, score", kByExternalId, kByExternalId, [](Answer& a) { a.score = 5; });
  // Judged as a duplicate before its score is.
  add("score out of range", kById, kById, [](Answer& a) { a.score = 11; });
  for (int round = 0; round < 2; ++round) {
    const DatabaseDump before = harness_.Dump();
    for (const Case& c : cases) {
      const SubmissionOutcome outcome = SubmitOne(store(), c.answer);
      EXPECT_EQ(ToText(outcome), "CONTENT_DIFFERS") << c.name;
      EXPECT_EQ(outcome.error.code(), absl::StatusCode::kAlreadyExists);
      EXPECT_EQ(outcome.record, nullptr);
      EXPECT_THAT(MetadataOf(outcome.error),
                  UnorderedElementsAre(Pair("survey_id", "pulse"),
                                       Pair("feedback_id", c.stored_id.ToString())))
          << c.name;
    }
    EXPECT_EQ(harness_.Dump(), before);
    EXPECT_EQ(store().view()->counters.sequence(), 4u);
    Reopen();
  }
}

TEST_P(StoreDuplicatesTest, AreTheSameWhicheverOfIdsAndTimeIsSent) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  ASSERT_THAT(ToText(Submit(store(), {kByBoth, kByExternalId})),
              ElementsAre("accepted", "accepted"));
  Answer id_alone = kByBoth;
  id_alone.external_id.clear();
  Answer external_id_alone = kByBoth;
  external_id_alone.id = 77;  // As if made up at another time.
  external_id_alone.sends_id = false;
  Answer with_time = kByExternalId;
  with_time.sends_time = true;
  Answer with_id = kByExternalId;
  with_id.sends_id = true;
  for (int round = 0; round < 2; ++round) {
    const DatabaseDump before = harness_.Dump();
    EXPECT_THAT(ToText(Submit(store(), {id_alone, external_id_alone, with_time, with_id})),
                ElementsAre("existed", "existed", "existed", "existed"));
    EXPECT_EQ(harness_.Dump(), before);
    Reopen();
  }
}

TEST_P(StoreDuplicatesTest, AreJudgedByWhatWasSentFirstAfterAnAmendment) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Answer first = kByBoth;
  first.customer_id = "c";
  first.comment = "was";
  first.labels = {{"channel", "web"}};
  ASSERT_EQ(ToText(SubmitOne(store(), first)), "accepted");
  Answer amended = first;
  amended.comment = "is";
  for (const char* comment : {"is", "is now"}) {
    auto amend = NewCommand();
    *amend->mutable_amend_feedback()->mutable_target() = TargetOf(first);
    amend->mutable_amend_feedback()->set_set_comment(true);
    amend->mutable_amend_feedback()->set_comment(comment);
    EXPECT_OK(RunCommand(store(), std::move(amend)).error);
  }
  EXPECT_THAT(ToText(Submit(store(), {first, amended})), ElementsAre("existed", "CONTENT_DIFFERS"));
  Reopen();
  EXPECT_THAT(ToText(Submit(store(), {first, amended})), ElementsAre("existed", "CONTENT_DIFFERS"));
}

TEST_P(StoreDuplicatesTest, SayInWhatTheyDiffer) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  ASSERT_EQ(ToText(SubmitOne(store(), kById)), "accepted");
  Answer other = kById;
  other.score = 8;
  other.comment = "y";
  EXPECT_THAT(std::string(SubmitOne(store(), other).error.message()),
              ::testing::HasSubstr("with another score, comment;"));
}

TEST_P(StoreDuplicatesTest, AreNoOtherForWhatStaffSaysOrTheImportIs) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Answer excluded = kById;
  excluded.exclusion = v1::EXCLUSION_REASON_BOT;
  ASSERT_EQ(ToText(SubmitOne(store(), excluded)), "accepted");
  EXPECT_EQ(ToText(SubmitOne(store(), kById)), "existed");
  const CommandResult again = RunCommand(store(), SubmitCommand({kById}, "later"));
  EXPECT_THAT(ToText(again.outcomes), ElementsAre("existed"));
  EXPECT_EQ(again.outcomes[0].record->header.exclusion_reason, v1::EXCLUSION_REASON_BOT);
  EXPECT_EQ(again.outcomes[0].record->body.import_number(), 0u);
}

TEST_P(StoreDuplicatesTest, OfOtherContentAreRefusedInTheSameGroup) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Answer by_id = kById;
  by_id.score = 1;
  Answer by_external_id = kByExternalIdLater;
  by_external_id.comment = "other";
  EXPECT_THAT(ToText(Submit(store(), {kById, by_id, kByExternalId, by_external_id, kById})),
              ElementsAre("accepted", "CONTENT_DIFFERS", "accepted", "CONTENT_DIFFERS", "existed"));
}

TEST_P(StoreDuplicatesTest, AreNoneInAnotherSurvey) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  CreateSurvey(store(), NpsSurvey("other"));
  Answer in_other = kByBoth;
  in_other.survey = 2;
  in_other.score = 1;
  EXPECT_THAT(ToText(Submit(store(), {kByBoth, in_other, in_other})),
              ElementsAre("accepted", "accepted", "existed"));
}

TEST_P(StoreDuplicatesTest, OfARefusedSubmissionAreNoDuplicates) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Answer wrong = kByBoth;
  wrong.score = 11;
  EXPECT_THAT(ToText(Submit(store(), {wrong, kByBoth})),
              ElementsAre("SCORE_OUT_OF_RANGE", "accepted"));
}

TEST_P(StoreDuplicatesTest, AndRefusalsLeaveEverythingAsItIs) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  store::v1::StoredSurvey text = NpsSurvey("text", {"region"});
  text.set_kind(v1::SURVEY_KIND_TEXT);
  text.clear_scale();
  CreateSurvey(store(), text);
  store::v1::StoredSurvey rating = NpsSurvey("rating");
  rating.set_kind(v1::SURVEY_KIND_RATING);
  rating.mutable_scale()->set_min(1);
  rating.mutable_scale()->set_max(5);
  CreateSurvey(store(), rating);
  ASSERT_EQ(ToText(SubmitOne(store(), kById)), "accepted");

  Answer fresh{.id = 50,
               .external_id = "new",
               .customer_id = "new",
               .comment = "new",
               .labels = {{"region", "new"}}};
  const struct {
    uint32_t survey;
    int32_t score;
    const char* reason;
  } cases[] = {{1, 11, "SCORE_OUT_OF_RANGE"},        {1, -1, "SCORE_OUT_OF_RANGE"},
               {1, INT32_MIN, "SCORE_OUT_OF_RANGE"}, {1, INT32_MAX, "SCORE_OUT_OF_RANGE"},
               {2, 0, "SCORE_NOT_ALLOWED"},          {3, 0, "SCORE_OUT_OF_RANGE"},
               {3, 6, "SCORE_OUT_OF_RANGE"},         {0, 5, "SURVEY_NOT_FOUND"},
               {4, 5, "SURVEY_NOT_FOUND"},           {UINT32_MAX, 5, "SURVEY_NOT_FOUND"}};
  const DatabaseDump before = harness_.Dump();
  for (const auto& c : cases) {
    fresh.survey = c.survey;
    fresh.score = c.score;
    const SubmissionOutcome outcome = SubmitOne(store(), fresh);
    EXPECT_EQ(ToText(outcome), c.reason) << c.survey << " " << c.score;
    if (outcome.error.code() == absl::StatusCode::kInvalidArgument) {
      EXPECT_THAT(outcome.error, testing::HasField("feedback.score"));
    }
  }
  // A damaged command.
  auto command = SubmitCommand({fresh});
  command->mutable_submit_feedback()->mutable_submissions(0)->set_feedback_id("short");
  EXPECT_THAT(ToText(RunCommand(store(), std::move(command)).outcomes),
              ElementsAre("SURVEY_NOT_FOUND"));
  EXPECT_THAT(RunCommand(store(), NewCommand()).error,
              testing::StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(harness_.Dump(), before);
  EXPECT_EQ(store().view()->counters.sequence(), 4u);
  // And leave nothing in memory: what comes next gets the numbers that they would have got.
  fresh.survey = 1;
  fresh.score = 5;
  const SubmissionOutcome outcome = SubmitOne(store(), fresh);
  ASSERT_EQ(ToText(outcome), "accepted");
  EXPECT_EQ(outcome.record->header.customer_ordinal, 2u);
  EXPECT_EQ(outcome.record->header.series, 2u);
  EXPECT_EQ(outcome.record->header.sequence, 5u);
}

TEST_P(StoreDuplicatesTest, FromManyThreadsMakeOneRecordEach) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  constexpr int kThreads = 8;
  constexpr int kIds = 1'000;
  std::atomic<int> accepted{0};
  std::atomic<int> existed{0};
  std::atomic<int> others{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<Answer> answers;
      for (int i = 0; i < kIds; ++i) {
        answers.push_back({.id = static_cast<uint64_t>(i),
                           .time_ms = kNoonMs + i * 60'000,
                           .score = i % 11,
                           .external_id = i % 2 == 0 ? absl::StrCat("e", i) : "",
                           .customer_id = absl::StrCat("c", i % 100),
                           .labels = {{"region", absl::StrCat(i % 7)}}});
      }
      std::mt19937 random(t);
      std::shuffle(answers.begin(), answers.end(), random);
      // Sent without waiting, in batches of 1 to 20.
      std::vector<std::vector<Answer>> batches;
      for (size_t at = 0; at < answers.size();) {
        const size_t size = std::min<size_t>(1 + random() % 20, answers.size() - at);
        batches.emplace_back(answers.begin() + at, answers.begin() + at + size);
        at += size;
      }
      absl::BlockingCounter left(static_cast<int>(batches.size()));
      for (const auto& batch : batches) {
        store().Enqueue(SubmitCommand(batch), false, [&](CommandResult result) {
          for (const SubmissionOutcome& outcome : result.outcomes) {
            const std::string text = ToText(outcome);
            ++(text == "accepted" ? accepted : text == "existed" ? existed : others);
          }
          left.DecrementCount();
        });
      }
      left.Wait();
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(accepted, kIds);
  EXPECT_EQ(existed, (kThreads - 1) * kIds);
  EXPECT_EQ(others, 0);
  EXPECT_EQ(store().view()->counters.feedback_count(), static_cast<uint64_t>(kIds));
  EXPECT_EQ(CountInCube(store(), *store().view(), "pulse", 0, 2 * kNoonMs), kIds);
}

}  // namespace
}  // namespace emptychair::storage
