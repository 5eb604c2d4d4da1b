// `metric compare`, against a service in the test's process.
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tools/chairctl/text/comparison_output.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// 2017 and 2018 of a real survey.
v1::CompareMetricResponse RealComparison() {
  return FromJson<v1::CompareMetricResponse>(
      R"({"base": {"value": 48.514851, "low": 40.842187, "high": 55.170663, "answers": 303,
                   "unscored": 20, "promoters": 171, "passives": 108, "detractors": 24},
          "candidate": {"value": 42.290749, "low": 36.015128, "high": 47.945946, "answers": 454,
                        "unscored": 1, "promoters": 235, "passives": 176, "detractors": 43},
          "delta": -6.2241025, "deltaLow": -15.418401, "deltaHigh": 3.3662913,
          "z": -1.2574622, "pValue": 0.2085859, "verdict": "VERDICT_NO_CLEAR_CHANGE",
          "direction": "CHANGE_DIRECTION_NEITHER", "sequence": 967,
          "methodInfo": {"method": "METRIC_METHOD_NET_PROMOTER",
                         "respondentRule": "RESPONDENT_RULE_ALL",
                         "granularity": "GRANULARITY_NONE", "trailingBuckets": 1,
                         "timeZone": "Europe/Berlin", "confidence": 0.95}})");
}

class ComparisonTest : public MetricCommandTest {
 protected:
  ComparisonTest() { server_.SetComparison(RealComparison()); }

  ChairctlResult Compare(const std::vector<std::string>& more) {
    return MetricOfSides("compare", more);
  }
};

TEST_F(ComparisonTest, SendsWhatTheFlagsSay) {
  const ChairctlResult result = Compare({"other",
                                         "--filter",
                                         "region=EU",
                                         "--filter",
                                         "region=US",
                                         "--base-filter",
                                         "channel=web",
                                         "--base-filter",
                                         "region!=US",
                                         "--candidate-filter",
                                         "channel!=web",
                                         "--method",
                                         "top-box",
                                         "--top-box-min",
                                         "4",
                                         "--respondents",
                                         "all",
                                         "--confidence",
                                         "0.9",
                                         "--min-sample",
                                         "5",
                                         "--include-excluded"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string common =
      R"("surveyIds": ["nps", "other"], "method": "METRIC_METHOD_TOP_BOX", "topBoxMin": 4,
         "respondentRule": "RESPONDENT_RULE_ALL", "confidence": 0.9, "minSample": 5,
         "includeExcluded": true, )";
  const auto want = FromJson<v1::CompareMetricRequest>(
      R"({"base": {)" + common +
      R"("interval": {"startTime": "2016-12-31T23:00:00Z", "endTime": "2017-12-31T23:00:00Z"},
         "filters": [{"key": "region", "values": ["EU", "US"]},
                     {"key": "channel", "values": ["web"]},
                     {"key": "region", "values": ["US"], "negate": true}]},
         "candidate": {)" +
      common +
      R"("interval": {"startTime": "2017-12-31T23:00:00Z", "endTime": "2018-12-31T23:00:00Z"},
         "filters": [{"key": "region", "values": ["EU", "US"]},
                     {"key": "channel", "values": ["web"], "negate": true}]}})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_comparison(), want))
      << server_.last_comparison().DebugString();
  EXPECT_EQ(server_.calls("GetSurvey"), 1);
}

TEST_F(ComparisonTest, FiltersOfASideNarrowThoseOfBoth) {
  ASSERT_EQ(Compare({"--filter", "region=EU", "--base-filter", "region=US"}).exit_code, 0);
  EXPECT_EQ(server_.last_comparison().base().filters_size(), 2);
  EXPECT_EQ(server_.last_comparison().candidate().filters_size(), 1);
}

TEST_F(ComparisonTest, TableRepeatsTheWindowsAndSaysTheVerdict) {
  EXPECT_EQ(
      Compare({"--candidate-filter", "channel!=web", "--candidate-filter", "channel!=shop"}).out,
      "nps: net-promoter\n"
      "base: 2017-01-01 to 2018-01-01, end not included, Europe/Berlin\n"
      "candidate: 2018-01-01 to 2019-01-01, end not included, Europe/Berlin, channel!=web|shop\n"
      "method: all, 95 % intervals\n"
      "\n"
      "             NPS     low   high  answers  unscored  promoters  passives  detractors\n"
      "base       48.51   40.84  55.17      303        20        171       108          24\n"
      "candidate  42.29   36.02  47.95      454         1        235       176          43\n"
      "change     -6.22  -15.42   3.37\n"
      "\n"
      "no clear change: −15.4 … +3.4 at 95 %, p = 0.209\n");
}

