// Surveys that change, are archived and deleted.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreSurveyTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse", {"region"})).error);
  }

  store::v1::StoredSurvey Now() {
    const auto view = store().view();
    return *Survey(*view, "pulse").definition;
  }

  // Changes the survey as `change` does to what is stored now.
  CommandResult Update(const std::function<void(store::v1::StoredSurvey&)>& change) {
    store::v1::StoredSurvey survey = Now();
    change(survey);
    auto command = NewCommand();
    *command->mutable_update_survey()->mutable_survey() = survey;
    return RunCommand(store(), std::move(command));
  }

  CommandResult SetDimensions(const std::vector<std::string>& dimensions) {
    return Update([&](store::v1::StoredSurvey& survey) {
      *survey.mutable_dimensions() = {dimensions.begin(), dimensions.end()};
    });
  }

  CommandResult Archive(int64_t time_ms) {
    auto command = NewCommand();
    command->mutable_archive_survey()->set_survey_number(1);
    command->mutable_archive_survey()->set_archive_time_ms(time_ms);
    return RunCommand(store(), std::move(command));
  }

  CommandResult Delete(uint32_t survey_number = 1) {
    auto command = NewCommand();
    command->mutable_delete_survey()->set_survey_number(survey_number);
    command->mutable_delete_survey()->set_delete_time_ms(kNoonMs);
    return RunCommand(store(), std::move(command));
  }

  // Commands are answered in order, so the purge has gone on by a step with each of these.
  void WaitForPurge(uint32_t survey_number) {
    while (harness_.Dump().at("meta").count(SurveyKey(survey_number)) != 0) {
      RunCommand(store(), NewCommand());
    }
  }

  // Each of these comes behind a step that was under way.
  void WaitForReslice() {
    while (Now().has_reslice()) {
      RunCommand(store(), NewCommand());
    }
  }

  void SubmitAnswer(uint64_t id, const std::string& key, const std::string& value) {
    EXPECT_EQ(ToText(SubmitOne(store(), {.id = id, .score = 9, .labels = {{key, value}}})),
              "accepted");
  }

  // The values of the series of the answer with the id.
  std::vector<std::string> SeriesOf(uint64_t id) {
    const auto view = store().view();
    const SurveyView& survey = Survey(*view, "pulse");
    const auto record = store().records().Get(*view, survey, IdOf({.id = id}));
    EXPECT_OK(record);
    std::vector<std::string> values;
    for (int i = 0; i < survey.definition->dimensions_size(); ++i) {
      values.push_back(survey.series->TextOf(i, survey.series->CodeOf(record->header.series, i)));
    }
    return values;
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreSurveyTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreSurveyTest, ChangesAnythingBeforeThereAreAnswers) {
  const CommandResult result = Update([](store::v1::StoredSurvey& survey) {
    survey.set_display_name("Renamed");
    survey.set_kind(v1::SURVEY_KIND_CSAT);
    survey.mutable_scale()->set_min(1);
    survey.mutable_scale()->set_max(5);
    survey.set_time_zone("Asia/Tokyo");
    *survey.mutable_dimensions()->Mutable(0) = "channel";
  });
  ASSERT_OK(result.error);
  EXPECT_EQ(result.sequence, 2u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Now().display_name(), "Renamed");
    EXPECT_EQ(Now().kind(), v1::SURVEY_KIND_CSAT);
    EXPECT_THAT(Now().dimensions(), ElementsAre("channel"));
    EXPECT_THAT(Now().retired_dimensions(), IsEmpty());
    EXPECT_EQ(Now().zone_revision(), 1u);
    EXPECT_EQ(Now().create_time_ms(), kNoonMs);
    EXPECT_EQ(Now().sequence(), 2u);
    Reopen();
  }
}

TEST_P(StoreSurveyTest, FixesKindScaleAndZoneWithTheFirstAnswer) {
  SubmitAnswer(1, "region", "north");
  // Even once it is erased.
  ASSERT_OK(Erase(store(), {.id = 1}).error);
  for (int round = 0; round < 2; ++round) {
    const DatabaseDump before = harness_.Dump();
    const std::vector<std::pair<std::string, std::function<void(store::v1::StoredSurvey&)>>>
        changes = {{"survey.kind", [](auto& survey) { survey.set_kind(v1::SURVEY_KIND_RATING); }},
                   {"survey.scale", [](auto& survey) { survey.mutable_scale()->set_max(5); }},
                   {"survey.time_zone", [](auto& survey) { survey.set_time_zone("Asia/Tokyo"); }}};
    for (const auto& [field, change] : changes) {
      const CommandResult result = Update(change);
      EXPECT_THAT(result.error, testing::HasReason(v1::ERROR_REASON_SURVEY_HAS_ANSWERS)) << field;
      EXPECT_EQ(MetadataOf(result.error)["field"], field);
    }
    EXPECT_EQ(harness_.Dump(), before);
    ASSERT_OK(
        Update([&](auto& survey) { survey.set_question(absl::StrCat("Why ", round)); }).error);
    Reopen();
  }
}

