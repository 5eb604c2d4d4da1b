// Records that are refused, alone and in a batch, with what is just still taken beside.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/client/feedback_id.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::SizeIs;

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kScore = v1::ERROR_REASON_SCORE_OUT_OF_RANGE;
constexpr auto kNoScore = v1::ERROR_REASON_SCORE_NOT_ALLOWED;
constexpr auto kTimeRange = v1::ERROR_REASON_TIME_OUT_OF_RANGE;
constexpr auto kIdRequired = v1::ERROR_REASON_ID_REQUIRED;
constexpr auto kIdTime = v1::ERROR_REASON_ID_TIME_MISMATCH;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;

using Change = std::function<void(v1::Feedback&)>;

struct BadFeedback {
  std::string name;
  Change change;
  v1::ErrorReason reason;
  // Empty: the error is about no field of the request.
  std::string field;
};

Change SurveyId(std::string text) {
  return [=](v1::Feedback& f) { f.set_survey_id(text); };
}

Change ExternalId(std::string text) {
  return [=](v1::Feedback& f) { f.set_external_id(text); };
}

Change CustomerId(std::string text) {
  return [=](v1::Feedback& f) { f.set_customer_id(text); };
}

Change Comment(size_t bytes) {
  return [=](v1::Feedback& f) { f.set_comment(std::string(bytes, 'x')); };
}

Change Label(std::string key, std::string value) {
  return [=](v1::Feedback& f) { (*f.mutable_labels())[key] = value; };
}

Change Labels(int count) {
  return [=](v1::Feedback& f) {
    for (int i = 0; i < count; ++i) {
      (*f.mutable_labels())[absl::StrCat("k", i)] = "v";
    }
  };
}

// A score for a survey with a scale of its own.
Change Score(std::string survey_id, int32_t score) {
  return [=](v1::Feedback& f) {
    f.set_survey_id(survey_id);
    f.set_score(score);
  };
}

Change OccurTime(int64_t seconds, int32_t nanos) {
  return [=](v1::Feedback& f) {
    f.mutable_occur_time()->set_seconds(seconds);
    f.mutable_occur_time()->set_nanos(nanos);
  };
}

// Only a feedback id, without a time of its own.
Change FeedbackId(std::string text) {
  return [=](v1::Feedback& f) {
    f.set_feedback_id(text);
    f.clear_external_id();
    f.clear_occur_time();
  };
}

const char kControl[] = "a\x01";
const char kNul[] = "a\0b";

