// Surveys that are updated, archived and deleted, as callers see it.
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SurveyChangeTest : public ServiceTest {
 protected:
  SurveyChangeTest() { survey_ = Create(client(), NpsSurvey("pulse", {"region"})); }

  // `text` is the survey without its id.
  absl::StatusOr<v1::Survey> Update(const std::string& text, const std::vector<std::string>& paths,
                                    const std::string& etag = "") {
    v1::UpdateSurveyRequest request;
    *request.mutable_survey() = SurveyOf("pulse", text);
    request.mutable_survey()->set_etag(etag);
    for (const std::string& path : paths) {
      request.mutable_update_mask()->add_paths(path);
    }
    absl::StatusOr<v1::UpdateSurveyResponse> response = client().UpdateSurvey(request);
    if (!response.ok()) {
      return response.status();
    }
    return response->survey();
  }

  absl::StatusOr<v1::ArchiveSurveyResponse> Archive(bool undo) {
    v1::ArchiveSurveyRequest request;
    request.set_survey_id("pulse");
    request.set_undo(undo);
    return client().ArchiveSurvey(request);
  }

  absl::StatusOr<v1::DeleteSurveyResponse> Delete(const std::string& confirm = "pulse") {
    v1::DeleteSurveyRequest request;
    request.set_survey_id("pulse");
    request.set_confirm_survey_id(confirm);
    return client().DeleteSurvey(request);
  }

  v1::Survey Now() {
    v1::GetSurveyRequest request;
    request.set_survey_id("pulse");
    return Value(client().GetSurvey(request)).survey();
  }

  v1::Survey survey_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(SurveyChangeTest);

TEST_P(SurveyChangeTest, AnUpdateSetsTheFieldsOfItsMaskAndNoOthers) {
  const v1::Survey updated =
      Value(Update("display_name: 'Pulse' question: 'Why?' min_sample: 7 kind: SURVEY_KIND_CSAT",
                   {"display_name", "min_sample"}));
  v1::Survey expected = survey_;
  expected.set_display_name("Pulse");
  expected.set_min_sample(7);
  expected.set_etag(updated.etag());
  EXPECT_NE(updated.etag(), survey_.etag());
  EXPECT_THAT(updated, EqualsMessage(expected));
  EXPECT_THAT(Now(), EqualsMessage(expected));
}

TEST_P(SurveyChangeTest, AFieldLeftEmptyGetsItsDefault) {
  Value(Update("max_series: 5 question: 'Why?' time_zone: 'Asia/Tokyo'",
               {"max_series", "question", "time_zone"}));
  const v1::Survey updated = Value(Update("", {"max_series", "question", "time_zone"}));
  EXPECT_EQ(updated.max_series(), 10'000);
  EXPECT_EQ(updated.question(), "");
  EXPECT_EQ(updated.time_zone(), "UTC");
}

TEST_P(SurveyChangeTest, ANewKindBringsItsOwnScaleUnlessOneIsGiven) {
  const v1::Survey csat = Value(Update("kind: SURVEY_KIND_CSAT", {"kind"}));
  EXPECT_EQ(csat.scale().min(), 1);
  EXPECT_EQ(csat.scale().max(), 5);
  const v1::Survey rating =
      Value(Update("kind: SURVEY_KIND_RATING scale { min: -3 max: 3 }", {"kind", "scale"}));
  EXPECT_EQ(rating.scale().min(), -3);
  EXPECT_THAT(Update("kind: SURVEY_KIND_NPS scale { min: 0 max: 5 }", {"kind", "scale"}).status(),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

TEST_P(SurveyChangeTest, WhatAnswersRestOnIsFixedOnceThereAreSome) {
  Submit(client(), Answer("pulse", "1", kTime, 9));
  for (const auto& [text, path] : std::vector<std::pair<std::string, std::string>>{
           {"kind: SURVEY_KIND_CSAT", "kind"}, {"time_zone: 'Asia/Tokyo'", "time_zone"}}) {
    const absl::Status status = Update(text, {path}).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_SURVEY_HAS_ANSWERS));
    EXPECT_THAT(status, HasField("survey." + path));
  }
  // What they are already may be said again.
  EXPECT_OK(Update("kind: SURVEY_KIND_NPS time_zone: 'UTC' scale { min: 0 max: 10 }",
                   {"kind", "time_zone", "scale"})
                .status());
  EXPECT_OK(Update("display_name: 'x'", {"display_name"}).status());
}

TEST_P(SurveyChangeTest, AnUpdateFromAnOlderStateIsRefused) {
  const v1::Survey updated = Value(Update("display_name: 'a'", {"display_name"}, survey_.etag()));
  const absl::Status status =
      Update("display_name: 'b'", {"display_name"}, survey_.etag()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(MetadataOf(status)["etag"], updated.etag());
  EXPECT_THAT(Now(), EqualsMessage(updated));
}

TEST_P(SurveyChangeTest, NoneOfManyUpdatesAtOnceIsLost) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"display_name: 'a'", "display_name"},
      {"question: 'b'", "question"},
      {"min_sample: 3", "min_sample"},
      {"max_series: 4", "max_series"},
      {"dimensions: 'agent'", "dimensions"}};
  std::vector<std::thread> threads;
  for (const auto& [text, path] : changes) {
    threads.emplace_back([this, text = text, path = path] { Value(Update(text, {path})); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const v1::Survey now = Now();
  EXPECT_EQ(now.display_name(), "a");
  EXPECT_EQ(now.question(), "b");
  EXPECT_EQ(now.min_sample(), 3);
  EXPECT_EQ(now.max_series(), 4);
  EXPECT_THAT(now.dimensions(), ElementsAre("agent"));
}

TEST_P(SurveyChangeTest, ADimensionCanComeLaterAndGoAndComeBack) {
  const auto submit = [&](const std::string& id) {
    v1::Feedback feedback = Answer("pulse", id, kTime, 9);
    (*feedback.mutable_labels())["region"] = "north";
    (*feedback.mutable_labels())["channel"] = "web";
    Submit(client(), feedback);
  };
  const auto groups = [&](const std::string& key) {
    std::vector<std::string> texts;
    const v1::QueryMetricResponse response =
        Query(client(), absl::StrCat("survey_ids: 'pulse' group_by: '", key, "'"));
    for (const v1::MetricSeries& series : response.series()) {
      texts.push_back(absl::StrCat(GroupTexts(series).front(), " ", series.points(0).answers()));
    }
    return texts;
  };
  submit("1");
  const v1::Survey both = Value(Update("dimensions: ['region', 'channel']", {"dimensions"}));
  EXPECT_THAT(both.dimensions(), ElementsAre("region", "channel"));
  submit("2");
  EXPECT_THAT(groups("region"), ElementsAre("north 2"));
  // Of older answers too.
  EXPECT_THAT(groups("channel"), ElementsAre("web 2"));
  const v1::Survey retired = Value(Update("dimensions: 'channel'", {"dimensions"}));
  EXPECT_THAT(retired.dimensions(), ElementsAre("channel"));
  EXPECT_THAT(retired.retired_dimensions(), ElementsAre("region"));
  submit("3");
  EXPECT_THAT(groups("region"), ElementsAre("north 3"));
  EXPECT_THAT(groups("channel"), ElementsAre("web 3"));
  const v1::Survey back = Value(Update("dimensions: ['channel', 'region']", {"dimensions"}));
  EXPECT_THAT(back.dimensions(), ElementsAre("region", "channel"));
  EXPECT_THAT(back.retired_dimensions(), IsEmpty());
  submit("4");
  EXPECT_THAT(groups("region"), ElementsAre("north 4"));
}

TEST_P(SurveyChangeTest, AnArchivedSurveyStaysReadableAndTakesNothingNew) {
  Submit(client(), Answer("pulse", "1", kTime, 9));
  const v1::Survey archived = Value(Archive(false)).survey();
  EXPECT_TRUE(archived.has_archive_time());
  EXPECT_THAT(Value(Archive(false)).survey(), EqualsMessage(archived));
  EXPECT_THAT(TrySubmit(client(), Answer("pulse", "2", kTime, 9)).status(),
              HasReason(v1::ERROR_REASON_SURVEY_ARCHIVED));
  // A retry of what was stored before ends as it did.
  EXPECT_TRUE(Submit(client(), Answer("pulse", "1", kTime, 9)).already_existed());
  EXPECT_THAT(Total(client(), "pulse"), IsNps(1, 0, 0));
  v1::ListSurveysRequest list;
  EXPECT_EQ(Value(client().connection().ListSurveys(list)).surveys_size(), 0);
  list.set_include_archived(true);
  EXPECT_EQ(Value(client().connection().ListSurveys(list)).surveys_size(), 1);
  EXPECT_FALSE(Value(Archive(true)).survey().has_archive_time());
  Submit(client(), Answer("pulse", "2", kTime, 9));
}

TEST_P(SurveyChangeTest, ADeletedSurveyIsGoneAndItsIdIsFree) {
  Submit(client(), Answer("pulse", "1", kTime, 9));
  EXPECT_THAT(Delete("puls").status(), HasField("confirm_survey_id"));
  EXPECT_THAT(Total(client(), "pulse"), IsNps(1, 0, 0));
  EXPECT_OK(Delete().status());
  EXPECT_THAT(Delete().status(), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_THAT(TrySubmit(client(), Answer("pulse", "2", kTime, 9)).status(),
              HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  const v1::Survey created = Create(client(), SurveyOf("pulse", "kind: SURVEY_KIND_CSAT"));
  EXPECT_EQ(created.kind(), v1::SURVEY_KIND_CSAT);
  EXPECT_EQ(Total(client(), "pulse").answers(), 0);
  Submit(client(), Answer("pulse", "1", kTime, 5));
  EXPECT_EQ(Total(client(), "pulse").answers(), 1);
}

}  // namespace
}  // namespace emptychair::testing
