// Changes and lists that are refused: every field with what is just past its limits.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "emptychair/client/feedback_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;
constexpr auto kNoFeedback = v1::ERROR_REASON_FEEDBACK_NOT_FOUND;

// A request in text format: $ID and $TEXT stand for the ids of the stored records, $UNKNOWN for one
// that is not.
struct Row {
  std::string text;
  v1::ErrorReason reason;
  std::string field;  // Empty: the error is on no field.
};

class BadChangeTest : public ServiceTest {
 protected:
  BadChangeTest() {
    Create(client(), NpsSurvey("nps", {"region"}));
    Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
    id_ = Submit(client(), Answer("nps", "1", kTime, 9)).feedback().feedback_id();
    text_id_ = Submit(client(), Answer("text", "1", kTime)).feedback().feedback_id();
  }

  template <typename Request, typename Response>
  void ExpectRefusals(absl::StatusOr<Response> (Connection::*method)(const Request&),
                      const std::vector<Row>& rows) {
    const v1::GetStatusResponse before = Status(client());
    const v1::Feedback record = Value(GetById(client(), "nps", id_)).feedback();
    for (const Row& row : rows) {
      SCOPED_TRACE(row.text);
      const std::string text = absl::StrReplaceAll(
          row.text, {{"$ID", id_}, {"$TEXT", text_id_}, {"$UNKNOWN", NewFeedbackId(kTime)}});
      const absl::Status status = (client().connection().*method)(FromText<Request>(text)).status();
      EXPECT_THAT(status, HasReason(row.reason));
      EXPECT_EQ(status.code(), CodeOf(row.reason));
      if (!row.field.empty()) {
        EXPECT_THAT(status, HasField(row.field));
      }
    }
    const v1::GetStatusResponse after = Status(client());
    EXPECT_EQ(after.sequence(), before.sequence());
    EXPECT_EQ(after.feedback_count(), before.feedback_count());
    EXPECT_EQ(after.since_start().groups(), before.since_start().groups());
    EXPECT_THAT(Value(GetById(client(), "nps", id_)).feedback(), EqualsMessage(record));
  }

  std::string id_;
  std::string text_id_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadChangeTest);

std::string Long(size_t count) { return std::string(count, 'x'); }

// The rows that all methods on one record share; `prefix` is the path of its ids.
std::vector<Row> IdRows(const std::function<std::string(const std::string&)>& with,
                        const std::string& prefix) {
  return {
      {with(""), kRequired, prefix + "survey_id"},
      {with("feedback_id: '$ID'"), kRequired, prefix + "survey_id"},
      {with("survey_id: 'NPS' feedback_id: '$ID'"), kInvalid, prefix + "survey_id"},
      {with("survey_id: '1nps' feedback_id: '$ID'"), kInvalid, prefix + "survey_id"},
      {with("survey_id: '" + Long(64) + "' feedback_id: '$ID'"), kInvalid, prefix + "survey_id"},
      {with("survey_id: 'nps ' feedback_id: '$ID'"), kInvalid, prefix + "survey_id"},
      {with("survey_id: 'unknown' feedback_id: '$ID'"), kNoSurvey, ""},
      {with("survey_id: 'nps'"), kRequired, prefix + "feedback_id"},
      {with("survey_id: 'nps' feedback_id: '1'"), kInvalid, prefix + "feedback_id"},
      {with("survey_id: 'nps' feedback_id: '$ID0'"), kInvalid, prefix + "feedback_id"},
      {with("survey_id: 'nps' feedback_id: '{$ID}'"), kInvalid, prefix + "feedback_id"},
      {with("survey_id: 'nps' feedback_id: '550e8400-e29b-41d4-a716-446655440000'"), kInvalid,
       prefix + "feedback_id"},
      {with("survey_id: 'nps' feedback_id: '$UNKNOWN'"), kNoFeedback, ""},
      {with("survey_id: 'text' feedback_id: '$UNKNOWN'"), kNoFeedback, ""},
  };
}