TEST_P(StoreSurveyTest, RefusesAnUpdateMadeFromAnOlderState) {
  const store::v1::StoredSurvey old = Now();
  ASSERT_OK(Update([](auto& survey) { survey.set_display_name("first"); }).error);
  const auto update_old = [&](const std::string& name) {
    return Update([&](store::v1::StoredSurvey& survey) {
      survey = old;
      survey.set_display_name(name);
    });
  };
  const CommandResult result = update_old("second");
  EXPECT_THAT(result.error, testing::HasReason(v1::ERROR_REASON_ETAG_MISMATCH));
  EXPECT_EQ(MetadataOf(result.error)["etag"], "2");
  EXPECT_EQ(Now().display_name(), "first");
  // What it asks for holds already.
  const CommandResult same = update_old("first");
  ASSERT_OK(same.error);
  EXPECT_EQ(same.sequence, 2u);
}

TEST_P(StoreSurveyTest, SlicesOlderAnswersByADimensionAddedLater) {
  SubmitAnswer(1, "channel", "web");
  const CommandResult updated = SetDimensions({"region", "channel"});
  ASSERT_OK(updated.error);
  EXPECT_EQ(updated.sequence, 3u);
  SubmitAnswer(2, "channel", "web");
  SubmitAnswer(3, "other", "x");
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(Now().has_reslice());
    EXPECT_THAT(SeriesOf(1), ElementsAre("", "web"));
    EXPECT_THAT(SeriesOf(2), ElementsAre("", "web"));
    EXPECT_THAT(SeriesOf(3), ElementsAre("", ""));
    EXPECT_EQ(store().view()->counters.sequence(), 5u);
    EXPECT_EQ(Now().sequence(), 3u);
    Reopen();
  }
}

