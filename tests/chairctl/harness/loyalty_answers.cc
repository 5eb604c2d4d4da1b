#include "tests/chairctl/harness/loyalty_answers.h"

#include "absl/strings/str_cat.h"
#include "tests/chairctl/harness/chairctl_harness.h"

namespace emptychair {
namespace {

const char* const kInfo =
    R"("methodInfo": {"timeZone": "UTC", "granularity": "GRANULARITY_MONTH",
        "asOf": "2014-04-01T00:00:00Z", "confidence": 0.95}, "sequence": 967, "rowsRead": 53)";

const char* const kPoints =
    R"([{"interval": {"startTime": "2014-01-01T00:00:00Z", "endTime": "2014-02-01T00:00:00Z"},
         "customersAtEnd": 639, "newCustomers": 639},
        {"interval": {"startTime": "2014-02-01T00:00:00Z", "endTime": "2014-03-01T00:00:00Z"},
         "customersAtStart": 639, "customersAtEnd": 714, "newCustomers": 563,
         "returningCustomers": 144, "wonBackCustomers": 7, "retention": 22.535211267605636,
         "retentionLow": 19.4653, "retentionHigh": 25.9333, "churn": 77.46478873239437,
         "churnLow": 74.0667, "churnHigh": 80.5347}])";

}  // namespace

v1::QueryCohortsResponse SomeCohorts() {
  return FromJson<v1::QueryCohortsResponse>(absl::StrCat(
      R"({"cohorts": [
        {"interval": {"startTime": "2014-01-01T00:00:00Z", "endTime": "2014-02-01T00:00:00Z"},
         "size": 639, "cells": [
          {"customers": 639, "share": 100, "shareLow": 99.4, "shareHigh": 100},
          {"customers": 144, "share": 22.5352, "shareLow": 19.4653, "shareHigh": 25.9333},
          {"customers": 71, "share": 11.1111, "shareLow": 8.9, "shareHigh": 13.78}]},
        {"interval": {"startTime": "2014-02-01T00:00:00Z", "endTime": "2014-03-01T00:00:00Z"},
         "size": 570, "cells": [
          {"customers": 570, "share": 100, "shareLow": 99.33, "shareHigh": 100},
          {"customers": 0, "share": 0, "shareLow": 0, "shareHigh": 0.67}]},
        {"interval": {"startTime": "2014-03-01T00:00:00Z", "endTime": "2014-04-01T00:00:00Z"},
         "cells": [{}]}],
       "returnKind": "purchase", "cohortRule": "COHORT_RULE_FIRST_EVER",
       "returnRule": "RETURN_RULE_EXACT", "minActivities": 1, )",
      kInfo, "}"));
}

v1::QueryCohortsResponse CohortsWithAmounts() {
  v1::QueryCohortsResponse response = SomeCohorts();
  *response.mutable_cohorts(0)->mutable_cells(0)->add_amounts() = FromJson<v1::CohortAmounts>(
      R"({"currencyCode": "EUR", "total": {"units": "12788", "nanos": 500000000,
          "currencyCode": "EUR"}, "mean": 20.0125, "meanLow": 18.25, "meanHigh": 21.775})");
  *response.mutable_cohorts(0)->mutable_cells(1)->add_amounts() = FromJson<v1::CohortAmounts>(
      R"({"currencyCode": "EUR", "total": {"units": "31950", "currencyCode": "EUR"},
          "mean": 50, "meanLow": 44.125, "meanHigh": 55.875})");
  *response.mutable_cohorts(0)->mutable_cells(1)->add_amounts() = FromJson<v1::CohortAmounts>(
      R"({"currencyCode": "USD", "total": {"units": "-3", "nanos": -250000000,
          "currencyCode": "USD"}, "mean": -0.005086})");
  response.set_activities_scanned(1'913);
  return response;
}

v1::QueryRetentionResponse SomeRetention() {
  return FromJson<v1::QueryRetentionResponse>(absl::StrCat(
      R"({"points": )", kPoints, R"(, "method": "RETENTION_METHOD_STRICT", )", kInfo, "}"));
}

v1::QueryRetentionResponse RetentionByClass() {
  v1::QueryRetentionResponse response = SomeRetention();
  *response.mutable_points(1)->add_amounts() = FromJson<v1::RetentionAmounts>(
      R"({"currencyCode": "EUR", "total": {"units": "1234567", "nanos": 125000000},
          "before": {"units": "430"}, "kept": {"units": "380"}, "netRetention": 88.3721,
          "netRetentionLow": 45.8046, "netRetentionHigh": 130.9395, "grossRetention": 70.9302,
          "grossRetentionLow": 42.2935, "grossRetentionHigh": 99.5669})");
  for (const v1::NpsClass nps_class : {v1::NPS_CLASS_PROMOTER, v1::NPS_CLASS_PASSIVE,
                                       v1::NPS_CLASS_DETRACTOR, v1::NPS_CLASS_NONE}) {
    v1::RetentionOfClass& of_class = *response.add_classes();
    of_class.set_nps_class(nps_class);
    *of_class.mutable_points() = SomeRetention().points();
    of_class.mutable_points(1)->set_returning_customers(20 + nps_class);
  }
  *response.mutable_class_difference() = FromJson<v1::ClassDifference>(
      R"({"promotersAtStart": 120, "promotersReturning": 45, "detractorsAtStart": 110,
          "detractorsReturning": 24, "delta": 15.681818, "deltaLow": 3.8, "deltaHigh": 26.9,
          "z": 2.61, "pValue": 0.00906, "verdict": "VERDICT_HIGHER"})");
  return response;
}

v1::QueryRepeatRateResponse SomeRepeatRate() {
  return FromJson<v1::QueryRepeatRateResponse>(absl::StrCat(
      R"({"interval": {"startTime": "2014-01-01T00:00:00Z", "endTime": "2014-04-01T00:00:00Z"},
          "customers": 1847, "repeatCustomers": 555, "repeatRate": 30.0487,
          "repeatRateLow": 28.001, "repeatRateHigh": 32.177, "withinDays": [
            {"days": 30, "customers": 1209, "repeatCustomers": 481, "repeatRate": 39.785,
             "repeatRateLow": 37.06, "repeatRateHigh": 42.57},
            {"days": 400}],
          "timeToSecond": {"customers": 1840, "repeatCustomers": 550,
             "p25": {"days": 6, "daysLow": 5, "daysHigh": 7}, "median": {"days": 68, "daysLow": 61},
             "p75": {}},
          "method": "REPEAT_RATE_METHOD_BY_DAY", )",
      kInfo, "}"));
}

}  // namespace emptychair