TEST_P(BadChangeTest, Amendments) {
  std::vector<Row> rows = IdRows(
      [](const std::string& ids) {
        return absl::StrCat("feedback { score: 3 ", ids, " } update_mask { paths: 'score' }");
      },
      "feedback.");
  const auto amend = [](const std::string& fields, const std::string& paths) {
    return absl::StrCat("feedback { survey_id: 'nps' feedback_id: '$ID' ", fields, " } ", paths);
  };
  const auto labels = [](int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) {
      texts.push_back(absl::StrCat("labels { key: 'k", i, "' value: 'v' }"));
    }
    return absl::StrJoin(texts, " ");
  };
  const auto label = [&](const std::string& key, const std::string& value) {
    return amend(absl::StrCat("labels { key: '", key, "' value: '", value, "' }"),
                 "update_mask { paths: 'labels' }");
  };
  const std::vector<Row> more = {
      {"", kRequired, "feedback.survey_id"},
      {amend("score: 3", ""), kRequired, "update_mask"},
      {amend("score: 3", "update_mask {}"), kRequired, "update_mask"},
      {amend("score: 3", "update_mask { paths: '' }"), kInvalid, "update_mask"},
      {amend("score: 3", "update_mask { paths: '*' }"), kInvalid, "update_mask"},
      {amend("score: 3", "update_mask { paths: 'Score' }"), kInvalid, "update_mask"},
      {amend("score: 3", "update_mask { paths: ['score', 'customer_id'] }"), kInvalid,
       "update_mask"},
      {amend("", "update_mask { paths: 'feedback_id' }"), kInvalid, "update_mask"},
      {amend("", "update_mask { paths: 'occur_time' }"), kInvalid, "update_mask"},
      {amend("", "update_mask { paths: 'exclusion' }"), kInvalid, "update_mask"},
      {amend("", "update_mask { paths: 'labels.region' }"), kInvalid, "update_mask"},
      {amend("score: -1", "update_mask { paths: 'score' }"), v1::ERROR_REASON_SCORE_OUT_OF_RANGE,
       "feedback.score"},
      {amend("score: 11", "update_mask { paths: 'score' }"), v1::ERROR_REASON_SCORE_OUT_OF_RANGE,
       "feedback.score"},
      {amend("score: 2147483647", "update_mask { paths: 'score' }"),
       v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "feedback.score"},
      {"feedback { survey_id: 'text' feedback_id: '$TEXT' score: 1 } "
       "update_mask { paths: 'score' }",
       v1::ERROR_REASON_SCORE_NOT_ALLOWED, "feedback.score"},
      {amend(absl::StrCat("comment: '", Long((16 << 10) + 1), "'"),
             "update_mask { paths: 'comment' }"),
       kInvalid, "feedback.comment"},
      {amend(labels(33), "update_mask { paths: 'labels' }"), kInvalid, "feedback.labels"},
      {label("", "v"), kInvalid, "feedback.labels"},
      {label("Region", "v"), kInvalid, "feedback.labels"},
      {label(Long(64), "v"), kInvalid, "feedback.labels"},
      {label("region", ""), kRequired, "feedback.labels[\"region\"]"},
      {label("region", Long(129)), kInvalid, "feedback.labels[\"region\"]"},
      {label("region", "(none)"), kInvalid, "feedback.labels[\"region\"]"},
      {label("region", "(other)"), kInvalid, "feedback.labels[\"region\"]"},
      {label("region", "a\\001"), kInvalid, "feedback.labels[\"region\"]"},
      {amend("score: 3 etag: 'x'", "update_mask { paths: 'score' }"),
       v1::ERROR_REASON_ETAG_MISMATCH, "feedback.etag"},
  };
  rows.insert(rows.end(), more.begin(), more.end());
  ExpectRefusals(&Connection::AmendFeedback, rows);
}

TEST_P(BadChangeTest, Exclusions) {
  std::vector<Row> rows =
      IdRows([](const std::string& ids) { return ids + " reason: EXCLUSION_REASON_BOT"; }, "");
  const std::string ids = "survey_id: 'nps' feedback_id: '$ID' ";
  const std::vector<Row> more = {
      {ids, kRequired, "reason"},
      {ids + "reason: 7", kInvalid, "reason"},
      {ids + "reason: -1", kInvalid, "reason"},
      {absl::StrCat(ids, "reason: EXCLUSION_REASON_OTHER note: '", Long(1025), "'"), kInvalid,
       "note"},
      {ids + "reason: EXCLUSION_REASON_BOT etag: 'x'", v1::ERROR_REASON_ETAG_MISMATCH, "etag"},
  };
  rows.insert(rows.end(), more.begin(), more.end());
  ExpectRefusals(&Connection::ExcludeFeedback, rows);
}

