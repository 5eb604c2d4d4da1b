// Values of metrics through the whole service, against the tables of their definition.
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

constexpr double kPrinted = 5e-5;  // What a value printed with four digits may be off by.

class MetricValueTest : public ServiceTest {
 protected:
  // A survey with as many answers of each score as `counts` says, from the lowest score up.
  void Load(const std::string& survey_id, const std::string& text, const std::vector<int>& counts) {
    const v1::Survey survey = Create(client(), SurveyOf(survey_id, text));
    SubmitAll(client(), ScoredAnswers(survey_id, survey.scale().min(), counts, kTime));
  }

  v1::MetricValue Point(const std::string& text) {
    const v1::QueryMetricResponse response = Query(client(), text);
    EXPECT_THAT(response.series(), SizeIs(1));
    EXPECT_THAT(response.total().points(), SizeIs(1));
    return response.total().points().empty() ? v1::MetricValue() : response.total().points(0);
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricValueTest);

void ExpectNear(const v1::MetricValue& point, double value, double low, double high) {
  EXPECT_NEAR(point.value(), value, kPrinted) << point.ShortDebugString();
  EXPECT_NEAR(point.low(), low, kPrinted) << point.ShortDebugString();
  EXPECT_NEAR(point.high(), high, kPrinted) << point.ShortDebugString();
}

TEST_P(MetricValueTest, NpsIsAsItsTableSays) {
  const struct {
    int promoters, passives, detractors;
    double value, plain_margin, low, high;
    v1::Grade grade;
    bool certain;
  } rows[] = {
      {32, 13, 6, 50.9804, 19.1171, 29.2949, 67.0014, v1::GRADE_EXCELLENT, false},
      {50, 30, 20, 30, 15.3078, 14.0511, 44.2013, v1::GRADE_GOOD, true},
      {500, 300, 200, 30, 4.8408, 25.0770, 34.7435, v1::GRADE_GOOD, true},
      {5, 3, 2, 30, 48.4075, -19.0506, 65.2045, v1::GRADE_GOOD, false},
      {10, 0, 0, 100, 0, 47.5036, 100, v1::GRADE_TOP, false},
      {1, 0, 0, 100, 0, -48.4986, 98.4986, v1::GRADE_TOP, false},
  };
  int number = 0;
  for (const auto& row : rows) {
    const std::string id = absl::StrCat("s", number++);
    Create(client(), NpsSurvey(id));
    SubmitAll(client(), NpsAnswers(id, row.promoters, row.passives, row.detractors, kTime));
    const v1::MetricValue point = Total(client(), id);
    EXPECT_THAT(point, IsNps(row.promoters, row.passives, row.detractors));
    ExpectNear(point, row.value, row.low, row.high);
    EXPECT_NEAR(1.959964 * point.standard_error(), row.plain_margin, kPrinted);
    EXPECT_EQ(point.numerator(), row.promoters - row.detractors);
    EXPECT_EQ(point.grade(), row.grade) << id;
    EXPECT_EQ(point.grade_is_certain(), row.certain) << id;
    EXPECT_THAT(point.histogram(), IsEmpty());
    EXPECT_THAT(point.excluded(), IsEmpty());
  }
}

TEST_P(MetricValueTest, GradesAreComparedAsIntegers) {
  const struct {
    int promoters, passives, detractors;
    v1::Grade grade;
  } rows[] = {{80, 20, 0, v1::GRADE_EXCELLENT},  {81, 19, 0, v1::GRADE_TOP},
              {50, 50, 0, v1::GRADE_GOOD},       {51, 49, 0, v1::GRADE_EXCELLENT},
              {10, 5, 10, v1::GRADE_NEEDS_WORK}, {11, 5, 10, v1::GRADE_GOOD}};
  int number = 0;
  for (const auto& row : rows) {
    const std::string id = absl::StrCat("s", number++);
    Create(client(), NpsSurvey(id));
    SubmitAll(client(), NpsAnswers(id, row.promoters, row.passives, row.detractors, kTime));
    EXPECT_EQ(Total(client(), id).grade(), row.grade) << id;
  }
}

TEST_P(MetricValueTest, NoAnswersIsNotZero) {
  Create(client(), NpsSurvey("nps"));
  for (const bool unscored : {false, true}) {
    if (unscored) {
      Submit(client(), Answer("nps", "blank", kTime));
    }
    const v1::QueryMetricResponse response =
        Query(client(), "survey_ids: 'nps' include_histogram: true");
    ASSERT_THAT(response.series(), SizeIs(1));
    ASSERT_THAT(response.buckets(), SizeIs(1));
    v1::MetricBucket everything;
    everything.set_is_open(true);
    EXPECT_THAT(response.buckets(0), EqualsMessage(everything));
    EXPECT_THAT(response.series(0), EqualsMessage(response.total()));
    v1::MetricValue expected;
    expected.set_unscored(unscored ? 1 : 0);
    expected.set_customers(0);
    expected.set_anonymous(0);
    expected.mutable_histogram()->Resize(11, 0);
    EXPECT_THAT(response.total().points(0), EqualsMessage(expected));
  }
}

TEST_P(MetricValueTest, TheIntervalFollowsTheConfidence) {
  Create(client(), NpsSurvey("nps"));
  SubmitAll(client(), NpsAnswers("nps", 50, 30, 20, kTime));
  // v = 30/103, p = 50.75/103, d = 20.75/103.
  const double v = 30.0 / 103;
  const double se = std::sqrt((71.5 / 103 - v * v) / 103);
  const std::pair<double, double> rows[] = {
      {0, 1.959964}, {0.80, 1.281552}, {0.90, 1.644854}, {0.95, 1.959964}, {0.99, 2.575829}};
  for (const auto& [confidence, z] : rows) {
    const v1::QueryMetricResponse response =
        Query(client(), absl::StrCat("survey_ids: 'nps' confidence: ", confidence));
    EXPECT_EQ(response.method_info().confidence(), confidence == 0 ? 0.95 : confidence);
    ExpectNear(response.total().points(0), 30, 100 * (v - z * se), 100 * (v + z * se));
  }
}

TEST_P(MetricValueTest, SmallSamplesAreSuppressedByTheLargerOfTheTwoLimits) {
  v1::Survey survey = NpsSurvey("nps", {"region"});
  survey.set_min_sample(3);
  Create(client(), survey);
  std::vector<v1::Feedback> answers = NpsAnswers("nps", 4, 1, 0, kTime);
  answers.push_back(Answer("nps", "blank", kTime));
  SubmitAll(client(), answers);
  const auto suppressed_at = [&](int min_sample) {
    const v1::QueryMetricResponse response =
        Query(client(),
              absl::StrCat("survey_ids: 'nps' include_histogram: true min_sample: ", min_sample));
    EXPECT_EQ(response.method_info().min_sample(), std::max(min_sample, 3));
    return response.total().points(0);
  };
  for (int min_sample : {0, 3, 5}) {
    EXPECT_FALSE(suppressed_at(min_sample).suppressed());
    EXPECT_THAT(suppressed_at(min_sample), IsNps(4, 1, 0));
  }
  v1::MetricValue expected;
  expected.set_answers(5);
  expected.set_unscored(1);
  expected.set_suppressed(true);
  EXPECT_THAT(suppressed_at(6), EqualsMessage(expected));
  // The survey's own limit holds without the request's.
  EXPECT_TRUE(Query(client(), R"(survey_ids: 'nps' granularity: GRANULARITY_HOUR
                                 interval { start_time { seconds: 1 } end_time { seconds: 2 } })")
                  .total()
                  .points(0)
                  .suppressed());
}

TEST_P(MetricValueTest, TheHistogramComesWhenAsked) {
  Load("nps", "kind: SURVEY_KIND_NPS", {1, 0, 2, 0, 0, 0, 0, 3, 0, 4, 5});
  EXPECT_THAT(Total(client(), "nps").histogram(), IsEmpty());
  EXPECT_THAT(Point("survey_ids: 'nps' include_histogram: true").histogram(),
              ElementsAre(1, 0, 2, 0, 0, 0, 0, 3, 0, 4, 5));
}

TEST_P(MetricValueTest, CsatHasThreeTrueNumbers) {
  Load("csat", "kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }",
       {30, 25, 15, 60, 110, 125, 170, 255, 130, 80});
  const v1::MetricValue mean = Point("survey_ids: 'csat' method: METRIC_METHOD_MEAN");
  ExpectNear(mean, 6.865, 6.7317, 6.9956);
  EXPECT_NEAR(mean.standard_error(), 0.067315, 5e-7);
  EXPECT_EQ(mean.numerator(), 6'865);
  ExpectNear(Point("survey_ids: 'csat'"), 21, 18.5889, 23.6331);
  const v1::MetricValue three = Point("survey_ids: 'csat' method: METRIC_METHOD_TOP_THREE");
  ExpectNear(three, 46.5, 43.4279, 49.5989);
  EXPECT_EQ(three.numerator(), 465);
  EXPECT_EQ(three.denominator(), 1'000);
  EXPECT_FALSE(three.has_promoters());
  const v1::MethodInfo info =
      Query(client(), "survey_ids: 'csat' method: METRIC_METHOD_TOP_THREE").method_info();
  EXPECT_EQ(info.top_box_min(), 8);
}

TEST_P(MetricValueTest, CesTurnsWithItsDirection) {
  const std::vector<int> counts = {80, 210, 140, 110, 160, 180, 120};
  Load("ease", "kind: SURVEY_KIND_CES", counts);
  ExpectNear(Point("survey_ids: 'ease'"), 46, 42.9321, 49.0985);
  ExpectNear(Point("survey_ids: 'ease' method: METRIC_METHOD_NET"), -13, -18.1850, -7.7372);
  ExpectNear(Point("survey_ids: 'ease' method: METRIC_METHOD_MEAN"), 4.08, 3.9614, 4.1984);
  Load("effort", "kind: SURVEY_KIND_CES scale { direction: SCALE_DIRECTION_EFFORT }", counts);
  EXPECT_NEAR(Point("survey_ids: 'effort'").value(), 43, kPrinted);
  const v1::MetricValue net = Point("survey_ids: 'effort' method: METRIC_METHOD_NET");
  EXPECT_NEAR(net.value(), -17, kPrinted);
  EXPECT_EQ(net.grade(), v1::GRADE_UNSPECIFIED);
}

TEST_P(MetricValueTest, RatingAndTextHaveTheirOwn) {
  Load("rating", "kind: SURVEY_KIND_RATING scale { min: -2 max: 2 }", {1, 0, 0, 1, 2});
  const v1::MetricValue mean = Point("survey_ids: 'rating'");
  EXPECT_NEAR(mean.value(), 0.75, 1e-12);
  EXPECT_EQ(mean.numerator(), 3);
  const v1::MetricValue box =
      Point("survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 1");
  EXPECT_EQ(box.numerator(), 3);
  EXPECT_NEAR(box.value(), 75, 1e-12);
  Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
  EXPECT_EQ(Point("survey_ids: 'text'").value(), 0);
  Submit(client(), Answer("text", "a", kTime));
  const v1::MetricValue count = Point("survey_ids: 'text'");
  EXPECT_EQ(count.value(), 1);
  EXPECT_EQ(count.unscored(), 1);
  EXPECT_EQ(count.answers(), 0);
}

TEST_P(MetricValueTest, TheMethodIsEchoedWithItsDefaults) {
  Create(client(), NpsSurvey("nps", {}, "Asia/Kathmandu"));
  const v1::QueryMetricResponse plain = Query(client(), "survey_ids: 'nps'");
  EXPECT_THAT(plain.method_info(), EqualsMessage(FromText<v1::MethodInfo>(R"(
                method: METRIC_METHOD_NET_PROMOTER respondent_rule: RESPONDENT_RULE_ALL
                granularity: GRANULARITY_NONE trailing_buckets: 1 time_zone: 'Asia/Kathmandu'
                confidence: 0.95 interval_rule: INTERVAL_RULE_CUSTOMERS)")));
  EXPECT_EQ(plain.sequence(), Status(client()).sequence());
  EXPECT_THAT(Query(client(), R"(survey_ids: 'nps' granularity: GRANULARITY_WEEK min_sample: 7
                                 trailing_buckets: 4 confidence: 0.9 include_excluded: true)")
                  .method_info(),
              EqualsMessage(FromText<v1::MethodInfo>(R"(
                method: METRIC_METHOD_NET_PROMOTER respondent_rule: RESPONDENT_RULE_ALL
                granularity: GRANULARITY_WEEK week_start: WEEK_START_MONDAY trailing_buckets: 4
                time_zone: 'Asia/Kathmandu' confidence: 0.9 min_sample: 7
                include_excluded: true interval_rule: INTERVAL_RULE_CUSTOMERS)")));
}

}  // namespace
}  // namespace emptychair::testing
