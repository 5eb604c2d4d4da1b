// Queries that are refused, with what is just still taken beside.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kNotPoolable = v1::ERROR_REASON_SURVEYS_NOT_POOLABLE;
constexpr auto kNoDimension = v1::ERROR_REASON_NOT_A_DIMENSION;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;
constexpr auto kTooMany = v1::ERROR_REASON_TOO_MANY_POINTS;

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
      {nps + "respondent_rule: 4", kInvalid, "respondent_rule"},
      {nps + "respondent_rule: -1", kInvalid, "respondent_rule"},
      {"survey_ids: 'text' respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER", kInvalid,
       "respondent_rule"},
      {"survey_ids: 'text' respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER", kInvalid,
       "respondent_rule"},
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
      {nps + "interval { start_time {} end_time { seconds: 1 } }", kInvalid, "interval.start_time"},
      // 10,001 hours.
      {Interval("seconds: 3600", "seconds: 36007200") + "granularity: GRANULARITY_HOUR", kTooMany,
       ""},
      {Interval("seconds: 1", "seconds: 36000001") + "granularity: GRANULARITY_HOUR", kTooMany, ""},
      {Interval("seconds: -62135596800", "seconds: 253402300799") + "granularity: GRANULARITY_DAY",
       kTooMany, ""},
      {Interval("seconds: -62135596800", "seconds: 253402300799") + "granularity: GRANULARITY_HOUR",
       kTooMany, ""},
      {Interval("", "seconds: 253402300799") + "granularity: GRANULARITY_DAY", kTooMany, ""},
  };
}

struct BadComparison {
  std::string base;
  std::string candidate;
  v1::ErrorReason reason;
  std::string field;
};

std::string Filter(absl::string_view key, const std::vector<std::string>& values,
                   bool negate = false) {
  return absl::StrCat("filters { key: '", key, "' values: '", absl::StrJoin(values, "' values: '"),
                      "' negate: ", negate ? "true" : "false", " } ");
}

// Windows of the survey `nps` that touch.
std::string Early() { return Interval("", "seconds: 1000"); }
std::string Late() { return Interval("seconds: 1000", ""); }

// Sides that do not ask for one value of one metric.
std::vector<BadComparison> UnlikeSides() {
  const std::string rating = "survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: ";
  return {
      {"", "", kRequired, "base.survey_ids"},
      {Early(), "", kRequired, "candidate.survey_ids"},
      {"survey_ids: 'nothing'", Late(), kNoSurvey, ""},
      {Early(), "survey_ids: 'nothing'", kNoSurvey, ""},
      {Early() + "granularity: GRANULARITY_DAY", Late(), kInvalid, "base.granularity"},
      {Early(), Late() + "granularity: GRANULARITY_YEAR", kInvalid, "candidate.granularity"},
      {Early() + "granularity: 8", Late(), kInvalid, "base.granularity"},
      {Early() + "trailing_buckets: 2", Late(), kInvalid, "base.trailing_buckets"},
      {Early(), Late() + "trailing_buckets: -1", kInvalid, "candidate.trailing_buckets"},
      {Early() + "group_by: 'region'", Late(), kInvalid, "base.group_by"},
      {Early(), Late() + "group_by: 'survey_id'", kInvalid, "candidate.group_by"},
      {Early() + "include_histogram: true", Late(), kInvalid, "base.include_histogram"},
      {Early(), Late() + "include_histogram: true", kInvalid, "candidate.include_histogram"},
      {"survey_ids: 'text'", "survey_ids: 'text'", kInvalid, "base.method"},
      {Early(), "survey_ids: 'text'", kInvalid, "candidate.method"},
      {Early(), "survey_ids: 'csat'", kNotPoolable, "candidate.survey_ids[0]"},
      {"survey_ids: 'csat'", "survey_ids: 'csat10'", kNotPoolable, "candidate.survey_ids[0]"},
      {"survey_ids: 'ces'", "survey_ids: 'effort'", kNotPoolable, "candidate.survey_ids[0]"},
      {Early(), "survey_ids: 'berlin'", kNotPoolable, "candidate.survey_ids[0]"},
      {"survey_ids: 'ces'", "survey_ids: 'ces' method: METRIC_METHOD_NET", kInvalid,
       "candidate.method"},
      {"survey_ids: 'ces' method: METRIC_METHOD_MEAN", "survey_ids: 'ces'", kInvalid,
       "candidate.method"},
      {rating + "3", rating + "4", kInvalid, "candidate.top_box_min"},
      {Early() + "respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER", Late(), kInvalid,
       "candidate.respondent_rule"},
      {Early(), Late() + "respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER", kInvalid,
       "candidate.respondent_rule"},
      {Early() + "confidence: 0.9", Late(), kInvalid, "candidate.confidence"},
      {Early(), Late() + "confidence: 0.99", kInvalid, "candidate.confidence"},
      {Early() + "include_excluded: true", Late(), kInvalid, "candidate.include_excluded"},
      {Early(), Late() + "include_excluded: true", kInvalid, "candidate.include_excluded"},
  };
}

