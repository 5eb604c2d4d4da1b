// Queries that are refused, with what is just still taken beside.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/backend.h"
#include "tests/service/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kNotPoolable = v1::ERROR_REASON_SURVEYS_NOT_POOLABLE;
constexpr auto kNoDimension = v1::ERROR_REASON_NOT_A_DIMENSION;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;
constexpr auto kTooMany = v1::ERROR_REASON_TOO_MANY_POINTS;

constexpr absl::Time kTime = absl::FromUnixSeconds(1'704'067'200);  // 2024-01-01T00:00Z

struct BadQuery {
  std::string text;
  v1::ErrorReason reason;
  std::string field;
};

std::string Times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&all, text);
  }
  return all;
}

// One of `count` values after the other: "key: 'a0' key: 'a1' …".
std::string Numbered(int count, absl::string_view key) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&all, key, ": 'a", i, "' ");
  }
  return all;
}

std::string Interval(absl::string_view start, absl::string_view end) {
  std::string text = "survey_ids: 'nps' interval { ";
  if (!start.empty()) {
    absl::StrAppend(&text, "start_time { ", start, " } ");
  }
  if (!end.empty()) {
    absl::StrAppend(&text, "end_time { ", end, " } ");
  }
  return text + "} ";
}

std::vector<BadQuery> BadQueries() {
  const std::string nps = "survey_ids: 'nps' ";
  const std::string filter = nps + "filters { key: 'region' values: ";
  const std::string x129(129, 'x');
  return {
      {"", kRequired, "survey_ids"},
      {Numbered(33, "survey_ids"), kInvalid, "survey_ids"},
      {"survey_ids: ''", kRequired, "survey_ids[0]"},
      {"survey_ids: 'nps' survey_ids: ''", kRequired, "survey_ids[1]"},
      {"survey_ids: 'NPS'", kInvalid, "survey_ids[0]"},
      {"survey_ids: 'nothing'", kNoSurvey, ""},
      {"survey_ids: 'nps' survey_ids: 'nothing'", kNoSurvey, ""},
      {"survey_ids: 'nps' survey_ids: 'nps'", kInvalid, "survey_ids[1]"},
      {"survey_ids: 'nps' survey_ids: 'twin' survey_ids: 'nps'", kInvalid, "survey_ids[2]"},
      {"survey_ids: 'nps' survey_ids: 'berlin'", kNotPoolable, "survey_ids[1]"},
      {"survey_ids: 'nps' survey_ids: 'twin' survey_ids: 'csat'", kNotPoolable, "survey_ids[2]"},
      {"survey_ids: 'csat' survey_ids: 'csat10'", kNotPoolable, "survey_ids[1]"},
      {"survey_ids: 'ces' survey_ids: 'effort'", kNotPoolable, "survey_ids[1]"},
      {nps + "method: METRIC_METHOD_MEAN", kInvalid, "method"},
      {nps + "method: METRIC_METHOD_COUNT", kInvalid, "method"},
      {nps + "method: 8", kInvalid, "method"},
      {nps + "method: -1", kInvalid, "method"},
      {"survey_ids: 'csat' method: METRIC_METHOD_NET_PROMOTER", kInvalid, "method"},
      {"survey_ids: 'csat' method: METRIC_METHOD_TOP_THREE", kInvalid, "method"},
      {"survey_ids: 'ces' method: METRIC_METHOD_TOP_BOX", kInvalid, "method"},
      {"survey_ids: 'text' method: METRIC_METHOD_MEAN", kInvalid, "method"},
      {"survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX", kRequired, "top_box_min"},
      {"survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 0", kInvalid,
       "top_box_min"},
      {"survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 6", kInvalid,
       "top_box_min"},
      {"survey_ids: 'rating' top_box_min: 3", kInvalid, "top_box_min"},
      {"survey_ids: 'csat' top_box_min: 3", kInvalid, "top_box_min"},
      {nps + "top_box_min: 9", kInvalid, "top_box_min"},
      {nps + "respondent_rule: 2", kInvalid, "respondent_rule"},
      {nps + "respondent_rule: -1", kInvalid, "respondent_rule"},
      {nps + "granularity: 8", kInvalid, "granularity"},
      {nps + "granularity: -1", kInvalid, "granularity"},
      {nps + "granularity: GRANULARITY_WEEK week_start: 3", kInvalid, "week_start"},
      {nps + "week_start: 3", kInvalid, "week_start"},
      {nps + "granularity: GRANULARITY_DAY trailing_buckets: -1", kInvalid, "trailing_buckets"},
      {nps + "granularity: GRANULARITY_DAY trailing_buckets: 1001", kInvalid, "trailing_buckets"},
      {nps + "trailing_buckets: 2", kInvalid, "trailing_buckets"},
      {nps + "granularity: GRANULARITY_NONE trailing_buckets: 2", kInvalid, "trailing_buckets"},
      {Interval("seconds: 100", "seconds: 100"), kInvalid, "interval.end_time"},
      {Interval("seconds: 100", "seconds: 99 nanos: 999999999"), kInvalid, "interval.end_time"},
      {Interval("nanos: -1", ""), kInvalid, "interval.start_time"},
      {Interval("nanos: 1000000000", ""), kInvalid, "interval.start_time"},
      {Interval("", "nanos: -1"), kInvalid, "interval.end_time"},
      {Interval("", "nanos: 1000000000"), kInvalid, "interval.end_time"},
      {Interval("seconds: -62135596801", ""), kInvalid, "interval.start_time"},
      {Interval("", "seconds: 253402300800"), kInvalid, "interval.end_time"},
      {Interval("seconds: -9223372036854775808", ""), kInvalid, "interval.start_time"},
      {Interval("", "seconds: 9223372036854775807"), kInvalid, "interval.end_time"},
      {nps + Numbered(9, "group_by"), kInvalid, "group_by"},
      {nps + "group_by: ''", kRequired, "group_by[0]"},
      {nps + "group_by: 'Region'", kInvalid, "group_by[0]"},
      {nps + "group_by: 'region' group_by: 'region'", kInvalid, "group_by[1]"},
      {nps + "group_by: 'survey_id' group_by: 'survey_id'", kInvalid, "group_by[1]"},
      {nps + "group_by: 'agent'", kNoDimension, "group_by[0]"},
      {nps + "group_by: 'region' group_by: 'agent'", kNoDimension, "group_by[1]"},
      {"survey_ids: 'nps' survey_ids: 'twin' group_by: 'region'", kNoDimension, "group_by[0]"},
      {nps + Times(33, "filters { key: 'region' values: 'x' }"), kInvalid, "filters"},
      {nps + "filters {}", kRequired, "filters[0].key"},
      {nps + "filters { values: 'x' }", kRequired, "filters[0].key"},
      {nps + "filters { key: 'Region' values: 'x' }", kInvalid, "filters[0].key"},
      {absl::StrCat(nps, "filters { key: '", std::string(64, 'k'), "' values: 'x' }"), kInvalid,
       "filters[0].key"},
      {nps + "filters { key: 'region' }", kRequired, "filters[0].values"},
      {nps + "filters { key: 'region' negate: true }", kRequired, "filters[0].values"},
      {nps + "filters { key: 'region' values: 'x' } filters { key: 'region' }", kRequired,
       "filters[1].values"},
      {nps + "filters { key: 'region' " + Numbered(1'001, "values") + "}", kInvalid,
       "filters[0].values"},
      {filter + "'' }", kRequired, "filters[0].values[0]"},
      {filter + "'x' values: '' }", kRequired, "filters[0].values[1]"},
      {absl::StrCat(filter, "'", x129, "' }"), kInvalid, "filters[0].values[0]"},
      {filter + "'\\n' }", kInvalid, "filters[0].values[0]"},
      {nps + "confidence: 0.951", kInvalid, "confidence"},
      {nps + "confidence: 0.5", kInvalid, "confidence"},
      {nps + "confidence: 1", kInvalid, "confidence"},
      {nps + "confidence: 95", kInvalid, "confidence"},
      {nps + "confidence: -0.95", kInvalid, "confidence"},
      {nps + "confidence: nan", kInvalid, "confidence"},
      {nps + "confidence: inf", kInvalid, "confidence"},
      {nps + "min_sample: -1", kInvalid, "min_sample"},
      {nps + "min_sample: 1000001", kInvalid, "min_sample"},
      // 10,001 hours.
      {Interval("seconds: 0", "seconds: 36003600") + "granularity: GRANULARITY_HOUR", kTooMany, ""},
      {Interval("seconds: 1", "seconds: 36000001") + "granularity: GRANULARITY_HOUR", kTooMany, ""},
      {Interval("seconds: -62135596800", "seconds: 253402300799") + "granularity: GRANULARITY_DAY",
       kTooMany, ""},
      {Interval("seconds: -62135596800", "seconds: 253402300799") + "granularity: GRANULARITY_HOUR",
       kTooMany, ""},
      {Interval("", "seconds: 253402300799") + "granularity: GRANULARITY_DAY", kTooMany, ""},
  };
}

class BadQueryTest : public ServiceTest {
 protected:
  BadQueryTest() {
    const std::pair<const char*, const char*> surveys[] = {
        {"nps", "kind: SURVEY_KIND_NPS dimensions: ['region', 'channel']"},
        {"twin", "kind: SURVEY_KIND_NPS dimensions: 'channel'"},
        {"berlin", "kind: SURVEY_KIND_NPS time_zone: 'Europe/Berlin'"},
        {"csat", "kind: SURVEY_KIND_CSAT"},
        {"csat10", "kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }"},
        {"ces", "kind: SURVEY_KIND_CES"},
        {"effort",
         "kind: SURVEY_KIND_CES scale { min: 1 max: 7 direction: SCALE_DIRECTION_EFFORT }"},
        {"rating", "kind: SURVEY_KIND_RATING scale { min: 1 max: 5 }"},
        {"text", "kind: SURVEY_KIND_TEXT"}};
    for (const auto& [id, text] : surveys) {
      Create(client(), SurveyOf(id, text));
    }
    Submit(client(), Answer("nps", "there", kTime, 9));
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadQueryTest);

TEST_P(BadQueryTest, IsRefusedWithReasonAndField) {
  const v1::GetStatusResponse before = Status(client());
  for (const BadQuery& row : BadQueries()) {
    SCOPED_TRACE(row.text.substr(0, 200));
    const absl::Status status =
        client().QueryMetric(FromText<v1::QueryMetricRequest>(row.text)).status();
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_EQ(status.code(), CodeOf(row.reason));
    if (!row.field.empty()) {
      EXPECT_THAT(status, HasField(row.field));
    }
  }
  const v1::GetStatusResponse after = Status(client());
  EXPECT_EQ(after.sequence(), before.sequence());
  EXPECT_EQ(after.feedback_count(), before.feedback_count());
}

TEST_P(BadQueryTest, WhatIsJustWithinTheLimitsIsAnswered) {
  const std::string nps = "survey_ids: 'nps' ";
  const std::vector<std::string> rows = {
      nps + "granularity: GRANULARITY_DAY trailing_buckets: 1000",
      nps + "trailing_buckets: 1",
      nps + "granularity: GRANULARITY_MONTH week_start: WEEK_START_SUNDAY",
      Interval("seconds: 100", "seconds: 100 nanos: 1000000"),
      Interval("seconds: -62135596800", "seconds: 253402300799 nanos: 999000000"),
      Interval("seconds: -62135596800", "seconds: 253402300799 nanos: 999999999"),
      Interval("", "seconds: 253402300799 nanos: 999999999"),
      Interval("seconds: 0", "seconds: 36000000") + "granularity: GRANULARITY_HOUR",
      // Wholly outside of what can be stored.
      Interval("seconds: -62135596800", "seconds: -62000000000") + "granularity: GRANULARITY_DAY",
      Interval("seconds: 253400000000", "seconds: 253402300799") + "granularity: GRANULARITY_DAY",
      Interval("seconds: 253400000000", "") + "granularity: GRANULARITY_DAY",
      Interval("", "seconds: -62000000000") + "granularity: GRANULARITY_YEAR",
      nps + "group_by: 'region' group_by: 'channel' group_by: 'survey_id'",
      nps + Times(32, "filters { key: 'region' values: 'x' }"),
      nps + "filters { key: 'region' " + Numbered(1'000, "values") + "}",
      nps + "filters { key: 'region' values: '(none)' values: '(other)' }",
      absl::StrCat(nps, "filters { key: '", std::string(63, 'k'), "' values: '",
                   std::string(128, 'x'), "' }"),
      nps + "min_sample: 1000000",
      nps + "confidence: 0.8",
      nps + "include_excluded: true",
      "survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 5",
      "survey_ids: 'csat10' method: METRIC_METHOD_TOP_THREE",
      "survey_ids: 'nps' survey_ids: 'twin' group_by: 'channel'",
  };
  for (const std::string& row : rows) {
    const absl::StatusOr<v1::QueryMetricResponse> response =
        client().QueryMetric(FromText<v1::QueryMetricRequest>(row));
    EXPECT_OK(response) << row;
    if (response.ok()) {
      for (const v1::TimeInterval& bucket : response->buckets()) {
        EXPECT_LE(bucket.end_time().seconds(), 253'402'300'799) << row;
      }
      EXPECT_EQ(response->total().points_size(), response->buckets_size()) << row;
    }
  }
}

TEST_P(BadQueryTest, ThirtyTwoSurveysCanBePooled) {
  std::string text;
  for (int i = 0; i < 32; ++i) {
    const std::string id = absl::StrCat("a", i);
    Create(client(), NpsSurvey(id));
    Submit(client(), Answer(id, "row", kTime, 10));
    absl::StrAppend(&text, "survey_ids: '", id, "' ");
  }
  EXPECT_THAT(Query(client(), text).total().points(0), IsNps(32, 0, 0));
  Create(client(), NpsSurvey("a32"));
  EXPECT_THAT(client().QueryMetric(FromText<v1::QueryMetricRequest>(text + "survey_ids: 'a32'")),
              HasField("survey_ids"));
}

TEST_P(BadQueryTest, TooManyPointsSaysHowMany) {
  const absl::Status status =
      client()
          .QueryMetric(FromText<v1::QueryMetricRequest>(
              Interval("seconds: 0", "seconds: 36003600") + "granularity: GRANULARITY_HOUR"))
          .status();
  EXPECT_EQ(MetadataOf(status)["points"], "10001");
  EXPECT_EQ(MetadataOf(status)["limit"], "10000");
}

TEST_P(BadQueryTest, ManyGroupsAreTooManyPointsToo) {
  // 101 groups with 100 buckets each; with 99 buckets it is just as many as allowed.
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 101; ++i) {
    answers.push_back(Answer("nps", absl::StrCat("row ", i), kTime, 9));
    (*answers.back().mutable_labels())["region"] = absl::StrCat("r", i);
  }
  SubmitAll(client(), answers);
  const auto days = [&](int count) {
    return client()
        .QueryMetric(FromText<v1::QueryMetricRequest>(
            absl::StrCat(Interval("seconds: 1704067200",
                                  absl::StrCat("seconds: ", 1'704'067'200 + count * 86'400)),
                         "granularity: GRANULARITY_DAY group_by: 'region' "
                         "filters { key: 'region' values: '(none)' negate: true }")))
        .status();
  };
  EXPECT_OK(days(99));
  EXPECT_THAT(days(100), HasReason(kTooMany));
}

}  // namespace
}  // namespace emptychair::testing
