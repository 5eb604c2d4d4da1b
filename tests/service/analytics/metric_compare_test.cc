// Comparisons through the whole service, against the table of their definition.
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

constexpr double kPrinted = 5e-5;  // What a value printed with four digits may be off by.

const char* const kCesOfEffort =
    "kind: SURVEY_KIND_CES scale { direction: SCALE_DIRECTION_EFFORT }";

class MetricCompareTest : public ServiceTest {
 protected:
  // A survey with as many answers of each score as the counts say, from the lowest score up: of
  // `base` on the first day, of `candidate` on the second.
  void Load(const std::string& survey_id, const std::string& text, const std::vector<int>& base,
            const std::vector<int>& candidate) {
    const v1::Survey survey = Create(client(), SurveyOf(survey_id, text));
    const int32_t lowest = survey.scale().min();
    SubmitAll(client(), ScoredAnswers(survey_id, lowest, base, kTime));
    SubmitAll(client(), ScoredAnswers(survey_id, lowest, candidate, kTime + absl::Hours(24)));
  }

  // The question of the first (0) or second (1) day.
  static std::string Day(const std::string& survey_id, int number, const std::string& more = "") {
    const int64_t start = absl::ToUnixSeconds(kTime) + number * 86'400;
    return absl::StrCat("survey_ids: '", survey_id, "' interval { start_time { seconds: ", start,
                        " } end_time { seconds: ", start + 86'400, " } } ", more);
  }

  v1::CompareMetricResponse CompareDays(const std::string& survey_id,
                                        const std::string& more = "") {
    return Compare(client(), Day(survey_id, 0, more), Day(survey_id, 1, more));
  }

  v1::MetricValue Point(const std::string& text) { return Query(client(), text).total().points(0); }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricCompareTest);

void ExpectNothingTested(const v1::CompareMetricResponse& response) {
  EXPECT_FALSE(response.has_delta_low() || response.has_delta_high() || response.has_z() ||
               response.has_p_value())
      << response.ShortDebugString();
  EXPECT_EQ(response.verdict(), v1::VERDICT_TOO_FEW);
  EXPECT_EQ(response.direction(), v1::CHANGE_DIRECTION_NEITHER);
}

TEST_P(MetricCompareTest, ComparisonsAreAsTheirTableSays) {
  const std::string nps = "kind: SURVEY_KIND_NPS";
  const std::string csat = "kind: SURVEY_KIND_CSAT";
  const auto scores = [](int promoters, int passives, int detractors) {
    return std::vector<int>{detractors, 0, 0, 0, 0, 0, 0, passives, 0, promoters, 0};
  };
  const struct {
    std::string survey, more;
    std::vector<int> base, candidate;
    double delta, z, p_value, p_accuracy, low, high;
    v1::Verdict verdict;
    v1::ChangeDirection direction;
  } rows[] = {
      {nps, "", scores(50, 30, 20), scores(60, 25, 15), 15, 1.3716, 0.1702, kPrinted, -6.2473,
       35.3735, v1::VERDICT_NO_CLEAR_CHANGE, v1::CHANGE_DIRECTION_NEITHER},
      {nps, "", scores(500, 300, 200), scores(600, 250, 150), 15, 4.4015, 1.07e-5, 5e-8, 8.2958,
       21.6145, v1::VERDICT_HIGHER, v1::CHANGE_DIRECTION_BETTER},
      {csat,
       "",
       {20, 0, 0, 0, 80},
       {10, 0, 0, 90, 0},
       10,
       1.9429,
       0.0520,
       kPrinted,
       -0.0859,
       19.6938,
       v1::VERDICT_NO_CLEAR_CHANGE,
       v1::CHANGE_DIRECTION_NEITHER},
      {csat,
       "",
       {2, 0, 0, 0, 8},
       {0, 0, 0, 0, 10},
       20,
       1.1239,
       0.2611,
       kPrinted,
       -12.3982,
       45.7315,
       v1::VERDICT_NO_CLEAR_CHANGE,
       v1::CHANGE_DIRECTION_NEITHER},
      {csat,
       "method: METRIC_METHOD_MEAN",
       {10, 20, 40, 20, 10},
       {5, 15, 35, 25, 20},
       0.4,
       2.5266,
       0.011518,
       5e-7,
       0.0888,
       0.7033,
       v1::VERDICT_HIGHER,
       v1::CHANGE_DIRECTION_BETTER},
  };
  int number = 0;
  for (const auto& row : rows) {
    const std::string id = absl::StrCat("s", number++);
    SCOPED_TRACE(id);
    Load(id, row.survey, row.base, row.candidate);
    const v1::CompareMetricResponse response = CompareDays(id, row.more);
    EXPECT_NEAR(response.delta(), row.delta, kPrinted);
    EXPECT_NEAR(response.z(), row.z, kPrinted);
    EXPECT_NEAR(response.p_value(), row.p_value, row.p_accuracy);
    EXPECT_NEAR(response.delta_low(), row.low, kPrinted);
    EXPECT_NEAR(response.delta_high(), row.high, kPrinted);
    EXPECT_EQ(response.verdict(), row.verdict);
    EXPECT_EQ(response.direction(), row.direction);
  }
}

TEST_P(MetricCompareTest, BothSidesAreWhatAQueryAnswers) {
  Load("csat", "kind: SURVEY_KIND_CSAT time_zone: 'Asia/Tokyo' min_sample: 3", {4, 0, 3, 8, 5},
       {2, 1, 0, 9, 9});
  const std::string more = "confidence: 0.9 include_excluded: true min_sample: 2";
  const v1::CompareMetricResponse response = CompareDays("csat", more);
  const v1::QueryMetricResponse base = Query(client(), Day("csat", 0, more));
  EXPECT_THAT(response.base(), EqualsMessage(base.total().points(0)));
  EXPECT_THAT(response.candidate(), EqualsMessage(Point(Day("csat", 1, more))));
  EXPECT_THAT(response.method_info(), EqualsMessage(base.method_info()));
  EXPECT_EQ(response.sequence(), Status(client()).sequence());
  EXPECT_EQ(response.delta(), response.candidate().value() - response.base().value());
}

TEST_P(MetricCompareTest, SlicesOfOneWindowAreCompared) {
  Create(client(), NpsSurvey("nps", {"channel"}));
  std::vector<v1::Feedback> answers;
  // Every third is by web, and those are the promoters; `agent` is no dimension.
  for (int i = 0; i < 60; ++i) {
    v1::Feedback& answer = answers.emplace_back(
        Answer("nps", absl::StrCat("row ", i), kTime + absl::Seconds(i), i % 3 == 0 ? 10 : 5));
    (*answer.mutable_labels())["channel"] = i % 3 == 0 ? "web" : "shop";
    (*answer.mutable_labels())["agent"] = i % 3 == 0 ? "ann" : "ben";
  }
  SubmitAll(client(), answers);
  for (const char* row : {"key: 'channel' values: 'web'", "key: 'agent' values: 'ann'"}) {
    SCOPED_TRACE(row);
    const std::string slice = absl::StrCat("survey_ids: 'nps' filters { ", row, " ");
    const v1::CompareMetricResponse response =
        Compare(client(), slice + "negate: true }", slice + "}");
    EXPECT_THAT(response.base(), IsNps(0, 0, 40));
    EXPECT_THAT(response.candidate(), IsNps(20, 0, 0));
    EXPECT_EQ(response.delta(), 200);
    EXPECT_EQ(response.verdict(), v1::VERDICT_HIGHER);
    EXPECT_EQ(response.direction(), v1::CHANGE_DIRECTION_BETTER);
  }
}

TEST_P(MetricCompareTest, MoreEffortIsWorseButMoreWhoFoundItEasyIsBetter) {
  Load("effort", kCesOfEffort, {30, 20, 10, 10, 10, 10, 10}, {10, 10, 10, 10, 10, 20, 30});
  const v1::CompareMetricResponse mean = CompareDays("effort", "method: METRIC_METHOD_MEAN");
  EXPECT_GT(mean.delta(), 0);
  EXPECT_EQ(mean.verdict(), v1::VERDICT_HIGHER);
  EXPECT_EQ(mean.direction(), v1::CHANGE_DIRECTION_WORSE);
  for (const char* method : {"METRIC_METHOD_AGREE", "METRIC_METHOD_NET"}) {
    const std::string more = absl::StrCat("method: ", method);
    EXPECT_EQ(CompareDays("effort", more).verdict(), v1::VERDICT_LOWER);
    EXPECT_EQ(CompareDays("effort", more).direction(), v1::CHANGE_DIRECTION_WORSE);
    EXPECT_EQ(Compare(client(), Day("effort", 1, more), Day("effort", 0, more)).direction(),
              v1::CHANGE_DIRECTION_BETTER);
  }
}

TEST_P(MetricCompareTest, TheVerdictFollowsTheConfidence) {
  Load("csat", "kind: SURVEY_KIND_CSAT", {20, 0, 0, 0, 80}, {10, 0, 0, 0, 90});
  EXPECT_EQ(CompareDays("csat", "confidence: 0.90").verdict(), v1::VERDICT_HIGHER);
  EXPECT_EQ(CompareDays("csat", "confidence: 0.95").verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
  EXPECT_EQ(CompareDays("csat", "confidence: 0.90").method_info().confidence(), 0.9);
}

TEST_P(MetricCompareTest, TooFewAnswersGiveADeltaAndNoTest) {
  Load("csat", "kind: SURVEY_KIND_CSAT", {2, 0, 0, 0, 7}, {0, 0, 0, 0, 10});
  const v1::CompareMetricResponse response = CompareDays("csat");
  EXPECT_NEAR(response.delta(), 100 - 700.0 / 9, 1e-9);
  ExpectNothingTested(response);
}

TEST_P(MetricCompareTest, NothingIsSaidOfWhatIsNotThere) {
  Load("nps", "kind: SURVEY_KIND_NPS", {}, {3, 0, 0, 0, 0, 0, 0, 3, 0, 4, 5});
  const v1::CompareMetricResponse response = CompareDays("nps");
  EXPECT_FALSE(response.has_delta());
  EXPECT_FALSE(response.base().has_value());
  EXPECT_EQ(response.candidate().answers(), 15);
  ExpectNothingTested(response);
}

TEST_P(MetricCompareTest, TheLargerMinSampleHoldsForBothSides) {
  const std::vector<int> counts = {3, 0, 0, 0, 0, 0, 0, 3, 0, 4, 5};
  Load("open", "kind: SURVEY_KIND_NPS", counts, counts);
  Load("shy", "kind: SURVEY_KIND_NPS min_sample: 16", counts, counts);
  for (const auto& [base, candidate] :
       {std::pair(Day("open", 0), Day("shy", 0)), std::pair(Day("shy", 0), Day("open", 0)),
        std::pair(Day("open", 0, "min_sample: 16"), Day("open", 1)),
        std::pair(Day("open", 0), Day("open", 1, "min_sample: 16"))}) {
    const v1::CompareMetricResponse response = Compare(client(), base, candidate);
    EXPECT_TRUE(response.base().suppressed());
    EXPECT_TRUE(response.candidate().suppressed());
    EXPECT_EQ(response.method_info().min_sample(), 16);
    EXPECT_FALSE(response.has_delta());
    ExpectNothingTested(response);
  }
  const v1::CompareMetricResponse enough =
      Compare(client(), Day("open", 0, "min_sample: 15"), Day("open", 1));
  EXPECT_EQ(enough.verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
  EXPECT_EQ(enough.z(), 0);
  EXPECT_EQ(enough.p_value(), 1);
}

TEST_P(MetricCompareTest, ExcludedAnswersCountWhenAskedFor) {
  Load("nps", "kind: SURVEY_KIND_NPS", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10});
  v1::ExcludeFeedbackRequest request;
  request.set_survey_id("nps");
  request.set_feedback_id(
      Value(GetByExternalId(client(), "nps", absl::StrCat("row ", absl::ToUnixMillis(kTime), "-0")))
          .feedback()
          .feedback_id());
  request.set_reason(v1::EXCLUSION_REASON_BOT);
  EXPECT_OK(client().ExcludeFeedback(request));
  ExpectNothingTested(CompareDays("nps"));
  EXPECT_EQ(CompareDays("nps").base().excluded_size(), 1);
  EXPECT_EQ(CompareDays("nps", "include_excluded: true").verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
}

}  // namespace
}  // namespace emptychair::testing
