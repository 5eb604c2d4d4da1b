// Questions about what customers do that are refused, with what is just still taken beside.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kNoKind = v1::ERROR_REASON_KIND_NOT_FOUND;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;
constexpr auto kTooMany = v1::ERROR_REASON_TOO_MANY_POINTS;

struct BadQuery {
  std::string text;
  v1::ErrorReason reason;
  std::string field;
};

// 2024-01-01, 2024-02-01, 2024-03-01 and 2024-04-01 in UTC.
constexpr char kJanuary[] = "seconds: 1704067200";
constexpr char kFebruary[] = "seconds: 1706745600";
constexpr char kMarch[] = "seconds: 1709251200";
constexpr char kApril[] = "seconds: 1711929600";

std::string Interval(absl::string_view start, absl::string_view end) {
  std::string text = "kind: 'purchase' interval { ";
  if (!start.empty()) {
    absl::StrAppend(&text, "start_time { ", start, " } ");
  }
  if (!end.empty()) {
    absl::StrAppend(&text, "end_time { ", end, " } ");
  }
  return text + "} ";
}

std::string AsOf(absl::string_view time) { return absl::StrCat("as_of { ", time, " } "); }

// What all three refuse.
std::vector<BadQuery> BadKindQueries() {
  const std::string purchase = "kind: 'purchase' ";
  return {
      {"", kRequired, "kind"},
      {"kind: 'Purchase'", kInvalid, "kind"},
      {"kind: 'nothing'", kNoKind, ""},
      {Interval(kFebruary, kFebruary), kInvalid, "interval.end_time"},
      {Interval(kFebruary, kJanuary), kInvalid, "interval.end_time"},
      {purchase + "interval { start_time {} }", kInvalid, "interval.start_time"},
      {Interval("nanos: -1", ""), kInvalid, "interval.start_time"},
      {Interval("", "seconds: 253402300800"), kInvalid, "interval.end_time"},
      {Interval("seconds: -62135596801", ""), kInvalid, "interval.start_time"},
      // No edge of a day.
      {Interval("seconds: 1706745601", kMarch), kInvalid, "interval.start_time"},
      {Interval(kFebruary, "seconds: 1709251199"), kInvalid, "interval.end_time"},
      {Interval(kFebruary, "seconds: 1709251200 nanos: 1"), kInvalid, "interval.end_time"},
      // Looked back on before it begins.
      {Interval(kFebruary, kMarch) + AsOf("seconds: 1706745599 nanos: 999999999"), kInvalid,
       "as_of"},
      {Interval("seconds: 253400659200", "") + AsOf(kMarch), kInvalid, "as_of"},
      {Interval("seconds: 253370764800", ""), kInvalid, "interval.start_time"},
      {purchase + AsOf("seconds: -1"), kInvalid, "as_of"},
      {purchase + AsOf("seconds: 253402300800"), kInvalid, "as_of"},
      {purchase + AsOf("nanos: 1000000000"), kInvalid, "as_of"},
      {purchase + "confidence: 0.951", kInvalid, "confidence"},
      {purchase + "confidence: 95", kInvalid, "confidence"},
      {purchase + "confidence: -0.95", kInvalid, "confidence"},
      {purchase + "confidence: nan", kInvalid, "confidence"},
  };
}

// What QueryRetention and QueryCohorts refuse, which have periods.
std::vector<BadQuery> BadPeriods() {
  const std::string purchase = "kind: 'purchase' ";
  return {
      {purchase + "granularity: GRANULARITY_NONE", kInvalid, "granularity"},
      {purchase + "granularity: GRANULARITY_HOUR", kInvalid, "granularity"},
      {purchase + "granularity: 8", kInvalid, "granularity"},
      {purchase + "granularity: -1", kInvalid, "granularity"},
      {purchase + "week_start: 3", kInvalid, "week_start"},
      // The second is no start of a month, the first none of a quarter, neither one of a week.
      {Interval("seconds: 1704153600", kMarch), kInvalid, "interval.start_time"},
      {Interval(kJanuary, "seconds: 1709164800"), kInvalid, "interval.end_time"},
      {Interval(kFebruary, kApril) + "granularity: GRANULARITY_QUARTER", kInvalid,
       "interval.start_time"},
      {Interval(kJanuary, kMarch) + "granularity: GRANULARITY_YEAR", kInvalid, "interval.end_time"},
      {Interval(kFebruary, kMarch) + "granularity: GRANULARITY_WEEK", kInvalid,
       "interval.start_time"},
      {Interval(kJanuary, "seconds: 1704672000") +
           "granularity: GRANULARITY_WEEK week_start: WEEK_START_SUNDAY",
       kInvalid, "interval.start_time"},
      // 10,001 days.
      {Interval("seconds: 86400", "seconds: 864172800") + "granularity: GRANULARITY_DAY", kTooMany,
       ""},
      {Interval("seconds: -62135596800", kJanuary) + "granularity: GRANULARITY_DAY", kTooMany, ""},
  };
}