TEST_P(BadChangeTest, InclusionsAndErasures) {
  const auto as_is = [](const std::string& ids) { return ids; };
  ExpectRefusals(&Connection::IncludeFeedback, IdRows(as_is, ""));
  ExpectRefusals(&Connection::EraseFeedback, IdRows(as_is, ""));
}

TEST_P(BadChangeTest, Lists) {
  const auto filter = [](const std::string& text) {
    return absl::StrCat("survey_id: 'nps' filters { ", text, " }");
  };
  const auto repeated = [](int count, const std::string& text) {
    return absl::StrJoin(std::vector<std::string>(count, text), " ");
  };
  ExpectRefusals<v1::ListFeedbackRequest, v1::ListFeedbackResponse>(
      &Connection::ListFeedback,
      {
          {"", kRequired, "survey_id"},
          {"page_size: 5", kRequired, "survey_id"},
          {"survey_id: 'NPS'", kInvalid, "survey_id"},
          {"survey_id: 'unknown'", kNoSurvey, ""},
          {"survey_id: 'unknown' customer_id: 'c'", kNoSurvey, ""},
          {absl::StrCat("customer_id: '", Long(129), "'"), kInvalid, "customer_id"},
          {"customer_id: 'a\\n'", kInvalid, "customer_id"},
          {"survey_id: 'nps' interval { start_time { seconds: -62135596801 } }", kInvalid,
           "interval.start_time"},
          {"survey_id: 'nps' interval { end_time { nanos: -1 } }", kInvalid, "interval.end_time"},
          {"survey_id: 'nps' interval { start_time { seconds: 5 } end_time { seconds: 5 } }",
           kInvalid, "interval.end_time"},
          {"survey_id: 'nps' interval { start_time { seconds: 5 } end_time { seconds: 4 } }",
           kInvalid, "interval.end_time"},
          {filter(""), kRequired, "filters[0].key"},
          {filter("key: 'region'"), kRequired, "filters[0].values"},
          {filter("key: 'Region' values: 'x'"), kInvalid, "filters[0].key"},
          {filter("key: 'region' values: ''"), kRequired, "filters[0].values[0]"},
          {filter(absl::StrCat("key: 'region' values: ['x', '", Long(129), "']")), kInvalid,
           "filters[0].values[1]"},
          {filter("key: 'region' " + repeated(1'001, "values: 'x'")), kInvalid,
           "filters[0].values"},
          {"survey_id: 'nps' " + repeated(33, "filters { key: 'a' values: 'x' }"), kInvalid,
           "filters"},
          {"survey_id: 'nps' min_score: 5 max_score: 4", kInvalid, "max_score"},
          {"survey_id: 'nps' exclusion: 4", kInvalid, "exclusion"},
          {"survey_id: 'nps' order: 3", kInvalid, "order"},
          {"survey_id: 'nps' order: -1", kInvalid, "order"},
          {"survey_id: 'nps' page_size: -1", kInvalid, "page_size"},
          {"survey_id: 'nps' page_token: 'x'", v1::ERROR_REASON_PAGE_TOKEN_INVALID, "page_token"},
          {"survey_id: 'nps' page_token: '%'", v1::ERROR_REASON_PAGE_TOKEN_INVALID, "page_token"},
          {absl::StrCat("survey_id: 'nps' page_token: '", Long(5'000), "'"),
           v1::ERROR_REASON_PAGE_TOKEN_INVALID, "page_token"},
      });
}

TEST_P(BadChangeTest, SurveyUpdates) {
  const auto update = [](const std::string& fields, const std::string& path) {
    return absl::StrCat("survey { survey_id: 'nps' ", fields, " } update_mask { paths: '", path,
                        "' }");
  };
  ExpectRefusals<v1::UpdateSurveyRequest, v1::UpdateSurveyResponse>(
      &Connection::UpdateSurvey,
      {
          {"", kRequired, "survey.survey_id"},
          {"survey { survey_id: 'NPS' } update_mask { paths: 'question' }", kInvalid,
           "survey.survey_id"},
          {"survey { survey_id: 'unknown' } update_mask { paths: 'question' }", kNoSurvey, ""},
          {"survey { survey_id: 'nps' }", kRequired, "update_mask"},
          {update("", ""), kInvalid, "update_mask"},
          {update("", "*"), kInvalid, "update_mask"},
          {update("", "survey_id"), kInvalid, "update_mask"},
          {update("", "etag"), kInvalid, "update_mask"},
          {update("", "create_time"), kInvalid, "update_mask"},
          {update("", "retired_dimensions"), kInvalid, "update_mask"},
          {update("scale { min: 0 }", "scale.min"), kInvalid, "update_mask"},
          {update("", "kind"), kRequired, "survey.kind"},
          {update("kind: 6", "kind"), kInvalid, "survey.kind"},
          {update("kind: SURVEY_KIND_RATING", "kind"), kRequired, "survey.scale"},
          {update("kind: SURVEY_KIND_CSAT", "kind"), v1::ERROR_REASON_SURVEY_HAS_ANSWERS,
           "survey.kind"},
          {update("scale { min: 0 max: 9 }", "scale"), kInvalid, "survey.scale"},
          {update("time_zone: 'Mars/Olympus'", "time_zone"), kInvalid, "survey.time_zone"},
          {update("time_zone: 'Asia/Tokyo'", "time_zone"), v1::ERROR_REASON_SURVEY_HAS_ANSWERS,
           "survey.time_zone"},
          {update(absl::StrCat("display_name: '", Long(257), "'"), "display_name"), kInvalid,
           "survey.display_name"},
          {update(absl::StrCat("question: '", Long(4'097), "'"), "question"), kInvalid,
           "survey.question"},
          {update("dimensions: 'Region'", "dimensions"), kInvalid, "survey.dimensions[0]"},
          {update("dimensions: ['a', 'a']", "dimensions"), kInvalid, "survey.dimensions[1]"},
          {update("dimensions: 'survey_id'", "dimensions"), kInvalid, "survey.dimensions[0]"},
          {update("dimensions: ['a','b','c','d','e','f','g','h','i']", "dimensions"), kInvalid,
           "survey.dimensions"},
          {update("dimensions: ['a','b','c','d','e','f','g','h']", "dimensions"), kInvalid,
           "survey.dimensions"},
          {update("min_sample: -1", "min_sample"), kInvalid, "survey.min_sample"},
          {update("min_sample: 1000001", "min_sample"), kInvalid, "survey.min_sample"},
          {update("max_series: -1", "max_series"), kInvalid, "survey.max_series"},
          {update("max_series: 1000001", "max_series"), kInvalid, "survey.max_series"},
          {update("question: 'x' etag: 'y'", "question"), v1::ERROR_REASON_ETAG_MISMATCH,
           "survey.etag"},
      });
}

TEST_P(BadChangeTest, SurveyArchivesAndDeletions) {
  ExpectRefusals<v1::ArchiveSurveyRequest, v1::ArchiveSurveyResponse>(
      &Connection::ArchiveSurvey, {{"", kRequired, "survey_id"},
                                   {"survey_id: 'NPS'", kInvalid, "survey_id"},
                                   {"survey_id: 'unknown'", kNoSurvey, ""},
                                   {"survey_id: 'unknown' undo: true", kNoSurvey, ""}});
  ExpectRefusals<v1::DeleteSurveyRequest, v1::DeleteSurveyResponse>(
      &Connection::DeleteSurvey,
      {{"", kRequired, "survey_id"},
       {"confirm_survey_id: 'nps'", kRequired, "survey_id"},
       {"survey_id: 'nps'", kRequired, "confirm_survey_id"},
       {"survey_id: 'NPS' confirm_survey_id: 'NPS'", kInvalid, "survey_id"},
       {"survey_id: 'nps' confirm_survey_id: 'Nps'", kInvalid, "confirm_survey_id"},
       {"survey_id: 'nps' confirm_survey_id: 'text'", kInvalid, "confirm_survey_id"},
       {"survey_id: 'unknown' confirm_survey_id: 'unknown'", kNoSurvey, ""}});
}

}  // namespace
}  // namespace emptychair::testing
