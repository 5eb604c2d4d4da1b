// Metrics of real answers: a workshop survey of The Carpentries, which lies beside the project and
// is no part of it. The values were computed by others from the same file.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::SizeIs;

std::string InputPath() {
  const char* directory = std::getenv("EMPTYCHAIR_REAL_INPUT_DIR");
  return absl::StrCat(directory == nullptr ? EMPTYCHAIR_REAL_INPUT_DIR : directory,
                      "/feedback.csv");
}

// The rows of the file, whose fields are never quoted and whose lines end with CRLF.
std::vector<v1::Feedback> ReadAnswers(std::istream& input, const std::string& survey_id) {
  std::vector<v1::Feedback> answers;
  std::string line;
  std::getline(input, line);
  while (std::getline(input, line)) {
    const std::vector<std::string> cells = absl::StrSplit(absl::StripSuffix(line, "\r"), ',');
    v1::Feedback answer = Answer(survey_id, cells.at(0), At(cells.at(1)));
    if (int32_t score = 0; absl::SimpleAtoi(cells.at(2), &score)) {
      answer.set_score(score);
    }
    if (!cells.at(5).empty()) {
      (*answer.mutable_labels())["when"] = cells[5];
    }
    if (!cells.at(6).empty()) {
      (*answer.mutable_labels())["pace"] = cells[6];
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

class RealInputTest : public ServiceTest {
 protected:
  void SetUp() override {
    std::ifstream input(InputPath());
    if (!input) {
      GTEST_SKIP() << InputPath() << " is not there";
    }
    answers_ = ReadAnswers(input, "utc");
    ASSERT_THAT(answers_, SizeIs(967));
    Create(client(), NpsSurvey("utc", {"when", "pace"}));
    SubmitAll(client(), answers_);
  }

  v1::QueryMetricResponse Monthly(const std::string& survey_id) {
    return Query(client(),
                 absl::StrCat("survey_ids: '", survey_id, "' granularity: GRANULARITY_MONTH"));
  }

  // The point of the bucket that ends at `end`.
  v1::MetricValue EndingAt(const v1::QueryMetricResponse& response, absl::string_view end) {
    for (int i = 0; i < response.buckets_size(); ++i) {
      if (FromTimestamp(response.buckets(i).end_time()) == At(end)) {
        return response.total().points(i);
      }
    }
    ADD_FAILURE() << "no bucket ends at " << end;
    return {};
  }

  std::vector<v1::Feedback> answers_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(RealInputTest);

TEST_P(RealInputTest, TheWholeIsAsPublished) {
  const v1::MetricValue total = Total(client(), "utc");
  EXPECT_THAT(total, IsNps(501, 317, 71));
  EXPECT_EQ(total.answers(), 889);
  EXPECT_EQ(total.unscored(), 78);
  EXPECT_NEAR(total.value(), 48.368954, 5e-7);
  EXPECT_NEAR(total.standard_error(), 2.146135, 5e-7);
  EXPECT_NEAR(total.low(), 44.0014, 5e-5);
  EXPECT_NEAR(total.high(), 52.4111, 5e-5);
  EXPECT_EQ(total.grade(), v1::GRADE_GOOD);
}

TEST_P(RealInputTest, SoAreMonthsAndYears) {
  const v1::QueryMetricResponse months = Monthly("utc");
  EXPECT_EQ(FromTimestamp(months.buckets(0).start_time()), At("2016-06-01T00:00:00Z"));
  EXPECT_EQ(FromTimestamp(months.buckets(months.buckets_size() - 1).end_time()),
            At("2018-10-01T00:00:00Z"));
  const v1::MetricValue june = EndingAt(months, "2016-07-01T00:00:00Z");
  EXPECT_THAT(june, IsNps(9, 3, 0));
  EXPECT_NEAR(june.value(), 75, 1e-9);
  EXPECT_NEAR(june.low(), 30.4919, 5e-5);
  EXPECT_NEAR(june.high(), 89.5081, 5e-5);
  const v1::MetricValue july = EndingAt(months, "2016-08-01T00:00:00Z");
  EXPECT_THAT(july, IsNps(20, 5, 0));
  EXPECT_NEAR(july.value(), 80, 1e-9);
  EXPECT_EQ(july.grade(), v1::GRADE_EXCELLENT);

  const v1::QueryMetricResponse years =
      Query(client(), "survey_ids: 'utc' granularity: GRANULARITY_YEAR");
  ASSERT_THAT(years.buckets(), SizeIs(3));
  EXPECT_THAT(years.total().points(1), IsNps(171, 108, 24));
  EXPECT_THAT(years.total().points(2), IsNps(235, 176, 43));
}

TEST_P(RealInputTest, TheFallFromOneYearToTheNextMayBeChance) {
  const v1::CompareMetricResponse response = Compare(client(), R"(survey_ids: 'utc' interval {
                      start_time { seconds: 1483228800 } end_time { seconds: 1514764800 } })",
                                                     R"(survey_ids: 'utc' interval {
                      start_time { seconds: 1514764800 } end_time { seconds: 1546300800 } })");
  EXPECT_THAT(response.base(), IsNps(171, 108, 24));
  EXPECT_THAT(response.candidate(), IsNps(235, 176, 43));
  EXPECT_NEAR(response.delta(), -6.2241, 5e-5);
  EXPECT_NEAR(response.z(), -1.2575, 5e-5);
  EXPECT_NEAR(response.p_value(), 0.2086, 5e-5);
  EXPECT_NEAR(response.delta_low(), -15.4184, 5e-5);
  EXPECT_NEAR(response.delta_high(), 3.3663, 5e-5);
  EXPECT_EQ(response.verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
  EXPECT_EQ(response.direction(), v1::CHANGE_DIRECTION_NEITHER);
}

TEST_P(RealInputTest, TokyoHasItsOwnMonths) {
  Create(client(), NpsSurvey("tokyo", {"when", "pace"}, "Asia/Tokyo"));
  for (v1::Feedback& answer : answers_) {
    answer.set_survey_id("tokyo");
  }
  SubmitAll(client(), answers_);
  const v1::QueryMetricResponse utc = Monthly("utc");
  EXPECT_EQ(EndingAt(utc, "2018-09-01T00:00:00Z").answers(), 71);
  EXPECT_EQ(EndingAt(utc, "2018-10-01T00:00:00Z").answers(), 13);
  const v1::QueryMetricResponse tokyo = Monthly("tokyo");
  EXPECT_EQ(EndingAt(tokyo, "2018-08-31T15:00:00Z").answers(), 52);
  EXPECT_EQ(EndingAt(tokyo, "2018-09-30T15:00:00Z").answers(), 32);
  EXPECT_THAT(Total(client(), "tokyo"), EqualsMessage(Total(client(), "utc")));
}

TEST_P(RealInputTest, BothLabelsAddUpToTheTotal) {
  const v1::QueryMetricResponse whole = Monthly("utc");
  const v1::QueryMetricResponse grouped =
      Query(client(), R"(survey_ids: 'utc' granularity: GRANULARITY_MONTH
                         group_by: 'when' group_by: 'pace')");
  EXPECT_THAT(grouped.series(), SizeIs(12));
  EXPECT_THAT(grouped.total(), EqualsMessage(whole.total()));
  for (int i = 0; i < whole.buckets_size(); ++i) {
    int64_t promoters = 0, passives = 0, detractors = 0, unscored = 0;
    for (const v1::MetricSeries& series : grouped.series()) {
      promoters += series.points(i).promoters();
      passives += series.points(i).passives();
      detractors += series.points(i).detractors();
      unscored += series.points(i).unscored();
    }
    EXPECT_THAT(whole.total().points(i), IsNps(promoters, passives, detractors));
    EXPECT_EQ(whole.total().points(i).unscored(), unscored);
  }
}

TEST_P(RealInputTest, LoadingItAgainAddsNothing) {
  const v1::BatchSubmitFeedbackResponse again = Value(TryBatch(client(), answers_));
  EXPECT_EQ(again.accepted_count(), 0);
  EXPECT_EQ(again.already_existed_count(), 967);
  EXPECT_EQ(Status(client()).feedback_count(), 967);
}

}  // namespace
}  // namespace emptychair::testing