TEST_P(StoreSurveyTest, SlicesManyAnswersInStepsThatGoOnAfterARestart) {
  constexpr uint64_t kAnswers = 2'600;
  std::vector<Answer> answers;
  for (uint64_t id = 0; id < kAnswers; ++id) {
    answers.push_back({.id = id, .score = 9, .labels = {{"channel", absl::StrCat("c", id % 3)}}});
  }
  Submit(store(), answers);
  absl::Notification stopped;
  {
    // What follows the first step comes to a log that is closed.
    Brake brake(store());
    auto command = NewCommand();
    *command->mutable_update_survey()->mutable_survey() = Now();
    command->mutable_update_survey()->mutable_survey()->add_dimensions("channel");
    store().Enqueue(std::move(command), false, [&](CommandResult result) {
      EXPECT_OK(result.error);
      store().Stop();
      stopped.Notify();
    });
  }
  stopped.WaitForNotification();
  harness_.Close();
  store::v1::StoredSurvey stored;
  ASSERT_TRUE(DecodeMessage(harness_.Dump().at("meta").at(SurveyKey(1)), stored));
  EXPECT_THAT(stored.reslice().dimensions(), ElementsAre("channel"));
  EXPECT_EQ(stored.reslice().records_done(), 500u);
  while (stored.has_reslice()) {
    ASSERT_OK(harness_.Open());
    store().Stop();
    harness_.Close();
    const DatabaseDump dump = harness_.Dump();
    EXPECT_THAT(FindFaults(dump), IsEmpty());
    const uint64_t done = stored.reslice().records_done();
    ASSERT_TRUE(DecodeMessage(dump.at("meta").at(SurveyKey(1)), stored));
    ASSERT_TRUE(!stored.has_reslice() || stored.reslice().records_done() > done);
  }
  ASSERT_OK(harness_.Open());
  for (uint64_t id : {uint64_t{0}, uint64_t{1'300}, kAnswers - 1}) {
    EXPECT_THAT(SeriesOf(id), ElementsAre("", absl::StrCat("c", id % 3)));
  }
}

TEST_P(StoreSurveyTest, CountsApartWhatAHigherMaxSeriesHasRoomFor) {
  ASSERT_OK(Update([](auto& survey) { survey.set_max_series(2); }).error);
  for (uint64_t id = 0; id < 5; ++id) {
    SubmitAnswer(id, "region", absl::StrCat("r", id));
  }
  EXPECT_THAT(SeriesOf(2), ElementsAre(""));
  ASSERT_OK(Update([](auto& survey) { survey.set_max_series(4); }).error);
  WaitForReslice();
  for (uint64_t id = 0; id < 4; ++id) {
    EXPECT_THAT(SeriesOf(id), ElementsAre(absl::StrCat("r", id)));
  }
  EXPECT_THAT(SeriesOf(4), ElementsAre(""));
  // Has no room for more: nothing is looked at again.
  ASSERT_OK(Update([](auto& survey) { survey.set_max_series(3); }).error);
  EXPECT_FALSE(Now().has_reslice());
  ASSERT_OK(Update([](auto& survey) { survey.set_max_series(4); }).error);
  EXPECT_FALSE(Now().has_reslice());
  ASSERT_OK(Update([](auto& survey) { survey.set_max_series(9); }).error);
  WaitForReslice();
  EXPECT_THAT(SeriesOf(4), ElementsAre("r4"));
}

TEST_P(StoreSurveyTest, BeginsAgainWhenTheSurveyChangesWhileItIsSlicedAnew) {
  SubmitAnswer(1, "channel", "web");
  std::vector<CommandPtr> commands;
  store::v1::StoredSurvey survey = Now();
  for (const auto& [dimension, sequence] : {std::pair("channel", 1), std::pair("plan", 3)}) {
    survey.add_dimensions(dimension);
    survey.set_sequence(sequence);
    commands.push_back(NewCommand());
    *commands.back()->mutable_update_survey()->mutable_survey() = survey;
  }
  for (const CommandResult& result : RunInOneGroup(store(), std::move(commands))) {
    EXPECT_OK(result.error);
  }
  WaitForReslice();
  EXPECT_THAT(SeriesOf(1), ElementsAre("", "web", ""));
}

TEST_P(StoreSurveyTest, LeavesAnAmendedAnswerInTheSliceOfARetiredDimension) {
  EXPECT_EQ(
      ToText(SubmitOne(store(),
                       {.id = 1, .score = 9, .labels = {{"channel", "web"}, {"region", "north"}}})),
      "accepted");
  ASSERT_OK(SetDimensions({"channel"}).error);
  WaitForReslice();
  EXPECT_THAT(SeriesOf(1), ElementsAre("north", "web"));
  const auto amend = [&](const std::vector<std::pair<std::string, std::string>>& labels) {
    auto command = NewCommand();
    store::v1::AmendFeedbackCommand& amend = *command->mutable_amend_feedback();
    *amend.mutable_target() = TargetOf({.id = 1});
    amend.set_set_labels(true);
    for (const auto& [key, value] : labels) {
      store::v1::StoredLabel& label = *amend.add_labels();
      label.set_key(key);
      label.set_value(value);
    }
    ASSERT_OK(RunCommand(store(), std::move(command)).error);
  };
  amend({{"channel", "app"}, {"plan", "x"}, {"region", "north"}});
  EXPECT_THAT(SeriesOf(1), ElementsAre("north", "app"));
  amend({{"channel", "app"}, {"region", "south"}});
  EXPECT_THAT(SeriesOf(1), ElementsAre("", "app"));
}

TEST_P(StoreSurveyTest, RetiresADimensionAndTakesItUpAgain) {
  SubmitAnswer(1, "region", "north");
  ASSERT_OK(SetDimensions({"channel"}).error);
  EXPECT_THAT(Now().dimensions(), ElementsAre("region", "channel"));
  EXPECT_THAT(Now().retired_dimensions(), ElementsAre("region"));
  SubmitAnswer(2, "region", "north");
  Reopen();
  EXPECT_THAT(SeriesOf(1), ElementsAre("north", ""));
  EXPECT_THAT(SeriesOf(2), ElementsAre("", ""));
  ASSERT_OK(SetDimensions({"channel", "region"}).error);
  EXPECT_THAT(Now().dimensions(), ElementsAre("region", "channel"));
  EXPECT_THAT(Now().retired_dimensions(), IsEmpty());
  SubmitAnswer(3, "region", "north");
  for (const uint64_t id : {1, 2, 3}) {
    EXPECT_THAT(SeriesOf(id), ElementsAre("north", ""));
  }
}

TEST_P(StoreSurveyTest, CountsRetiredDimensionsTowardsTheLimit) {
  SubmitAnswer(1, "region", "north");
  const DatabaseDump before = harness_.Dump();
  const CommandResult result = SetDimensions({"a", "b", "c", "d", "e", "f", "g", "h"});
  EXPECT_THAT(result.error, testing::HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_EQ(harness_.Dump(), before);
  ASSERT_OK(SetDimensions({"a", "b", "c", "d", "e", "f", "g"}).error);
}

TEST_P(StoreSurveyTest, SeesAnUpdatedSurveyAsTheSameWhenItIsCreatedAgain) {
  SubmitAnswer(1, "region", "north");
  ASSERT_OK(SetDimensions({"channel"}).error);
  EXPECT_OK(CreateSurvey(store(), NpsSurvey("pulse", {"channel"})).error);
  EXPECT_THAT(CreateSurvey(store(), NpsSurvey("pulse", {"region"})).error,
              testing::HasReason(v1::ERROR_REASON_SURVEY_EXISTS));
}

TEST_P(StoreSurveyTest, SendsBackARecordThatComesWithAnotherZonesOffset) {
  auto late = SubmitCommand({{.id = 1, .score = 9}});
  ASSERT_OK(Update([](auto& survey) { survey.set_time_zone("Asia/Tokyo"); }).error);
  const CommandResult result = RunCommand(store(), std::move(late));
  EXPECT_THAT(ToText(result.outcomes), ElementsAre("SURVEY_CHANGED"));
  EXPECT_EQ(result.outcomes[0].error.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelayOf(result.outcomes[0].error).has_value());
}

TEST_P(StoreSurveyTest, TakesNoNewAnswersWhileItIsArchived) {
  SubmitAnswer(1, "region", "north");
  const CommandResult archived = Archive(kNoonMs + 7);
  ASSERT_OK(archived.error);
  EXPECT_EQ(archived.survey->archive_time_ms(), kNoonMs + 7);
  const uint64_t sequence = archived.sequence;
  // Already so; the time stays.
  EXPECT_EQ(Archive(kNoonMs + 9).survey->archive_time_ms(), kNoonMs + 7);
  Reopen();
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 2})), "SURVEY_ARCHIVED");
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 1, .score = 9, .labels = {{"region", "north"}}})),
            "existed");
  EXPECT_OK(Exclude(store(), {.id = 1}, v1::EXCLUSION_REASON_TEST).error);
  EXPECT_EQ(store().view()->counters.sequence(), sequence + 1);
  ASSERT_OK(Archive(0).error);
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 2})), "accepted");
}