// Sides that can share an answer.
std::vector<BadComparison> SidesThatShare() {
  const std::string nps = "survey_ids: 'nps' ";
  const std::string a = nps + Filter("region", {"a"});
  const std::string interval = "candidate.interval";
  const std::string filters = "candidate.filters";
  return {
      {nps, nps, kInvalid, interval},
      {nps, Late(), kInvalid, interval},
      {Early(), Early(), kInvalid, interval},
      {Late(), Late(), kInvalid, interval},
      {Early(), Interval("seconds: 999 nanos: 999000000", ""), kInvalid, interval},
      {Interval("seconds: 999 nanos: 999000000", ""), Early(), kInvalid, interval},
      // Answers are stored by the millisecond, and an edge within one counts from the next.
      {Interval("", "seconds: 1000 nanos: 1"), Late(), kInvalid, interval},
      {"survey_ids: 'nps' survey_ids: 'twin'", "survey_ids: 'twin'", kInvalid, interval},
      {Early() + Filter("region", {"a"}), nps + Filter("region", {"a"}), kInvalid, interval},
      {a, nps, kInvalid, filters},
      {nps, a, kInvalid, filters},
      {a, a, kInvalid, filters},
      {Early() + Filter("region", {"a"}), Early() + Filter("region", {"a"}), kInvalid, filters},
      {a, nps + Filter("region", {"b", "a"}), kInvalid, filters},
      {a, nps + Filter("region", {"b"}, true), kInvalid, filters},
      {nps + Filter("region", {"a", "b"}), nps + Filter("region", {"b"}, true), kInvalid, filters},
      // Others are left.
      {nps + Filter("region", {"a"}, true), nps + Filter("region", {"b"}, true), kInvalid, filters},
      {nps + Filter("region", {"a"}, true), nps + Filter("region", {"(none)"}, true), kInvalid,
       filters},
      {nps + Filter("region", {"(none)"}), nps + Filter("region", {"a"}, true), kInvalid, filters},
      {nps + Filter("region", {"(other)"}), nps + Filter("region", {"(other)"}), kInvalid, filters},
      {a, nps + Filter("channel", {"b"}), kInvalid, filters},
      {a + Filter("channel", {"x"}), a + Filter("channel", {"x", "y"}), kInvalid, filters},
      // Is no dimension.
      {nps + Filter("agent", {"x"}), nps + Filter("agent", {"x", "y"}), kInvalid, filters},
      {nps + Filter("survey_id", {"nps"}), nps + Filter("survey_id", {"nps", "twin"}), kInvalid,
       filters},
      {nps + Filter("survey_id", {"twin"}, true), nps, kInvalid, filters},
  };
}