TEST_F(ComparisonTest, TableSaysHowManyAnswersAreExcluded) {
  v1::CompareMetricResponse response = RealComparison();
  v1::ExcludedCount& excluded = *response.mutable_candidate()->add_excluded();
  excluded.set_reason(v1::EXCLUSION_REASON_BOT);
  excluded.set_count(3);
  server_.SetComparison(response);
  EXPECT_THAT(Compare({}).out, HasSubstr("\nexcluded: base 0, candidate 3\n"));
}

TEST_F(ComparisonTest, ASideWithoutAWindowIsEverything) {
  const ChairctlResult result = Metric(
      "compare", {"nps", "--base-filter", "channel=web", "--candidate-filter", "channel=app"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(MessageDifferencer::Equivalent(server_.last_comparison(),
                                             FromJson<v1::CompareMetricRequest>(
                                                 R"({"base": {"surveyIds": ["nps"], "interval": {},
                       "filters": [{"key": "channel", "values": ["web"]}]},
              "candidate": {"surveyIds": ["nps"], "interval": {},
                            "filters": [{"key": "channel", "values": ["app"]}]}})")))
      << server_.last_comparison().DebugString();
  ASSERT_EQ(Metric("compare", {"nps", "--base", "2017", "--candidate-filter", "a=b"}).exit_code, 0);
  EXPECT_FALSE(server_.last_comparison().candidate().interval().has_start_time());
}

TEST_F(ComparisonTest, ComparesTwoSurveysEachByItsOwnDays) {
  v1::Survey tokyo;
  tokyo.set_survey_id("tokyo");
  tokyo.set_time_zone("Asia/Tokyo");
  server_.AddSurvey(tokyo);
  const ChairctlResult result =
      Metric("compare", {"nps", "--candidate-survey", "tokyo", "--candidate-survey", "third",
                         "--base", "2018", "--candidate", "2018"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(
      MessageDifferencer::Equals(server_.last_comparison(), FromJson<v1::CompareMetricRequest>(
                                                                R"({"base": {"surveyIds": ["nps"],
                       "interval": {"startTime": "2017-12-31T23:00:00Z",
                                    "endTime": "2018-12-31T23:00:00Z"}},
              "candidate": {"surveyIds": ["tokyo", "third"],
                            "interval": {"startTime": "2017-12-31T15:00:00Z",
                                         "endTime": "2018-12-31T15:00:00Z"}}})")))
      << server_.last_comparison().DebugString();
  EXPECT_THAT(result.out, StartsWith("nps and tokyo, third: net-promoter\n"
                                     "base: nps, 2018-01-01 to 2019-01-01, "));
  EXPECT_THAT(result.out, HasSubstr("\ncandidate: tokyo, third, 2017-12-31T"));
  ASSERT_EQ(Metric("compare", {"nps", "--candidate-survey", "tokyo"}).exit_code, 0);
}

TEST_F(ComparisonTest, TableShowsWhatIsSuppressedOrAbsent) {
  v1::CompareMetricResponse response = RealComparison();
  response.mutable_base()->Clear();
  response.mutable_base()->set_answers(4);
  response.mutable_base()->set_suppressed(true);
  response.mutable_candidate()->Clear();
  response.clear_delta();
  response.clear_delta_low();
  response.clear_delta_high();
  response.set_verdict(v1::VERDICT_TOO_FEW);
  response.mutable_method_info()->set_method(v1::METRIC_METHOD_TOP_BOX);
  response.mutable_method_info()->set_min_sample(5);
  server_.SetComparison(response);
  EXPECT_THAT(Compare({}).out,
              EndsWith("method: all, 95 % intervals, suppressed under 5 answers\n"
                       "\n"
                       "           percent  low  high  answers  unscored\n"
                       "base         (n<5)    –     –        4         0\n"
                       "candidate        –    –     –        0         0\n"
                       "change           –    –     –\n"
                       "\n"
                       "too few answers to tell: each side needs at least 10, not suppressed\n"));
}

TEST_F(ComparisonTest, CsvHasOneLineBehindAStableHeader) {
  EXPECT_EQ(
      Compare({"--output", "csv"}).out,
      "base_start,base_end,base_value,base_low,base_high,base_answers,base_suppressed,"
      "candidate_start,candidate_end,candidate_value,candidate_low,candidate_high,"
      "candidate_answers,candidate_suppressed,delta,delta_low,delta_high,z,p_value,verdict,"
      "direction\n"
      "2016-12-31T23:00:00.000Z,2017-12-31T23:00:00.000Z,48.514851,40.842187,55.170663,303,false,"
      "2017-12-31T23:00:00.000Z,2018-12-31T23:00:00.000Z,42.290749,36.015128,47.945946,454,false,"
      "-6.2241025,-15.418401,3.3662913,-1.2574622,0.2085859,no-clear-change,neither\n");
}

TEST_F(ComparisonTest, CsvLeavesOutWhatIsAbsent) {
  v1::CompareMetricResponse response;
  response.mutable_candidate()->set_suppressed(true);
  response.set_verdict(v1::VERDICT_TOO_FEW);
  response.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  std::ostringstream out;
  CsvWriter csv(out, CsvForm::kExact);
  PrintComparisonCsv(v1::CompareMetricRequest(), response, csv);
  EXPECT_THAT(out.str(), EndsWith("direction\n,,,,,0,false,,,,,,0,true,,,,,,too-few,neither\n"));
}

TEST_F(ComparisonTest, JsonIsTheMessage) {
  const ChairctlResult json = Compare({"--output", "json"});
  EXPECT_TRUE(
      MessageDifferencer::Equals(FromJson<v1::CompareMetricResponse>(json.out), RealComparison()));
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"verdict\": \"VERDICT_NO_CLEAR_CHANGE\""),
                              HasSubstr("\"sequence\": \"967\"")));
}

TEST(VerdictText, NamesTheVerdictTheDirectionAndTheInterval) {
  const struct {
    v1::Verdict verdict;
    v1::ChangeDirection direction;
    v1::MetricMethod method;
    double low, high, p_value, confidence;
    const char* text;
  } cases[] = {
      {v1::VERDICT_HIGHER, v1::CHANGE_DIRECTION_BETTER, v1::METRIC_METHOD_NET_PROMOTER, 8.2958,
       21.6145, 1.0748e-5, 0.95, "higher, better: +8.3 … +21.6 at 95 %, p = 1.07e-05"},
      {v1::VERDICT_LOWER, v1::CHANGE_DIRECTION_BETTER, v1::METRIC_METHOD_MEAN, -0.7077, -0.0923,
       0.010837, 0.9, "lower, better: −0.71 … −0.09 at 90 %, p = 0.0108"},
      {v1::VERDICT_HIGHER, v1::CHANGE_DIRECTION_WORSE, v1::METRIC_METHOD_MEAN, 0.25, 2, 0.01, 0.99,
       "higher, worse: +0.25 … +2.00 at 99 %, p = 0.01"},
      {v1::VERDICT_NO_CLEAR_CHANGE, v1::CHANGE_DIRECTION_NEITHER, v1::METRIC_METHOD_TOP_BOX,
       -0.0859, 19.6938, 0.052, 0.95, "no clear change: −0.1 … +19.7 at 95 %, p = 0.052"},
  };
  for (const auto& c : cases) {
    v1::CompareMetricResponse response;
    response.set_verdict(c.verdict);
    response.set_direction(c.direction);
    response.set_delta_low(c.low);
    response.set_delta_high(c.high);
    response.set_p_value(c.p_value);
    response.mutable_method_info()->set_method(c.method);
    response.mutable_method_info()->set_confidence(c.confidence);
    EXPECT_EQ(VerdictText(response), c.text);
  }
}

TEST(VerdictText, LeavesOutThePValueThatIsNotThere) {
  v1::CompareMetricResponse response;
  response.set_verdict(v1::VERDICT_HIGHER);
  response.set_direction(v1::CHANGE_DIRECTION_BETTER);
  response.set_delta_low(10);
  response.set_delta_high(10);
  response.mutable_method_info()->set_method(v1::METRIC_METHOD_MEAN);
  response.mutable_method_info()->set_confidence(0.95);
  EXPECT_EQ(VerdictText(response), "higher, better: +10.00 … +10.00 at 95 %");
}

}  // namespace
}  // namespace emptychair
