// Metrics over time: where buckets begin and end, and what counts in which.
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

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MetricBucketTest : public ServiceTest {
 protected:
  // A survey in `zone` with one answer of 10 at each of `times`.
  void Load(const std::string& zone, const std::vector<std::string>& times) {
    Create(client(), NpsSurvey("nps", {"region"}, zone));
    std::vector<v1::Feedback> answers;
    for (const std::string& time : times) {
      answers.push_back(Answer("nps", absl::StrCat("row ", answers.size()), At(time), 10));
    }
    SubmitAll(client(), answers);
  }

  // Every bucket as "START END ANSWERS", times in UTC without their zero seconds.
  std::vector<std::string> Buckets(const std::string& granularity, const std::string& start,
                                   const std::string& end, const std::string& more = "") {
    v1::QueryMetricRequest request = FromText<v1::QueryMetricRequest>(
        absl::StrCat("survey_ids: 'nps' granularity: GRANULARITY_", granularity, " ", more));
    if (!start.empty()) {
      *request.mutable_interval()->mutable_start_time() = Timestamp(At(start));
    }
    if (!end.empty()) {
      *request.mutable_interval()->mutable_end_time() = Timestamp(At(end));
    }
    const v1::QueryMetricResponse response = Value(client().QueryMetric(request));
    if (response.series_size() != 1 || response.total().points_size() != response.buckets_size()) {
      ADD_FAILURE() << "points that are not aligned with buckets: " << response.ShortDebugString();
      return {};
    }
    std::vector<std::string> buckets;
    for (int i = 0; i < response.buckets_size(); ++i) {
      EXPECT_THAT(response.series(0).points(i), EqualsMessage(response.total().points(i)));
      buckets.push_back(absl::StrCat(Short(response.buckets(i).start_time()), " ",
                                     Short(response.buckets(i).end_time()), " ",
                                     response.total().points(i).answers()));
    }
    return buckets;
  }

 private:
  static std::string Short(const google::protobuf::Timestamp& timestamp) {
    const absl::Time time = FromTimestamp(timestamp);
    const bool whole = absl::ToUnixMillis(time) % 60'000 == 0;
    return absl::FormatTime(whole ? "%Y-%m-%dT%H:%M" : "%Y-%m-%dT%H:%M:%E*S", time,
                            absl::UTCTimeZone());
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricBucketTest);

TEST_P(MetricBucketTest, ABucketThatEndsAfterTheServersClockIsOpen) {
  Load("Europe/Berlin", {"2024-02-03T00:00:00Z"});
  v1::QueryMetricRequest request =
      FromText<v1::QueryMetricRequest>("survey_ids: 'nps' granularity: GRANULARITY_YEAR");
  *request.mutable_interval()->mutable_start_time() = Timestamp(At("2000-01-01T00:00:00+01:00"));
  *request.mutable_interval()->mutable_end_time() = Timestamp(At("2200-07-01T00:00:00+02:00"));
  const v1::QueryMetricResponse response = Value(client().QueryMetric(request));
  ASSERT_EQ(response.buckets_size(), 201);
  const absl::Time now = backend().clock() != nullptr ? backend().clock()->Now() : absl::Now();
  for (const v1::MetricBucket& bucket : response.buckets()) {
    EXPECT_EQ(bucket.is_open(), FromTimestamp(bucket.end_time()) > now)
        << bucket.ShortDebugString();
  }
  EXPECT_FALSE(response.buckets(0).is_open());
  EXPECT_TRUE(response.buckets(200).is_open());
}

TEST_P(MetricBucketTest, AnOpenIntervalGivesWholeUnitsFromTheFirstToTheLastWithAnswers) {
  Load("UTC", {"2023-11-15T12:34:56.789Z", "2024-02-03T00:00:00Z"});
  EXPECT_THAT(
      Buckets("MONTH", "", ""),
      ElementsAre("2023-11-01T00:00 2023-12-01T00:00 1", "2023-12-01T00:00 2024-01-01T00:00 0",
                  "2024-01-01T00:00 2024-02-01T00:00 0", "2024-02-01T00:00 2024-03-01T00:00 1"));
  EXPECT_THAT(Buckets("QUARTER", "", ""), ElementsAre("2023-10-01T00:00 2024-01-01T00:00 1",
                                                      "2024-01-01T00:00 2024-04-01T00:00 1"));
  EXPECT_THAT(Buckets("YEAR", "", ""), ElementsAre("2023-01-01T00:00 2024-01-01T00:00 1",
                                                   "2024-01-01T00:00 2025-01-01T00:00 1"));
  const std::vector<std::string> weeks = Buckets("WEEK", "", "");
  ASSERT_THAT(weeks, SizeIs(12));
  EXPECT_EQ(weeks.front(), "2023-11-13T00:00 2023-11-20T00:00 1");
  EXPECT_EQ(weeks.back(), "2024-01-29T00:00 2024-02-05T00:00 1");
  EXPECT_EQ(Buckets("WEEK", "", "", "week_start: WEEK_START_SUNDAY").front(),
            "2023-11-12T00:00 2023-11-19T00:00 1");
  EXPECT_THAT(Buckets("DAY", "", ""), SizeIs(81));
  EXPECT_EQ(Buckets("HOUR", "", "").front(), "2023-11-15T12:00 2023-11-15T13:00 1");
  EXPECT_EQ(Buckets("HOUR", "", "").back(), "2024-02-03T00:00 2024-02-03T01:00 1");
}

TEST_P(MetricBucketTest, OneOpenEdgeReachesToTheAnswersToo) {
  Load("UTC", {"2023-11-15T12:34:56.789Z", "2024-02-03T00:00:00Z"});
  EXPECT_THAT(
      Buckets("MONTH", "2024-01-10T00:00:00Z", ""),
      ElementsAre("2024-01-10T00:00 2024-02-01T00:00 0", "2024-02-01T00:00 2024-03-01T00:00 1"));
  EXPECT_THAT(
      Buckets("MONTH", "", "2023-12-10T00:00:00Z"),
      ElementsAre("2023-11-01T00:00 2023-12-01T00:00 1", "2023-12-01T00:00 2023-12-10T00:00 0"));
  EXPECT_THAT(Buckets("MONTH", "2024-03-01T00:00:00Z", ""), IsEmpty());
  EXPECT_THAT(Buckets("MONTH", "", "2023-11-01T00:00:00Z"), IsEmpty());
}

TEST_P(MetricBucketTest, WithoutAnswersAnOpenIntervalHasNone) {
  Load("UTC", {});
  for (const char* granularity : {"HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}) {
    EXPECT_THAT(Buckets(granularity, "", ""), IsEmpty()) << granularity;
    EXPECT_THAT(Buckets(granularity, "2024-01-01T00:00:00Z", ""), IsEmpty()) << granularity;
  }
  EXPECT_THAT(Buckets("DAY", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
              ElementsAre("2024-01-01T00:00 2024-01-02T00:00 0"));
}

TEST_P(MetricBucketTest, TheEdgesAreExactToTheMillisecond) {
  Load("UTC", {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.001Z", "2024-01-01T23:59:59.999Z",
               "2024-01-02T00:00:00Z"});
  EXPECT_THAT(Buckets("DAY", "2024-01-01T00:00:00.001Z", "2024-01-02T00:00:00Z"),
              ElementsAre("2024-01-01T00:00:00.001 2024-01-02T00:00 2"));
  EXPECT_THAT(Buckets("DAY", "2024-01-01T00:00:00Z", "2024-01-01T23:59:59.999Z"),
              ElementsAre("2024-01-01T00:00 2024-01-01T23:59:59.999 2"));
  EXPECT_THAT(Buckets("NONE", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00.001Z"),
              ElementsAre("2024-01-01T00:00 2024-01-02T00:00:00.001 4"));
}

TEST_P(MetricBucketTest, FirstAndLastAreClipped) {
  Load("UTC", {"2024-01-14T23:00:00Z", "2024-01-15T01:00:00Z", "2024-02-09T00:00:00Z",
               "2024-02-10T13:00:00Z"});
  EXPECT_THAT(
      Buckets("MONTH", "2024-01-15T00:00:00Z", "2024-02-10T12:30:00Z"),
      ElementsAre("2024-01-15T00:00 2024-02-01T00:00 1", "2024-02-01T00:00 2024-02-10T12:30 1"));
  EXPECT_THAT(Buckets("YEAR", "2024-01-15T00:00:00Z", "2024-02-10T12:30:00Z"),
              ElementsAre("2024-01-15T00:00 2024-02-10T12:30 2"));
}

TEST_P(MetricBucketTest, DaysOfAChangeOfTheClockAreShorterAndLonger) {
  // Berlin: 2024-03-31 has 23 hours, 2023-10-29 has 25.
  Load("Europe/Berlin", {"2023-10-28T21:59:59.999Z", "2023-10-28T22:00:00Z",
                         "2023-10-29T22:59:59.999Z", "2023-10-29T23:00:00Z", "2024-03-30T23:00:00Z",
                         "2024-03-31T21:59:59.999Z", "2024-03-31T22:00:00Z"});
  EXPECT_THAT(
      Buckets("DAY", "2023-10-27T22:00:00Z", "2023-10-30T23:00:00Z"),
      ElementsAre("2023-10-27T22:00 2023-10-28T22:00 1", "2023-10-28T22:00 2023-10-29T23:00 2",
                  "2023-10-29T23:00 2023-10-30T23:00 1"));
  EXPECT_THAT(
      Buckets("DAY", "2024-03-30T23:00:00Z", "2024-04-01T22:00:00Z"),
      ElementsAre("2024-03-30T23:00 2024-03-31T22:00 2", "2024-03-31T22:00 2024-04-01T22:00 1"));
  EXPECT_THAT(
      Buckets("MONTH", "", "2023-11-30T23:00:00Z"),
      ElementsAre("2023-09-30T22:00 2023-10-31T23:00 4", "2023-10-31T23:00 2023-11-30T23:00 0"));
}

TEST_P(MetricBucketTest, TheRepeatedHourIsTwo) {
  // 2023-10-29 02:30 in Berlin, twice.
  Load("Europe/Berlin", {"2023-10-29T00:30:00Z", "2023-10-29T01:30:00Z"});
  EXPECT_THAT(Buckets("HOUR", "", ""), ElementsAre("2023-10-29T00:00 2023-10-29T01:00 1",
                                                   "2023-10-29T01:00 2023-10-29T02:00 1"));
}

TEST_P(MetricBucketTest, ZonesOfHalfAndQuarterHoursHaveTheirDays) {
  // Kathmandu is 5:45 ahead.
  Load("Asia/Kathmandu", {"2024-01-01T18:14:59.999Z", "2024-01-01T18:15:00Z",
                          "2024-01-31T18:14:59.999Z", "2024-01-31T18:15:00Z"});
  EXPECT_THAT(
      Buckets("DAY", "2023-12-31T18:15:00Z", "2024-01-02T18:15:00Z"),
      ElementsAre("2023-12-31T18:15 2024-01-01T18:15 1", "2024-01-01T18:15 2024-01-02T18:15 1"));
  EXPECT_THAT(Buckets("MONTH", "", ""), ElementsAre("2023-12-31T18:15 2024-01-31T18:15 3",
                                                    "2024-01-31T18:15 2024-02-29T18:15 1"));
  // Hours stay those of UTC.
  EXPECT_THAT(Buckets("HOUR", "2024-01-01T18:00:00Z", "2024-01-01T19:00:00Z"),
              ElementsAre("2024-01-01T18:00 2024-01-01T19:00 2"));
}

TEST_P(MetricBucketTest, LordHoweHasADayOfTwentyThreeAndAHalfHours) {
  Load("Australia/Lord_Howe",
       {"2023-09-30T13:30:00Z", "2023-10-01T12:59:59.999Z", "2023-10-01T13:00:00Z"});
  EXPECT_THAT(Buckets("DAY", "", ""), ElementsAre("2023-09-30T13:30 2023-10-01T13:00 2",
                                                  "2023-10-01T13:00 2023-10-02T13:00 1"));
}

TEST_P(MetricBucketTest, ADateThatAZoneSkippedHasNone) {
  // Samoa went from the 29th to the 31st of December 2011.
  Load("Pacific/Apia", {"2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z"});
  EXPECT_THAT(Buckets("DAY", "", ""), ElementsAre("2011-12-29T10:00 2011-12-30T10:00 1",
                                                  "2011-12-30T10:00 2011-12-31T10:00 1"));
}

TEST_P(MetricBucketTest, TrailingBucketsReachBackBeforeTheInterval) {
  Load("UTC", {"2023-12-29T23:59:59Z", "2023-12-30T00:00:00Z", "2023-12-31T12:00:00Z",
               "2024-01-01T01:00:00Z", "2024-01-01T13:00:00Z", "2024-01-02T01:00:00Z",
               "2024-01-03T01:00:00Z", "2024-01-03T12:00:00Z"});
  EXPECT_THAT(
      Buckets("DAY", "2024-01-01T12:00:00Z", "2024-01-03T06:00:00Z", "trailing_buckets: 3"),
      ElementsAre("2024-01-01T12:00 2024-01-02T00:00 4", "2024-01-02T00:00 2024-01-03T00:00 4",
                  "2024-01-03T00:00 2024-01-03T06:00 4"));
  // From the first answer on there is nothing to reach back to.
  EXPECT_THAT(
      Buckets("DAY", "", "2024-01-01T00:00:00Z", "trailing_buckets: 2"),
      ElementsAre("2023-12-29T00:00 2023-12-30T00:00 1", "2023-12-30T00:00 2023-12-31T00:00 2",
                  "2023-12-31T00:00 2024-01-01T00:00 2"));
}

TEST_P(MetricBucketTest, AGroupedAnswerHasItsPointsAligned) {
  Load("UTC", {});
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 6; ++i) {
    answers.push_back(Answer("nps", absl::StrCat("g", i),
                             At("2024-01-01T00:00:00Z") + i % 3 * absl::Hours(24), 10));
    (*answers.back().mutable_labels())["region"] = i < 2 ? "a" : "b";
  }
  SubmitAll(client(), answers);
  const v1::QueryMetricResponse response =
      Query(client(), "survey_ids: 'nps' granularity: GRANULARITY_DAY group_by: 'region'");
  ASSERT_THAT(response.series(), SizeIs(2));
  const auto counts = [](const v1::MetricSeries& series) {
    std::vector<int64_t> counts;
    for (const v1::MetricValue& point : series.points()) {
      counts.push_back(point.answers());
    }
    return counts;
  };
  EXPECT_THAT(counts(response.series(0)), ElementsAre(1, 1, 0));
  EXPECT_THAT(counts(response.series(1)), ElementsAre(1, 1, 2));
  EXPECT_THAT(counts(response.total()), ElementsAre(2, 2, 2));
  EXPECT_FALSE(response.series(0).points(2).has_value());
}

}  // namespace
}  // namespace emptychair::testing