struct BadKeys {
  std::vector<std::string> keys;
  std::string candidate;
  v1::ErrorReason reason;
  std::string field;
};

// Keys that no change from `Early()` to the candidate can be decomposed by.
std::vector<BadKeys> KeysThatAreNone() {
  const std::string twin = "survey_ids: 'twin'";
  return {
      {{""}, Late(), kRequired, "keys[0]"},
      {{"region", ""}, Late(), kRequired, "keys[1]"},
      {{"Region"}, Late(), kInvalid, "keys[0]"},
      {{"region\n"}, Late(), kInvalid, "keys[0]"},
      {{std::string(64, 'k')}, Late(), kInvalid, "keys[0]"},
      {{"region", "region"}, Late(), kInvalid, "keys[1]"},
      {{"region", "channel", "region"}, Late(), kInvalid, "keys[2]"},
      {{"survey_id", "survey_id"}, Late(), kInvalid, "keys[1]"},
      {{"agent"}, Late(), kNoDimension, "keys[0]"},
      {{"channel", "agent"}, Late(), kNoDimension, "keys[1]"},
      {{"channel", "region"}, twin, kNoDimension, "keys[1]"},
      // The sides come first.
      {{"agent"}, "survey_ids: 'nps'", kInvalid, "candidate.interval"},
  };
}