std::string Times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&all, text);
  }
  return all;
}

std::vector<BadQuery> BadRetentions() {
  const std::string purchase = "kind: 'purchase' ";
  const std::string rolling = Interval(kJanuary, kMarch) + "rolling_days: 30 ";
  std::vector<BadQuery> rows = {
      {purchase + "rolling_days: -1", kInvalid, "rolling_days"},
      {purchase + "rolling_days: 1001", kInvalid, "rolling_days"},
      {purchase + "rolling_days: 30 granularity: GRANULARITY_DAY", kInvalid, "rolling_days"},
      {rolling + AsOf("seconds: 1709251199"), kInvalid, "as_of"},
      {purchase + "rolling_days: 30 granularity: GRANULARITY_NONE", kInvalid, "granularity"},
      {purchase + "method: 3", kInvalid, "method"},
      {purchase + "method: -1", kInvalid, "method"},
      {purchase + Times(33, "filters { key: 'plan' values: 'x' }"), kInvalid, "filters"},
      {purchase + "filters {}", kRequired, "filters[0].key"},
      {purchase + "filters { key: 'Plan' values: 'x' }", kInvalid, "filters[0].key"},
      {purchase + "filters { key: 'plan' }", kRequired, "filters[0].values"},
      {purchase + "filters { key: 'plan' negate: true }", kRequired, "filters[0].values"},
      {purchase + "filters { key: 'plan' " + Times(1'001, "values: 'x' ") + "}", kInvalid,
       "filters[0].values"},
      {purchase + "filters { key: 'plan' values: 'x' values: '' }", kRequired,
       "filters[0].values[1]"},
      {purchase + "filters { key: 'plan' values: '\\n' }", kInvalid, "filters[0].values[0]"},
      {purchase + "filters { key: 'plan' values: '(other)' }", kInvalid, "filters[0].values[0]"},
      {purchase + "filters { key: 'plan' values: 'x' } filters { key: 'survey_id' values: 'nps' }",
       kInvalid, "filters[1].key"},
      {purchase + "group_by_class_of: 'NPS'", kInvalid, "group_by_class_of"},
      {purchase + "group_by_class_of: 'nothing'", kNoSurvey, ""},
      {purchase + "group_by_class_of: 'csat'", kInvalid, "group_by_class_of"},
      {purchase + "group_by_class_of: 'text'", kInvalid, "group_by_class_of"},
  };
  for (const std::vector<BadQuery>& more : {BadKindQueries(), BadPeriods()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

std::vector<BadQuery> BadCohorts() {
  const std::string purchase = "kind: 'purchase' ";
  const std::string active = purchase + "cohort_rule: COHORT_RULE_ACTIVE ";
  std::vector<BadQuery> rows = {
      {purchase + "return_kind: 'Visit'", kInvalid, "return_kind"},
      {purchase + "return_kind: 'nothing'", kNoKind, ""},
      {purchase + "return_kind: 'tokyo'", kInvalid, "return_kind"},
      {purchase + "cohort_rule: 3", kInvalid, "cohort_rule"},
      {purchase + "cohort_rule: -1", kInvalid, "cohort_rule"},
      {purchase + "return_rule: 3", kInvalid, "return_rule"},
      {purchase + "min_activities: 2", kInvalid, "min_activities"},
      {active + "min_activities: -1", kInvalid, "min_activities"},
      {active + "min_activities: 101", kInvalid, "min_activities"},
      // 141 days have 10,011 cells.
      {Interval(kJanuary, "seconds: 1716249600") + "granularity: GRANULARITY_DAY", kTooMany, ""},
  };
  for (const std::vector<BadQuery>& more : {BadKindQueries(), BadPeriods()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

std::vector<BadQuery> BadRepeatRates() {
  const std::string purchase = "kind: 'purchase' ";
  std::string many;
  for (int days = 1; days <= 33; ++days) {
    absl::StrAppend(&many, "within_days: ", days, " ");
  }
  std::vector<BadQuery> rows = {
      {purchase + "method: 3", kInvalid, "method"},
      {purchase + "method: -1", kInvalid, "method"},
      {purchase + "within_days: 0", kInvalid, "within_days[0]"},
      {purchase + "within_days: 401", kInvalid, "within_days[0]"},
      {purchase + "within_days: [30, -1]", kInvalid, "within_days[1]"},
      {purchase + "within_days: [30, 60, 30]", kInvalid, "within_days[2]"},
      {purchase + many, kInvalid, "within_days"},
  };
  const std::vector<BadQuery> more = BadKindQueries();
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

class BadLoyaltyTest : public ServiceTest {
 protected:
  BadLoyaltyTest() {
    Create(client(), NpsSurvey("nps"));
    Create(client(), SurveyOf("csat", "kind: SURVEY_KIND_CSAT"));
    Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
    for (const char* const request :
         {"kind: 'purchase'", "kind: 'visit'", "kind: 'tokyo' time_zone: 'Asia/Tokyo'"}) {
      EXPECT_OK(client().DefineActivityKind(FromText<v1::DefineActivityKindRequest>(request)));
    }
    v1::RecordActivityRequest request = FromText<v1::RecordActivityRequest>(
        "activity { kind: 'purchase' activity_id: 'a' customer_id: 'ann' "
        "amount { units: 1 currency_code: 'EUR' } }");
    *request.mutable_activity()->mutable_occur_time() = Timestamp(kTime);
    EXPECT_OK(client().RecordActivity(request));
  }

  // Asks all of `rows` with `ask`, and looks whether that changed anything.
  template <typename Request, typename Response>
  void ExpectRefused(const std::vector<BadQuery>& rows,
                     absl::StatusOr<Response> (Client::*ask)(const Request&) const) {
    const v1::GetStatusResponse before = Status(client());
    for (const BadQuery& row : rows) {
      SCOPED_TRACE(row.text.substr(0, 200));
      const absl::Status status = (client().*ask)(FromText<Request>(row.text)).status();
      EXPECT_THAT(status, HasReason(row.reason)) << status;
      EXPECT_EQ(status.code(), CodeOf(row.reason));
      if (!row.field.empty()) {
        EXPECT_THAT(status, HasField(row.field)) << status;
        EXPECT_THAT(std::string(status.message()), ::testing::StartsWith(row.field + ": "));
      }
    }
    const v1::GetStatusResponse after = Status(client());
    EXPECT_EQ(after.sequence(), before.sequence());
    EXPECT_EQ(after.activity_count(), before.activity_count());
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadLoyaltyTest);

TEST_P(BadLoyaltyTest, RetentionIsRefusedWithReasonAndField) {
  ExpectRefused(BadRetentions(), &Client::QueryRetention);
  // Whatever is read for it.
  std::vector<BadQuery> rows = BadRetentions();
  for (BadQuery& row : rows) {
    row.text += " with_amounts: true positive_amounts_only: true ";
  }
  ExpectRefused(rows, &Client::QueryRetention);
}

TEST_P(BadLoyaltyTest, CohortsAreRefusedWithReasonAndField) {
  ExpectRefused(BadCohorts(), &Client::QueryCohorts);
  std::vector<BadQuery> rows = BadCohorts();
  for (BadQuery& row : rows) {
    row.text += " with_amounts: true ";
  }
  ExpectRefused(rows, &Client::QueryCohorts);
}

TEST_P(BadLoyaltyTest, RepeatRatesAreRefusedWithReasonAndField) {
  ExpectRefused(BadRepeatRates(), &Client::QueryRepeatRate);
}

TEST_P(BadLoyaltyTest, WhatIsJustWithinTheLimitsIsAnswered) {
  const std::string purchase = "kind: 'purchase' ";
  for (const std::string& row : std::vector<std::string>{
           purchase, Interval(kFebruary, kMarch) + AsOf(kFebruary),
           Interval(kJanuary, kApril) + "granularity: GRANULARITY_QUARTER",
           Interval(kJanuary, "seconds: 1704672000") + "granularity: GRANULARITY_WEEK",
           // 10,000 days.
           Interval("seconds: 86400", "seconds: 864086400") + "granularity: GRANULARITY_DAY",
           Interval(kJanuary, kMarch) + "rolling_days: 30 " + AsOf(kMarch),
           purchase + "rolling_days: 1000 week_start: WEEK_START_SUNDAY",
           purchase + Times(32, "filters { key: 'plan' values: 'x' }"),
           purchase + "filters { key: 'plan' " + Times(1'000, "values: 'x' ") + "}",
           purchase + "group_by_class_of: 'nps' with_amounts: true confidence: 0.99",
           "kind: 'tokyo' group_by_class_of: 'nps' with_amounts: true"}) {
    EXPECT_OK(client().QueryRetention(FromText<v1::QueryRetentionRequest>(row)))
        << row.substr(0, 200);
  }
  for (const std::string& row : std::vector<std::string>{
           purchase + "return_kind: 'visit'",
           purchase + "cohort_rule: COHORT_RULE_ACTIVE min_activities: 100",
           purchase + "min_activities: 1 with_amounts: true",
           // 140 days have 9,870 cells.
           Interval(kJanuary, "seconds: 1716163200") + "granularity: GRANULARITY_DAY"}) {
    EXPECT_OK(client().QueryCohorts(FromText<v1::QueryCohortsRequest>(row))) << row;
  }
  for (const std::string& row : std::vector<std::string>{
           purchase + "within_days: [1, 400]", Interval(kJanuary, kFebruary) + AsOf(kJanuary)}) {
    EXPECT_OK(client().QueryRepeatRate(FromText<v1::QueryRepeatRateRequest>(row))) << row;
  }
}

TEST_P(BadLoyaltyTest, WhatIsAskedForIsAnswered) {
  v1::UpsertCustomerRequest customer = FromText<v1::UpsertCustomerRequest>(
      "customer { customer_id: 'ann' attributes { key: 'plan' value: 'pro' } }");
  ASSERT_OK(client().UpsertCustomer(customer));
  v1::Feedback answer = Answer("nps", "a", kTime + absl::Hours(1), 9);
  answer.set_customer_id("ann");
  Submit(client(), answer);
  const v1::QueryRetentionResponse response =
      Value(client().QueryRetention(FromText<v1::QueryRetentionRequest>(
          Interval(kJanuary, kMarch) + "with_amounts: true group_by_class_of: 'nps' "
                                       "filters { key: 'plan' values: ['pro', 'free'] }")));
  ASSERT_EQ(response.points_size(), 2);
  EXPECT_EQ(response.points(0).new_customers(), 1);
  ASSERT_EQ(response.points(0).amounts_size(), 1);
  EXPECT_EQ(response.points(0).amounts(0).total().units(), 1);
  EXPECT_EQ(response.points(1).amounts(0).before().units(), 1);
  EXPECT_EQ(response.points(1).amounts(0).net_retention(), 0);
  ASSERT_EQ(response.classes_size(), 4);
  EXPECT_EQ(response.classes(3).points(0).new_customers(), 1);
  EXPECT_EQ(response.classes(0).points(1).customers_at_start(), 1);
  ASSERT_EQ(response.unmatched_size(), 1);
  EXPECT_EQ(response.unmatched(0).value(), "free");
  EXPECT_EQ(response.activities_scanned(), 1);
  EXPECT_EQ(response.class_difference().verdict(), v1::VERDICT_TOO_FEW);
  const v1::QueryCohortsResponse cohorts = Value(client().QueryCohorts(
      FromText<v1::QueryCohortsRequest>(Interval(kJanuary, kMarch) + "with_amounts: true")));
  ASSERT_EQ(cohorts.cohorts(0).cells(1).amounts_size(), 1);
  EXPECT_EQ(cohorts.cohorts(0).cells(1).amounts(0).mean(), 1);
}

}  // namespace
}  // namespace emptychair::testing
