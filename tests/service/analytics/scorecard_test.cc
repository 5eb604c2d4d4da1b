// Scorecards through the whole service.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/times.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ScorecardTest : public ClockedServiceTest {
 protected:
  v1::GetScorecardResponse Scorecard(const std::string& request = "") {
    return Value(client().GetScorecard(FromText<v1::GetScorecardRequest>(request)));
  }

  // Answers of promoters, passives and detractors to the survey `nps`.
  void AddNps(int promoters, int passives, int detractors, absl::Time time) {
    SubmitAll(client(), ScoredAnswers("nps", 6, {detractors, 0, passives, promoters}, time));
  }

  // "START END" of the periods.
  static std::vector<std::string> PeriodsOf(const v1::SurveyScore& score,
                                            absl::TimeZone zone = absl::UTCTimeZone()) {
    std::vector<std::string> periods;
    for (const v1::TimeInterval& period : score.periods()) {
      const auto text = [&](const google::protobuf::Timestamp& time) {
        return absl::FormatTime("%Y-%m-%d", FromTimestamp(time), zone);
      };
      periods.push_back(absl::StrCat(text(period.start_time()), " ", text(period.end_time())));
    }
    return periods;
  }
};

TEST_F(ScorecardTest, ShowsTheLastCompletePeriodTheOneBeforeAndATrendOfTwelve) {
  Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS display_name: 'Ours'"));
  // The clock is in July.
  AddNps(50, 30, 20, At("2024-05-10T00:00:00Z"));
  AddNps(60, 25, 15, At("2024-06-10T00:00:00Z"));
  AddNps(0, 0, 9, At("2024-07-01T00:00:00Z"));
  AddNps(1, 0, 0, At("2023-07-01T00:00:00Z"));
  AddNps(0, 0, 1, At("2023-06-30T23:00:00Z"));
  const v1::GetScorecardResponse response = Scorecard();
  EXPECT_EQ(FromTimestamp(response.as_of()), kFakeNow);
  EXPECT_EQ(response.sequence(), Status(client()).sequence());
  ASSERT_EQ(response.surveys_size(), 1);
  const v1::SurveyScore& score = response.surveys(0);
  EXPECT_EQ(score.survey_id(), "nps");
  EXPECT_EQ(score.display_name(), "Ours");
  EXPECT_EQ(score.kind(), v1::SURVEY_KIND_NPS);
  EXPECT_THAT(
      PeriodsOf(score),
      ElementsAre("2023-07-01 2023-08-01", "2023-08-01 2023-09-01", "2023-09-01 2023-10-01",
                  "2023-10-01 2023-11-01", "2023-11-01 2023-12-01", "2023-12-01 2024-01-01",
                  "2024-01-01 2024-02-01", "2024-02-01 2024-03-01", "2024-03-01 2024-04-01",
                  "2024-04-01 2024-05-01", "2024-05-01 2024-06-01", "2024-06-01 2024-07-01"));
  ASSERT_EQ(score.trend_size(), 12);
  EXPECT_THAT(score.trend(0), IsNps(1, 0, 0));
  EXPECT_THAT(score.trend(1), IsNps(0, 0, 0));
  EXPECT_THAT(score.trend(10), IsNps(50, 30, 20));
  EXPECT_THAT(score.trend(11), IsNps(60, 25, 15));
  EXPECT_THAT(score.previous(), EqualsMessage(score.trend(10)));
  EXPECT_THAT(score.current(), EqualsMessage(score.trend(11)));
  // What CompareMetric says of the two.
  const v1::CompareMetricResponse compared =
      Compare(client(),
              "survey_ids: 'nps' interval { start_time { seconds: 1714521600 } end_time { seconds: "
              "1717200000 } }",
              "survey_ids: 'nps' interval { start_time { seconds: 1717200000 } end_time { seconds: "
              "1719792000 } }");
  EXPECT_EQ(score.delta(), 15);
  EXPECT_EQ(score.delta(), compared.delta());
  EXPECT_EQ(score.delta_low(), compared.delta_low());
  EXPECT_EQ(score.delta_high(), compared.delta_high());
  EXPECT_EQ(score.z(), compared.z());
  EXPECT_EQ(score.p_value(), compared.p_value());
  EXPECT_EQ(score.verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
  EXPECT_EQ(score.direction(), v1::CHANGE_DIRECTION_NEITHER);
  EXPECT_EQ(score.method_info().granularity(), v1::GRANULARITY_MONTH);
  EXPECT_EQ(score.method_info().method(), v1::METRIC_METHOD_NET_PROMOTER);
}

TEST_F(ScorecardTest, EachSurveyIsInItsOwnZoneAndMethod) {
  Create(client(), SurveyOf("csat", "kind: SURVEY_KIND_CSAT time_zone: 'Asia/Tokyo'"));
  Create(client(), SurveyOf("effort",
                            "kind: SURVEY_KIND_CES scale { min: 1 max: 7 direction: "
                            "SCALE_DIRECTION_EFFORT }"));
  Create(client(), SurveyOf("rating", "kind: SURVEY_KIND_RATING scale { min: 1 max: 5 }"));
  Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
  // In July in Tokyo, in June in UTC.
  const absl::Time time = At("2024-06-30T20:00:00Z");
  SubmitAll(client(), ScoredAnswers("csat", 1, {0, 0, 0, 0, 3}, time));
  SubmitAll(client(), ScoredAnswers("csat", 1, {0, 0, 0, 1}, At("2024-06-30T14:00:00Z")));
  SubmitAll(client(), ScoredAnswers("effort", 1, {3, 0, 0, 0, 0, 0, 1}, time));
  SubmitAll(client(), ScoredAnswers("rating", 1, {0, 1, 0, 1}, time));
  SubmitAll(client(), {Answer("text", "a", time), Answer("text", "b", time)});
  const v1::GetScorecardResponse response = Scorecard();
  ASSERT_EQ(response.surveys_size(), 4);
  const v1::SurveyScore& csat = response.surveys(0);
  EXPECT_EQ(csat.survey_id(), "csat");
  EXPECT_EQ(PeriodsOf(csat, Zone("Asia/Tokyo")).back(), "2024-06-01 2024-07-01");
  EXPECT_EQ(csat.current().answers(), 1);
  EXPECT_EQ(csat.method_info().time_zone(), "Asia/Tokyo");
  EXPECT_EQ(response.surveys(1).method_info().method(), v1::METRIC_METHOD_AGREE);
  EXPECT_EQ(response.surveys(1).current().value(), 75);
  EXPECT_EQ(response.surveys(2).method_info().method(), v1::METRIC_METHOD_MEAN);
  EXPECT_EQ(response.surveys(2).current().value(), 3);
  EXPECT_EQ(response.surveys(3).method_info().method(), v1::METRIC_METHOD_COUNT);
  EXPECT_EQ(response.surveys(3).current().value(), 2);
  EXPECT_EQ(response.surveys(3).delta(), 2);
  EXPECT_EQ(response.surveys(3).verdict(), v1::VERDICT_TOO_FEW);
}

TEST_F(ScorecardTest, PeriodsAreComplete) {
  Create(client(), NpsSurvey("nps", {}, "America/New_York"));
  const struct {
    const char* as_of;
    const char* more;
    const char* first;
    const char* last;
  } rows[] = {
      {"2024-03-10T05:00:00Z", "GRANULARITY_DAY", "2024-02-27 2024-02-28", "2024-03-09 2024-03-10"},
      {"2024-03-11T03:59:59.999Z", "GRANULARITY_DAY", "2024-02-27 2024-02-28",
       "2024-03-09 2024-03-10"},
      {"2024-03-11T04:00:00Z", "GRANULARITY_DAY", "2024-02-28 2024-02-29", "2024-03-10 2024-03-11"},
      {"2024-01-03T12:00:00Z", "GRANULARITY_WEEK", "2023-10-09 2023-10-16",
       "2023-12-25 2024-01-01"},
      {"2024-01-03T12:00:00Z", "GRANULARITY_WEEK week_start: WEEK_START_SUNDAY",
       "2023-10-08 2023-10-15", "2023-12-24 2023-12-31"},
      {"2024-03-31T12:00:00Z", "GRANULARITY_QUARTER", "2021-01-01 2021-04-01",
       "2023-10-01 2024-01-01"},
      {"2024-12-31T12:00:00Z", "GRANULARITY_YEAR", "2012-01-01 2013-01-01",
       "2023-01-01 2024-01-01"},
      {"1970-01-01T12:00:00Z", "GRANULARITY_YEAR", "1958-01-01 1959-01-01",
       "1969-01-01 1970-01-01"},
      {"9999-12-31T23:59:59Z", "GRANULARITY_YEAR", "9987-01-01 9988-01-01",
       "9998-01-01 9999-01-01"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(absl::StrCat(row.as_of, " ", row.more));
    const v1::GetScorecardResponse response = Scorecard(absl::StrCat(
        "as_of { seconds: ", absl::ToUnixSeconds(At(row.as_of)), " } granularity: ", row.more));
    ASSERT_EQ(response.surveys_size(), 1);
    const std::vector<std::string> periods =
        PeriodsOf(response.surveys(0), Zone("America/New_York"));
    ASSERT_EQ(periods.size(), 12u);
    EXPECT_EQ(periods.front(), row.first);
    EXPECT_EQ(periods.back(), row.last);
    EXPECT_EQ(response.surveys(0).trend_size(), 12);
  }
}

TEST_F(ScorecardTest, TheRepeatedHourOfAutumnIsTwo) {
  Create(client(), NpsSurvey("nps", {}, "Europe/Berlin"));
  const v1::GetScorecardResponse response =
      Scorecard(absl::StrCat("granularity: GRANULARITY_HOUR as_of { seconds: ",
                             absl::ToUnixSeconds(At("2023-10-29T02:30:00Z")), " }"));
  const v1::SurveyScore& score = response.surveys(0);
  ASSERT_EQ(score.periods_size(), 12);
  EXPECT_EQ(FromTimestamp(score.periods(11).start_time()), At("2023-10-29T01:00:00Z"));
  EXPECT_EQ(FromTimestamp(score.periods(0).start_time()), At("2023-10-28T14:00:00Z"));
}

TEST_F(ScorecardTest, ShowsTheSurveysAskedForOrAllThatAreNotArchived) {
  for (const char* id : {"c", "a", "b"}) {
    Create(client(), NpsSurvey(id));
  }
  v1::ArchiveSurveyRequest archive;
  archive.set_survey_id("b");
  ASSERT_OK(client().ArchiveSurvey(archive));
  const auto ids = [&](const std::string& request) {
    const v1::GetScorecardResponse response = Scorecard(request);
    std::vector<std::string> ids;
    for (const v1::SurveyScore& score : response.surveys()) {
      ids.push_back(score.survey_id());
    }
    return ids;
  };
  EXPECT_THAT(ids(""), ElementsAre("a", "c"));
  EXPECT_THAT(ids("survey_ids: 'c' survey_ids: 'b'"), ElementsAre("c", "b"));
}

TEST_F(ScorecardTest, OfNoSurveysIsEmpty) { EXPECT_THAT(Scorecard().surveys(), IsEmpty()); }

TEST_F(ScorecardTest, TooSmallASampleIsSuppressed) {
  Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS min_sample: 101"));
  AddNps(50, 30, 20, At("2024-05-10T00:00:00Z"));
  AddNps(60, 25, 16, At("2024-06-10T00:00:00Z"));
  const v1::GetScorecardResponse response = Scorecard();
  const v1::SurveyScore& score = response.surveys(0);
  EXPECT_TRUE(score.previous().suppressed());
  EXPECT_TRUE(score.current().has_value());
  EXPECT_FALSE(score.has_delta());
  EXPECT_EQ(score.verdict(), v1::VERDICT_TOO_FEW);
}

}  // namespace
}  // namespace emptychair::testing