// Pairs of sides that cannot share an answer.
std::vector<std::pair<std::string, std::string>> SidesApart() {
  const std::string nps = "survey_ids: 'nps' ";
  const std::string both = nps + "survey_ids: 'twin' ";
  const std::string a = nps + Filter("region", {"a"});
  return {
      {Early(), Late()},
      {Late(), Early()},
      {Early(), Interval("seconds: 999 nanos: 999000001", "")},
      {Interval("seconds: 10", "seconds: 20"), Interval("seconds: 30", "seconds: 40")},
      {Early() + "granularity: GRANULARITY_NONE trailing_buckets: 1",
       Late() + "week_start: WEEK_START_SUNDAY"},
      {Early() + "method: METRIC_METHOD_NET_PROMOTER confidence: 0.95", Late() + "min_sample: 7"},
      {nps, "survey_ids: 'twin'"},
      {both + Filter("survey_id", {"nps"}), both + Filter("survey_id", {"nps"}, true)},
      {both + Filter("survey_id", {"twin"}), nps},
      {a, nps + Filter("region", {"b"})},
      {a, nps + Filter("region", {"a"}, true)},
      {nps + Filter("region", {"a"}, true), a},
      {nps + Filter("region", {"a", "b"}), nps + Filter("region", {"c", "(none)", "(other)"})},
      {nps + Filter("region", {"a", "b"}), nps + Filter("region", {"b", "a", "c"}, true)},
      {nps + Filter("region", {"(none)"}), nps + Filter("region", {"(none)"}, true)},
      {nps + Filter("region", {"a", "b"}) + Filter("region", {"b"}, true),
       nps + Filter("region", {"b"})},
      {nps + Filter("region", {"a"}, true), a + Filter("region", {"b"}, true)},
      {a + Filter("channel", {"x"}), a + Filter("channel", {"y"})},
      {nps + Filter("agent", {"x"}), nps + Filter("agent", {"y", "(none)"})},
      // Nothing passes two filters that exclude each other.
      {a + Filter("region", {"b"}), nps},
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
      Interval("seconds: 3600", "seconds: 36003600") + "granularity: GRANULARITY_HOUR",
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
      nps + "respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER",
      nps +
          "respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER granularity: GRANULARITY_DAY "
          "trailing_buckets: 1000",
      Interval("seconds: -62135596800", "seconds: 253402300799 nanos: 999999999") +
          "respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER",
      "survey_ids: 'text' respondent_rule: RESPONDENT_RULE_ALL",
      "survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 5",
      "survey_ids: 'csat10' method: METRIC_METHOD_TOP_THREE",
      "survey_ids: 'nps' survey_ids: 'twin' group_by: 'channel'",
  };
  for (const std::string& row : rows) {
    const absl::StatusOr<v1::QueryMetricResponse> response =
        client().QueryMetric(FromText<v1::QueryMetricRequest>(row));
    EXPECT_OK(response) << row;
    if (response.ok()) {
      for (const v1::MetricBucket& bucket : response->buckets()) {
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
              Interval("seconds: 3600", "seconds: 36007200") + "granularity: GRANULARITY_HOUR"))
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

void ExpectRefused(const absl::Status& status, v1::ErrorReason reason, const std::string& field) {
  EXPECT_THAT(status, HasReason(reason));
  EXPECT_EQ(status.code(), CodeOf(reason));
  if (!field.empty()) {
    EXPECT_THAT(status, HasField(field));
    EXPECT_EQ(MetadataOf(status)["field"], field);
    EXPECT_THAT(std::string(status.message()), ::testing::StartsWith(field + ": "));
  }
}

TEST_P(BadQueryTest, SidesAreRefusedWithReasonAndField) {
  std::vector<BadComparison> rows = UnlikeSides();
  const std::vector<BadComparison> sharing = SidesThatShare();
  rows.insert(rows.end(), sharing.begin(), sharing.end());
  for (const BadComparison& row : rows) {
    SCOPED_TRACE(absl::StrCat("base { ", row.base, " } candidate { ", row.candidate, " }"));
    const v1::CompareMetricRequest sides = Sides(row.base, row.candidate);
    ExpectRefused(client().CompareMetric(sides).status(), row.reason, row.field);
    ExpectRefused(client().DecomposeChange(ChangeOf(sides)).status(), row.reason, row.field);
  }
}

TEST_P(BadQueryTest, KeysAreRefusedWithReasonAndField) {
  for (const BadKeys& row : KeysThatAreNone()) {
    SCOPED_TRACE(
        absl::StrCat("candidate { ", row.candidate, " } keys: ", absl::StrJoin(row.keys, ", ")));
    ExpectRefused(
        client().DecomposeChange(ChangeOf(Sides(Early(), row.candidate), row.keys)).status(),
        row.reason, row.field);
  }
  EXPECT_OK(client().DecomposeChange(
      ChangeOf(Sides(Early(), Late()), {"survey_id", "channel", "region"})));
}

TEST_P(BadQueryTest, SidesThatShareNoAnswerAreCompared) {
  for (const auto& [base, candidate] : SidesApart()) {
    SCOPED_TRACE(absl::StrCat("base { ", base, " } candidate { ", candidate, " }"));
    EXPECT_OK(client().DecomposeChange(ChangeOf(Sides(base, candidate))));
    const absl::StatusOr<v1::CompareMetricResponse> response =
        client().CompareMetric(Sides(base, candidate));
    ASSERT_OK(response);
    EXPECT_EQ(response->verdict(), v1::VERDICT_TOO_FEW);
  }
}

TEST_P(BadQueryTest, ErrorsOfASideHaveItsPath) {
  int rows = 0;
  for (const BadQuery& row : BadQueries()) {
    // What is refused for the very asking has its own rows.
    if (row.field.empty() || absl::StrContains(row.text, "GRANULARITY_") ||
        absl::StrContains(row.text, "group_by")) {
      continue;
    }
    ++rows;
    SCOPED_TRACE(row.text.substr(0, 200));
    const absl::Status base = client().CompareMetric(Sides(row.text, Late())).status();
    EXPECT_THAT(base, HasReason(row.reason));
    EXPECT_THAT(base, HasField("base." + row.field));
    const absl::Status candidate = client().CompareMetric(Sides(Early(), row.text)).status();
    EXPECT_THAT(candidate, HasReason(row.reason));
    EXPECT_THAT(candidate, HasField("candidate." + row.field));
  }
  EXPECT_GT(rows, 50);
}

}  // namespace
}  // namespace emptychair::testing
