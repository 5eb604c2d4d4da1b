#include "storage/store.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kDayStartMs = kNoonMs - kDayMs / 2;

INSTANTIATE_TEST_SUITE_P(Places, StoreTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreTest, NumbersSurveysAsTheyAreCreated) {
  const CommandResult first = CreateSurvey(store(), NpsSurvey("first"));
  ASSERT_OK(first.error);
  EXPECT_EQ(first.survey->survey_number(), 1u);
  EXPECT_EQ(first.survey->sequence(), 1u);
  EXPECT_EQ(first.survey->display_name(), "A survey");
  EXPECT_EQ(first.sequence, 1u);
  const CommandResult second = CreateSurvey(store(), NpsSurvey("second"));
  EXPECT_EQ(second.survey->survey_number(), 2u);
  EXPECT_EQ(second.sequence, 2u);
  Reopen();
  EXPECT_EQ(CreateSurvey(store(), NpsSurvey("third")).survey->survey_number(), 3u);
  EXPECT_EQ(store().view()->catalog->size(), 3u);
}

TEST_P(StoreTest, AnswersTheSameSurveyAgainWithWhatIsStored) {
  store::v1::StoredSurvey survey = NpsSurvey("pulse", {"region"});
  const CommandResult first = CreateSurvey(store(), survey);
  const DatabaseDump before = harness_.Dump();
  survey.set_create_time_ms(kNoonMs + 5'000);
  for (int round = 0; round < 2; ++round) {
    const CommandResult again = CreateSurvey(store(), survey);
    ASSERT_OK(again.error);
    EXPECT_EQ(again.survey->create_time_ms(), kNoonMs);
    EXPECT_EQ(again.survey->survey_number(), 1u);
    EXPECT_EQ(again.sequence, first.sequence);
    EXPECT_EQ(harness_.Dump(), before);
    Reopen();
  }
}

TEST_P(StoreTest, RefusesAnotherSurveyOfTheSameId) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  const DatabaseDump before = harness_.Dump();
  std::vector<store::v1::StoredSurvey> others(4, NpsSurvey("pulse", {"region"}));
  others[0].set_display_name("Another");
  others[1].add_dimensions("channel");
  others[2].mutable_scale()->set_max(5);
  others[3].set_max_series(1);
  for (const store::v1::StoredSurvey& other : others) {
    const CommandResult result = CreateSurvey(store(), other);
    EXPECT_THAT(result.error, testing::HasReason(v1::ERROR_REASON_SURVEY_EXISTS));
    EXPECT_THAT(MetadataOf(result.error), ElementsAre(Pair("survey_id", "pulse")));
    EXPECT_EQ(result.survey, nullptr);
    EXPECT_EQ(result.sequence, 1u);
  }
  EXPECT_EQ(harness_.Dump(), before);
  EXPECT_EQ(store().view()->FindSurvey("pulse")->definition->display_name(), "A survey");
}