std::vector<BadFeedback> BadIdsAndTexts() {
  const std::string x128(128, 'x');
  return {
      {"no survey", SurveyId(""), kRequired, "feedback.survey_id"},
      {"survey in capitals", SurveyId("NPS"), kInvalid, "feedback.survey_id"},
      {"survey id of 64", SurveyId(std::string(64, 'a')), kInvalid, "feedback.survey_id"},
      {"unknown survey", SurveyId("nothing"), kNoSurvey, ""},
      {"unknown survey of 63", SurveyId(std::string(63, 'a')), kNoSurvey, ""},
      {"no id", ExternalId(""), kIdRequired, "feedback.feedback_id"},
      {"external id of 129", ExternalId(x128 + "x"), kInvalid, "feedback.external_id"},
      {"external id of 65 umlauts",
       [](v1::Feedback& f) {
         std::string text;
         for (int i = 0; i < 65; ++i) absl::StrAppend(&text, "ä");
         f.set_external_id(text);
       },
       kInvalid, "feedback.external_id"},
      {"external id with a control", ExternalId(kControl), kInvalid, "feedback.external_id"},
      {"external id with NUL", ExternalId(std::string(kNul, 3)), kInvalid, "feedback.external_id"},
      {"external id with a tab", ExternalId("a\tb"), kInvalid, "feedback.external_id"},
      {"external id with a line end", ExternalId("a\n"), kInvalid, "feedback.external_id"},
      {"external id with DEL", ExternalId("a\x7f"), kInvalid, "feedback.external_id"},
      {"external id with C1", ExternalId("a\xc2\x80"), kInvalid, "feedback.external_id"},
      {"external id with NEL", ExternalId("\xc2\x85"), kInvalid, "feedback.external_id"},
      {"external id with APC", ExternalId("\xc2\x9f"), kInvalid, "feedback.external_id"},
      {"customer of 129", CustomerId(x128 + "x"), kInvalid, "feedback.customer_id"},
      {"customer with a control", CustomerId(kControl), kInvalid, "feedback.customer_id"},
      {"customer with C1", CustomerId("\xc2\x9f"), kInvalid, "feedback.customer_id"},
      {"comment of 16385", Comment(16'385), kInvalid, "feedback.comment"},
      {"comment of 1 MiB", Comment(1 << 20), kInvalid, "feedback.comment"},
      {"33 labels", Labels(33), kInvalid, "feedback.labels"},
      {"1000 labels", Labels(1'000), kInvalid, "feedback.labels"},
      {"empty label key", Label("", "v"), kInvalid, "feedback.labels"},
      {"label key in capitals", Label("Key", "v"), kInvalid, "feedback.labels"},
      {"label key with a digit first", Label("1key", "v"), kInvalid, "feedback.labels"},
      {"label key with a blank", Label("a key", "v"), kInvalid, "feedback.labels"},
      {"label key with a control", Label(kControl, "v"), kInvalid, "feedback.labels"},
      {"label key of 64", Label(std::string(64, 'k'), "v"), kInvalid, "feedback.labels"},
      {"empty label", Label("k", ""), kRequired, "feedback.labels[\"k\"]"},
      {"label of 129", Label("k", x128 + "x"), kInvalid, "feedback.labels[\"k\"]"},
      {"label with a control", Label("k", kControl), kInvalid, "feedback.labels[\"k\"]"},
      {"label with C1", Label("k", "\xc2\x85"), kInvalid, "feedback.labels[\"k\"]"},
      {"label (none)", Label("k", "(none)"), kInvalid, "feedback.labels[\"k\"]"},
      {"label (other)", Label("k", "(other)"), kInvalid, "feedback.labels[\"k\"]"},
      {"dimension (none)", Label("region", "(none)"), kInvalid, "feedback.labels[\"region\"]"},
  };
}

std::vector<BadFeedback> BadScoresAndTimes() {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  std::vector<BadFeedback> rows;
  const struct {
    const char* survey_id;
    std::vector<int32_t> scores;
  } scales[] = {{"nps", {-1, 11, 255, 256, kMin, kMax}},
                {"csat5", {0, 6, kMin, kMax}},
                {"csat10", {0, 11, kMin, kMax}},
                {"ces7", {0, 8, kMin, kMax}},
                {"ces5", {0, 6, kMin, kMax}},
                {"rating", {-51, 51, kMin, kMax}}};
  for (const auto& scale : scales) {
    for (int32_t score : scale.scores) {
      rows.push_back({absl::StrCat(scale.survey_id, " ", score), Score(scale.survey_id, score),
                      kScore, "feedback.score"});
    }
  }
  for (int32_t score : {0, 1, -1, kMin, kMax}) {
    rows.push_back(
        {absl::StrCat("text ", score), Score("text", score), kNoScore, "feedback.score"});
  }
  const int64_t now_s = absl::ToUnixSeconds(absl::Now());
  const std::vector<BadFeedback> times = {
      // An unset Timestamp, and what is cut to it.
      {"1970", OccurTime(0, 0), kInvalid, "feedback.occur_time"},
      {"999,999 ns of 1970", OccurTime(0, 999'999), kInvalid, "feedback.occur_time"},
      {"id of 1970", FeedbackId("00000000-0000-7000-8000-000000000000"), kInvalid,
       "feedback.feedback_id"},
      {"before 1970", OccurTime(-1, 999'999'999), kTimeRange, "feedback.occur_time"},
      {"long before 1970", OccurTime(-62'135'596'800, 0), kTimeRange, "feedback.occur_time"},
      {"in an hour", OccurTime(now_s + 3'600, 0), kTimeRange, "feedback.occur_time"},
      {"the end of time", OccurTime(253'402'300'799, 999'999'999), kTimeRange,
       "feedback.occur_time"},
      {"the year 0", OccurTime(-62'135'596'801, 0), kInvalid, "feedback.occur_time"},
      {"the year 10000", OccurTime(253'402'300'800, 0), kInvalid, "feedback.occur_time"},
      {"least seconds", OccurTime(std::numeric_limits<int64_t>::min(), 0), kInvalid,
       "feedback.occur_time"},
      {"most seconds", OccurTime(std::numeric_limits<int64_t>::max(), 0), kInvalid,
       "feedback.occur_time"},
      {"nanos -1", OccurTime(1'704'067'200, -1), kInvalid, "feedback.occur_time"},
      {"nanos 1e9", OccurTime(1'704'067'200, 1'000'000'000), kInvalid, "feedback.occur_time"},
      {"least nanos", OccurTime(1'704'067'200, kMin), kInvalid, "feedback.occur_time"},
  };
  rows.insert(rows.end(), times.begin(), times.end());
  return rows;
}

std::vector<BadFeedback> BadFeedbackIds() {
  const std::string good = NewFeedbackId(kTime);
  std::vector<BadFeedback> rows;
  for (const std::string& id : std::vector<std::string>{
           "x", good.substr(0, 35), good + "0", "{" + good + "}", "urn:uuid:" + good,
           good.substr(0, 8) + good.substr(9), std::string(36, '-'), " " + good.substr(1),
           "g" + good.substr(1), good.substr(0, 14) + "4" + good.substr(15),
           good.substr(0, 14) + "8" + good.substr(15), good.substr(0, 19) + "0" + good.substr(20),
           good.substr(0, 19) + "c" + good.substr(20), "00000000-0000-0000-0000-000000000000",
           "ffffffff-ffff-ffff-ffff-ffffffffffff", std::string(100'000, 'a')}) {
    rows.push_back(
        {absl::StrCat("id ", id.substr(0, 50)), FeedbackId(id), kInvalid, "feedback.feedback_id"});
  }
  rows.push_back({"id of the far future", FeedbackId("ffffffff-ffff-7000-8000-000000000000"),
                  kTimeRange, "feedback.feedback_id"});
  for (const absl::Duration off : {absl::Milliseconds(1), -absl::Milliseconds(1), absl::Hours(1)}) {
    rows.push_back({absl::StrCat("id off by ", absl::FormatDuration(off)),
                    [=](v1::Feedback& f) { f.set_feedback_id(NewFeedbackId(kTime + off)); },
                    kIdTime, "feedback.occur_time"});
  }
  return rows;
}

class BadFeedbackTest : public ServiceTest {
 protected:
  BadFeedbackTest() {
    const std::pair<const char*, const char*> surveys[] = {
        {"nps", "kind: SURVEY_KIND_NPS dimensions: 'region'"},
        {"csat5", "kind: SURVEY_KIND_CSAT"},
        {"csat10", "kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }"},
        {"ces7", "kind: SURVEY_KIND_CES"},
        {"ces5", "kind: SURVEY_KIND_CES scale { min: 1 max: 5 direction: SCALE_DIRECTION_EASE }"},
        {"rating", "kind: SURVEY_KIND_RATING scale { min: -50 max: 50 }"},
        {"text", "kind: SURVEY_KIND_TEXT"}};
    for (const auto& [id, text] : surveys) {
      Create(client(), SurveyOf(id, text));
    }
    v1::Feedback there = Answer("nps", "there", kTime, 9);
    there.set_customer_id("somebody");
    Submit(client(), there);
  }

  // A record that would be stored, with a customer that is new.
  static v1::Feedback Good() {
    v1::Feedback feedback = Answer("nps", "row", kTime);
    feedback.set_customer_id("nobody");
    return feedback;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadFeedbackTest);

TEST_P(BadFeedbackTest, IsRefusedWithReasonAndFieldAndLeavesNothing) {
  std::vector<BadFeedback> rows = BadIdsAndTexts();
  for (const auto& more : {BadScoresAndTimes(), BadFeedbackIds()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  const v1::GetStatusResponse before = Status(client());
  for (const BadFeedback& row : rows) {
    SCOPED_TRACE(row.name);
    v1::Feedback feedback = Good();
    row.change(feedback);
    const absl::Status status = TrySubmit(client(), feedback).status();
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_EQ(status.code(), CodeOf(row.reason));
    if (!row.field.empty()) {
      EXPECT_THAT(status, HasField(row.field));
    }
    EXPECT_LT(ToProto(status).ByteSizeLong(), 4'096u);
    const v1::BatchSubmitFeedbackResponse batch = Value(TryBatch(client(), {feedback}));
    ASSERT_THAT(batch.failures(), SizeIs(1));
    EXPECT_THAT(FromProto(batch.failures(0).status()), HasReason(row.reason));
  }
  EXPECT_THAT(client().connection().SubmitFeedback({}), HasField("feedback.survey_id"));
  const v1::GetStatusResponse after = Status(client());
  EXPECT_EQ(after.sequence(), before.sequence());
  EXPECT_EQ(after.feedback_count(), before.feedback_count());
  EXPECT_EQ(after.survey_count(), before.survey_count());
  EXPECT_EQ(after.customer_count(), before.customer_count());
  EXPECT_THAT(GetByExternalId(client(), "nps", "row"),
              HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
}

TEST_P(BadFeedbackTest, WhatIsJustWithinTheLimitsIsTaken) {
  const std::string x128(128, 'x');
  const std::vector<std::pair<std::string, Change>> rows = {
      {"external id of 128", ExternalId(x128)},
      {"external id of 1", ExternalId("x")},
      {"external id with NBSP", ExternalId("\xc2\xa0")},
      {"external id (none)", ExternalId("(none)")},
      {"customer of 128", CustomerId(x128)},
      {"comment of 16384", Comment(16'384)},
      {"comment with controls", [](v1::Feedback& f) { f.set_comment("a\n\t\x01 b"); }},
      {"32 labels", Labels(32)},
      {"label key of 63", Label(std::string(63, 'k'), "v")},
      {"label of 128", Label("k", x128)},
      {"label (None)", Label("k", "(None)")},
      {"a millisecond of 1970", OccurTime(0, 1'000'000)},
      {"in four minutes",
       [this](v1::Feedback& f) {
         const absl::Time now = backend().clock() ? backend().clock()->Now() : absl::Now();
         *f.mutable_occur_time() = Timestamp(now + absl::Minutes(4));
       }},
      {"id of a millisecond of 1970",
       [](v1::Feedback& f) { FeedbackId("00000000-0001-7000-8000-000000000000")(f); }},
      {"nps 0", Score("nps", 0)},
      {"nps 10", Score("nps", 10)},
      {"csat 1", Score("csat5", 1)},
      {"csat 5", Score("csat5", 5)},
      {"csat 10 of 10", Score("csat10", 10)},
      {"ces 7", Score("ces7", 7)},
      {"ces 5 of 5", Score("ces5", 5)},
      {"rating -50", Score("rating", -50)},
      {"rating 50", Score("rating", 50)},
      {"text without a score", SurveyId("text")},
  };
  int64_t count = Status(client()).feedback_count();
  for (const auto& [name, change] : rows) {
    SCOPED_TRACE(name);
    v1::Feedback feedback = Good();
    feedback.set_external_id(name);
    change(feedback);
    const v1::Feedback stored = Submit(client(), feedback).feedback();
    EXPECT_THAT(Value(GetById(client(), feedback.survey_id(), stored.feedback_id())).feedback(),
                EqualsMessage(stored));
    EXPECT_EQ(stored.comment(), feedback.comment());
    EXPECT_EQ(stored.labels_size(), feedback.labels_size());
    EXPECT_EQ(Status(client()).feedback_count(), ++count);
  }
}

TEST_P(BadFeedbackTest, TextThatIsNotUtf8IsRefusedBeforeItIsSent) {
  const std::pair<Change, std::string> rows[] = {
      {ExternalId("\xff"), "feedback.external_id"},
      {CustomerId("\xc3"), "feedback.customer_id"},
      {[](v1::Feedback& f) { f.set_comment("\xed\xa0\x80"); }, "feedback.comment"},
  };
  for (const auto& [change, field] : rows) {
    v1::Feedback feedback = Good();
    change(feedback);
    const absl::Status status = TrySubmit(client(), feedback).status();
    EXPECT_THAT(status, HasReason(kInvalid));
    EXPECT_THAT(status, HasField(field));
  }
}

TEST_P(BadFeedbackTest, ReadingOneNeedsASurveyAndAnId) {
  const std::string id = NewFeedbackId(kTime);
  const struct {
    std::string text;
    v1::ErrorReason reason;
    std::string field;
  } rows[] = {
      {"", kRequired, "survey_id"},
      {"survey_id: 'NPS' external_id: 'x'", kInvalid, "survey_id"},
      {"survey_id: 'nps'", kRequired, "feedback_id"},
      {"survey_id: 'nps' feedback_id: ''", kRequired, "feedback_id"},
      {"survey_id: 'nps' feedback_id: 'x'", kInvalid, "feedback_id"},
      {absl::StrCat("survey_id: 'nps' feedback_id: '{", id, "}'"), kInvalid, "feedback_id"},
      {"survey_id: 'nps' external_id: ''", kRequired, "external_id"},
      {absl::StrCat("survey_id: 'nps' external_id: '", std::string(129, 'x'), "'"), kInvalid,
       "external_id"},
      {"survey_id: 'nps' external_id: '\\001'", kInvalid, "external_id"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const absl::Status status =
        client().GetFeedback(FromText<v1::GetFeedbackRequest>(row.text)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_THAT(status, HasField(row.field));
  }
}

TEST_P(BadFeedbackTest, AnErrorArrivesWithAllItsDetails) {
  v1::Feedback feedback = Good();
  feedback.set_score(11);
  const google::rpc::Status status = ToProto(TrySubmit(client(), feedback).status());
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  ASSERT_THAT(status.details(), SizeIs(2));
  for (const google::protobuf::Any& detail : status.details()) {
    EXPECT_TRUE(detail.UnpackTo(&info) || detail.UnpackTo(&bad_request));
  }
  EXPECT_EQ(info.domain(), "emptychair");
  EXPECT_EQ(info.reason(), "SCORE_OUT_OF_RANGE");
  EXPECT_EQ(info.metadata().at("field"), "feedback.score");
  EXPECT_EQ(info.metadata().at("min"), "0");
  EXPECT_EQ(info.metadata().at("max"), "10");
  ASSERT_THAT(bad_request.field_violations(), SizeIs(1));
  EXPECT_EQ(bad_request.field_violations(0).field(), "feedback.score");
  EXPECT_EQ(status.message(),
            absl::StrCat("feedback.score: ", bad_request.field_violations(0).description()));
}

}  // namespace
}  // namespace emptychair::testing