TEST_P(StoreSurveyTest, IsGoneAtOnceWhenItIsDeletedAndItsDataSoonAfter) {
  CreateSurvey(store(), NpsSurvey("other"));
  std::vector<Answer> answers;
  for (uint64_t id = 1; id <= 2'500; ++id) {
    answers.push_back({.id = id,
                       .time_ms = kNoonMs + static_cast<int64_t>(id) * 7'000'000,
                       .score = static_cast<int32_t>(id % 11),
                       .external_id = absl::StrCat("order-", id),
                       .customer_id = absl::StrCat("c-", id % 10),
                       .labels = {{"region", absl::StrCat(id % 7)}}});
  }
  Submit(store(), answers);
  ASSERT_EQ(ToText(SubmitOne(store(), {.survey = 2, .id = 1, .customer_id = "c-1"})), "accepted");
  ASSERT_OK(Erase(store(), {.id = 1, .time_ms = kNoonMs + 7'000'000}).error);
  for (const uint32_t survey : {1u, 2u}) {
    auto effects = NewCommand();
    effects->mutable_put_derived()->mutable_repeat_effects()->set_survey_number(survey);
    effects->mutable_put_derived()->mutable_repeat_effects()->set_computed_at_sequence(1);
    ASSERT_OK(RunCommand(store(), std::move(effects)).error);
  }
  ASSERT_OK(Delete().error);
  EXPECT_EQ(store().view()->FindSurvey("pulse"), nullptr);
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 2})), "SURVEY_NOT_FOUND");
  EXPECT_THAT(Delete().error, testing::HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  // The id is free, and its new survey has nothing of the old one.
  const CommandResult created = CreateSurvey(store(), NpsSurvey("pulse"));
  EXPECT_EQ(created.survey->survey_number(), 3u);
  // A stop in the middle does not stop it for good, and every state on the way is sound.
  harness_.Close();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  ASSERT_OK(harness_.Open());
  WaitForPurge(1);
  const DatabaseDump dump = harness_.Dump();
  EXPECT_EQ(dump.at("feedback").size(), 1u);
  EXPECT_EQ(dump.at("feedback_by_customer").size(), 1u);
  EXPECT_EQ(dump.at("feedback_by_external_id").size(), 0u);
  EXPECT_EQ(dump.at("series").size(), 1u);
  EXPECT_EQ(dump.at("cell").size(), 3u);
  EXPECT_EQ(dump.at("derived").size(), 1u);
  EXPECT_EQ(store().view()->counters.feedback_count(), 1u);
}

}  // namespace
}  // namespace emptychair::storage