TEST_P(StoreTest, KeepsARecordAsItWasSubmitted) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  const Answer answer{.id = 7,
                      .score = 9,
                      .external_id = "order-7",
                      .customer_id = "c-1",
                      .comment = "fine\n",
                      .labels = {{"region", "north"}, {"agent", "x"}},
                      .zone_offset_seconds = 3'600};
  const SubmissionOutcome outcome = SubmitOne(store(), answer);
  ASSERT_EQ(ToText(outcome), "accepted");
  for (int round = 0; round < 2; ++round) {
    auto view = store().view();
    ASSERT_OK_AND_ASSIGN(const FeedbackRecord by_id,
                         store().records().Get(*view, Survey(*view, "pulse"), IdOf(answer)));
    ASSERT_OK_AND_ASSIGN(
        const FeedbackRecord by_external_id,
        store().records().GetByExternalId(*view, Survey(*view, "pulse"), "order-7"));
    for (const FeedbackRecord* record :
         std::vector<const FeedbackRecord*>{outcome.record.get(), &by_id, &by_external_id}) {
      EXPECT_EQ(record->survey_number, 1u);
      EXPECT_EQ(record->feedback_id, IdOf(answer));
      EXPECT_EQ(record->header.score, 9);
      EXPECT_EQ(record->header.zone_offset_seconds, 3'600);
      EXPECT_EQ(record->header.sequence, 2u);
      EXPECT_EQ(record->header.series, 1u);
      EXPECT_EQ(record->customer_id, "c-1");
      EXPECT_EQ(record->body.external_id(), "order-7");
      EXPECT_EQ(record->body.comment(), "fine\n");
      EXPECT_EQ(record->body.receive_time_ms(), kNoonMs + 1'000);
      ASSERT_EQ(record->body.labels_size(), 2);
      EXPECT_EQ(record->body.labels(0).key(), "agent");
      EXPECT_EQ(record->body.labels(1).value(), "north");
    }
    view = nullptr;
    Reopen();
  }
}

TEST_P(StoreTest, AnswersOnlyWithTheRecordsThatWereAskedFor) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  const CommandResult result =
      RunCommand(store(), SubmitCommand({{.id = 1}, {.id = 1}}), /*want_records=*/false);
  EXPECT_THAT(ToText(result.outcomes), ElementsAre("accepted", "existed"));
  EXPECT_EQ(result.outcomes[0].record, nullptr);
  EXPECT_EQ(result.outcomes[1].record, nullptr);
}

TEST_P(StoreTest, SaysWhichRecordIsNotThere) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  CreateSurvey(store(), NpsSurvey("other"));
  SubmitOne(store(), {.id = 1, .external_id = "e"});
  const auto view = store().view();
  const auto& records = store().records();
  EXPECT_THAT(records.Get(*view, Survey(*view, "pulse"), IdOf({.id = 2})),
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_THAT(records.Get(*view, Survey(*view, "other"), IdOf({.id = 1})),
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_THAT(records.GetByExternalId(*view, Survey(*view, "pulse"), "E"),
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_THAT(records.GetByExternalId(*view, Survey(*view, "other"), "e"),
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_EQ(view->FindSurvey("nobody"), nullptr);
}

TEST_P(StoreTest, NumbersCustomersDenselyAndFindsThemAgain) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  CreateSurvey(store(), NpsSurvey("other"));
  const auto ordinal = [&](const Answer& answer) {
    const SubmissionOutcome outcome = SubmitOne(store(), answer);
    EXPECT_EQ(ToText(outcome), "accepted");
    return outcome.record->header.customer_ordinal;
  };
  EXPECT_EQ(ordinal({.id = 1, .customer_id = "a"}), 1u);
  EXPECT_EQ(ordinal({.id = 2, .customer_id = "b"}), 2u);
  EXPECT_EQ(ordinal({.id = 3}), kAnonymous);
  EXPECT_EQ(ordinal({.id = 4, .customer_id = "a"}), 1u);
  EXPECT_EQ(ordinal({.survey = 2, .id = 5, .customer_id = "b"}), 2u);
  // New twice in one group.
  const auto outcomes =
      Submit(store(), {{.id = 6, .customer_id = "c"}, {.id = 7, .customer_id = "c"}});
  EXPECT_EQ(outcomes[0].record->header.customer_ordinal, 3u);
  EXPECT_EQ(outcomes[1].record->header.customer_ordinal, 3u);
  Reopen();
  EXPECT_EQ(ordinal({.id = 8, .customer_id = "a"}), 1u);
  EXPECT_EQ(ordinal({.id = 9, .customer_id = "d"}), 4u);
}

TEST_P(StoreTest, CountsCombinationsPastTheLimitAsOther) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region", "channel"}, /*max_series=*/2));
  const auto series = [&](uint64_t id, std::vector<std::pair<std::string, std::string>> labels) {
    const SubmissionOutcome outcome =
        SubmitOne(store(), {.id = id, .score = 5, .labels = std::move(labels)});
    EXPECT_EQ(ToText(outcome), "accepted");
    return outcome.record->header.series;
  };
  EXPECT_EQ(series(1, {{"region", "north"}}), 1u);
  EXPECT_FALSE(Survey(*store().view(), "pulse").IsFull());
  EXPECT_EQ(series(2, {}), 2u);
  EXPECT_TRUE(Survey(*store().view(), "pulse").IsFull());
  EXPECT_EQ(series(3, {{"region", "south"}}), kOtherSeries);
  EXPECT_EQ(series(4, {{"region", "north"}, {"channel", "web"}}), kOtherSeries);
  // Labels that are no dimensions make no series.
  EXPECT_EQ(series(5, {{"region", "north"}, {"agent", "x"}}), 1u);
  Reopen();
  EXPECT_EQ(series(6, {{"region", "north"}}), 1u);
  EXPECT_EQ(series(7, {{"region", "east"}}), kOtherSeries);

  const auto view = store().view();
  EXPECT_EQ(Survey(*view, "pulse").series_count, 3u);
  // The record keeps what was sent, and everything is counted.
  ASSERT_OK_AND_ASSIGN(const FeedbackRecord record,
                       store().records().Get(*view, Survey(*view, "pulse"), IdOf({.id = 7})));
  EXPECT_EQ(record.body.labels(0).value(), "east");
  EXPECT_EQ(CountInCube(store(), *view, "pulse", kDayStartMs, kDayStartMs + kDayMs), 7);
}

TEST_P(StoreTest, TakesASequenceNumberForEachChangeAndNoOther) {
  EXPECT_EQ(store().view()->counters.sequence(), 0u);
  EXPECT_EQ(CreateSurvey(store(), NpsSurvey("pulse")).sequence, 1u);
  const CommandResult result = RunCommand(
      store(), SubmitCommand({{.id = 1}, {.id = 2}, {.id = 1}, {.id = 3, .score = 99}, {.id = 4}}));
  EXPECT_THAT(ToText(result.outcomes),
              ElementsAre("accepted", "accepted", "existed", "SCORE_OUT_OF_RANGE", "accepted"));
  EXPECT_EQ(result.sequence, 4u);
  EXPECT_EQ(result.outcomes[0].record->header.sequence, 2u);
  EXPECT_EQ(result.outcomes[1].record->header.sequence, 3u);
  EXPECT_EQ(result.outcomes[2].record->header.sequence, 2u);
  EXPECT_EQ(result.outcomes[4].record->header.sequence, 4u);
  EXPECT_EQ(store().view()->counters.sequence(), 4u);
  EXPECT_EQ(store().view()->counters.feedback_count(), 3u);
  // Nothing but duplicates, and nothing but a failure.
  EXPECT_EQ(RunCommand(store(), SubmitCommand({{.id = 1}})).sequence, 4u);
  EXPECT_EQ(RunCommand(store(), SubmitCommand({{.id = 9, .score = -1}})).sequence, 4u);
  Reopen();
  EXPECT_EQ(store().view()->counters.sequence(), 4u);
  EXPECT_EQ(RunCommand(store(), SubmitCommand({{.id = 5}})).sequence, 5u);
}

TEST_P(StoreTest, ShowsWhatWasAcknowledgedAndKeepsOldViews) {
  const auto empty = store().view();
  EXPECT_EQ(empty->FindSurvey("pulse"), nullptr);
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  std::vector<std::shared_ptr<const View>> views;
  constexpr int kAnswers = 30;
  for (int i = 0; i < kAnswers; ++i) {
    views.push_back(store().view());
    const Answer answer{
        .id = static_cast<uint64_t>(i), .score = 3, .labels = {{"region", absl::StrCat(i % 5)}}};
    ASSERT_EQ(ToText(SubmitOne(store(), answer)), "accepted");
    const auto view = store().view();
    EXPECT_OK(store().records().Get(*view, Survey(*view, "pulse"), IdOf(answer)));
    EXPECT_EQ(CountInCube(store(), *view, "pulse", kDayStartMs, kDayStartMs + kDayMs), i + 1);
  }
  for (int i = 0; i < kAnswers; ++i) {
    const View& view = *views[i];
    EXPECT_EQ(view.counters.feedback_count(), static_cast<uint64_t>(i));
    EXPECT_EQ(Survey(view, "pulse").series_count, static_cast<uint32_t>(1 + std::min(i, 5)));
    EXPECT_EQ(CountInCube(store(), view, "pulse", kDayStartMs, kDayStartMs + kDayMs), i);
    for (int j = 0; j < kAnswers; ++j) {
      EXPECT_EQ(store()
                    .records()
                    .Get(view, Survey(view, "pulse"), IdOf({.id = static_cast<uint64_t>(j)}))
                    .ok(),
                j < i);
    }
  }
  EXPECT_EQ(empty->FindSurvey("pulse"), nullptr);
}

TEST_P(StoreTest, ScansRecordsOfASpanInTheirOrder) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  CreateSurvey(store(), NpsSurvey("other"));
  constexpr int64_t kLastMs = (int64_t{1} << 48) - 1;
  const std::vector<int64_t> times = {0, 1, 5, 5, 6, 1'000, kLastMs};
  uint64_t id = 0;
  for (const int64_t ms : times) {
    ASSERT_EQ(ToText(SubmitOne(store(), {.id = ++id, .time_ms = ms, .score = 1})), "accepted");
  }
  SubmitOne(store(), {.survey = 2, .id = 99, .time_ms = 5});
  const auto view = store().view();
  const auto scan = [&](int64_t start, int64_t end) {
    std::vector<int64_t> seen;
    EXPECT_OK(store().records().Scan(
        *view, {.surveys = {&Survey(*view, "pulse")}, .start_ms = start, .end_ms = end},
        [&](const ScannedRecord& record) {
          EXPECT_EQ(record.header.score, 1);
          seen.push_back(record.occur_time_ms());
          return true;
        }));
    return seen;
  };
  EXPECT_EQ(scan(INT64_MIN, INT64_MAX), times);
  EXPECT_THAT(scan(0, 1), ElementsAre(0));
  EXPECT_THAT(scan(1, 6), ElementsAre(1, 5, 5));
  EXPECT_THAT(scan(6, 5), ElementsAre());
  EXPECT_THAT(scan(7, 1'000), ElementsAre());
  EXPECT_THAT(scan(1'001, kLastMs), ElementsAre());
  EXPECT_THAT(scan(kLastMs, kLastMs + 1), ElementsAre(kLastMs));
  EXPECT_EQ(store().records().Scan(*view, {.surveys = {&Survey(*view, "pulse")}},
                                   [](const ScannedRecord&) { return absl::AbortedError("stop"); }),
            absl::AbortedError("stop"));
}

TEST_P(StoreTest, TellsTheExtentOfASurveysRows) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  CreateSurvey(store(), NpsSurvey("other"));
  {
    const auto view = store().view();
    ASSERT_OK_AND_ASSIGN(const auto none,
                         store().cube().Extent(*view, Survey(*view, "pulse"), CubeUnit::kDay));
    EXPECT_FALSE(none.has_value());
  }
  // On the local day before 1970, and on a later one.
  SubmitOne(store(), {.id = 1, .time_ms = 0, .zone_offset_seconds = -3'600});
  SubmitOne(store(), {.id = 2, .time_ms = 40 * kDayMs});
  SubmitOne(store(), {.survey = 2, .id = 3, .time_ms = 90 * kDayMs});
  const auto view = store().view();
  const struct {
    CubeUnit unit;
    int first;
    int last;
  } cases[] = {{CubeUnit::kHour, 0, 960}, {CubeUnit::kDay, -1, 40}, {CubeUnit::kMonth, -1, 1}};
  for (const auto& c : cases) {
    ASSERT_OK_AND_ASSIGN(const auto range,
                         store().cube().Extent(*view, Survey(*view, "pulse"), c.unit));
    ASSERT_TRUE(range.has_value());
    EXPECT_EQ(range->first, c.first);
    EXPECT_EQ(range->last, c.last);
  }
}

TEST_P(StoreTest, HasAnIdentityThatStays) {
  const Uuid id = store().store_id();
  const IdHash hash = store().hash()(HashPurpose::kPageToken, "x");
  Reopen();
  EXPECT_EQ(store().store_id(), id);
  EXPECT_EQ(store().hash()(HashPurpose::kPageToken, "x"), hash);
  StoreHarness other(GetParam());
  ASSERT_OK(other.Open());
  EXPECT_NE(other.store().store_id(), id);
  EXPECT_NE(other.store().hash()(HashPurpose::kPageToken, "x"), hash);
}

TEST_P(StoreTest, CountsWhatItDid) {
  CreateSurvey(store(), NpsSurvey("pulse"));
  Submit(store(), {{.id = 1}, {.id = 2}, {.id = 1}, {.id = 3, .score = 11}});
  const StoreStats stats = store().Stats();
  EXPECT_EQ(stats.accepted, 2);
  EXPECT_EQ(stats.already_existed, 1);
  EXPECT_EQ(stats.refused, 1);
  EXPECT_EQ(stats.groups, 2);
  EXPECT_EQ(stats.queue_bytes, 0);
  EXPECT_EQ(stats.queue_bytes_max, int64_t{64} << 20);
  EXPECT_EQ(stats.undecodable_values, 0);
  EXPECT_GT(stats.memtable_bytes, 0);
  EXPECT_FALSE(stats.writes_stopped);
}

TEST_P(StoreTest, KeepsNoTextInKeys) {
  CreateSurvey(store(), NpsSurvey("pulse", {"region"}));
  SubmitOne(store(), {.id = 1,
                      .external_id = "MARK-external",
                      .customer_id = "MARK-customer",
                      .comment = "MARK-comment",
                      .labels = {{"region", "MARK-value"}}});
  for (const auto& [family, entries] : harness_.Dump()) {
    for (const auto& [key, value] : entries) {
      EXPECT_THAT(key, ::testing::Not(HasSubstr("MARK"))) << family;
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
