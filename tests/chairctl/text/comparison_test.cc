// `metric compare`, against a service in the test's process.
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tests/helpers/times.h"
#include "tools/chairctl/base/written_time.h"
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

// The same by customer, of whom some are on both sides, while the candidate's year lasts.
v1::CompareMetricResponse ComparisonSoFar() {
  v1::CompareMetricResponse response = RealComparison();
  response.mutable_base()->set_customers(120);
  response.mutable_base()->set_effective_sample(87.6);
  response.mutable_base()->set_design_effect(3.25);
  response.mutable_candidate()->set_customers(200);
  response.mutable_candidate()->set_effective_sample(226.4);
  response.mutable_candidate()->set_design_effect(2);
  response.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  response.set_customer_correlation(0.807661);
  response.set_looks(v1::LOOKS_UNTIL_END);
  response.mutable_as_of()->set_seconds(1'530'439'200);  // 2018-07-01T12:00:00+02:00
  response.set_z_limit(2.8537);
  response.set_information_fraction(0.75);
  return response;
}

// The first moment of a day in Berlin.
google::protobuf::Timestamp Berlin(int year, int month, int day, int hour = 0) {
  return ToTimestamp(
      absl::FromCivil(absl::CivilHour(year, month, day, hour), testing::Zone("Europe/Berlin")));
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
                                         "--include-excluded",
                                         "--interval",
                                         "estimated",
                                         "--as-of",
                                         "2018-03-26",
                                         "--looks",
                                         "open-ended"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string common =
      R"("surveyIds": ["nps", "other"], "method": "METRIC_METHOD_TOP_BOX", "topBoxMin": 4,
         "intervalRule": "INTERVAL_RULE_ESTIMATED",
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
                     {"key": "channel", "values": ["web"], "negate": true}]},
         "looks": "LOOKS_OPEN_ENDED", "asOf": "2018-03-25T22:00:00Z"})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_comparison(), want))
      << server_.last_comparison().DebugString();
  EXPECT_EQ(server_.calls("GetSurvey"), 1);
}

TEST_F(ComparisonTest, ReadsAsOfByTheCandidatesDays) {
  v1::Survey tokyo;
  tokyo.set_survey_id("tokyo");
  tokyo.set_time_zone("Asia/Tokyo");
  server_.AddSurvey(tokyo);
  const std::pair<const char*, const char*> rows[] = {
      {"2018-Q3", "2018-06-30T15:00:00Z"},
      {"2018-07-01 10:30", "2018-07-01T01:30:00Z"},
      {"2018-07-01T10:30:00+02:00", "2018-07-01T08:30:00Z"}};
  for (const auto& [as_of, sent] : rows) {
    ASSERT_EQ(Metric("compare", {"nps", "--candidate-survey", "tokyo", "--as-of", as_of}).exit_code,
              0);
    EXPECT_EQ(FormatInstant(FromTimestamp(server_.last_comparison().as_of()), absl::UTCTimeZone()),
              sent);
  }
  const ChairctlResult bad = Compare({"--as-of", "soon"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("--as-of: is \"soon\""));
}

TEST_F(ComparisonTest, SendsHowOftenItIsLookedAt) {
  const std::pair<const char*, v1::Looks> rows[] = {{"once", v1::LOOKS_ONCE},
                                                    {"until-end", v1::LOOKS_UNTIL_END},
                                                    {"Open-Ended", v1::LOOKS_OPEN_ENDED}};
  for (const auto& [flag, looks] : rows) {
    ASSERT_EQ(Compare({"--looks", flag}).exit_code, 0);
    EXPECT_EQ(server_.last_comparison().looks(), looks);
    EXPECT_FALSE(server_.last_comparison().has_as_of());
  }
  EXPECT_EQ(Compare({"--looks", "daily"}).exit_code, 2);
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

TEST_F(ComparisonTest, TableSaysWhatIntervalsRestOnAndWhatManyLooksAskOfAChange) {
  server_.SetComparison(ComparisonSoFar());
  const std::string out = Compare({}).out;
  EXPECT_THAT(out,
              HasSubstr("\nmethod: all, 95 % intervals\n"
                        "Intervals by customer: base 303 answers of 120 customers count like 88, "
                        "candidate 454 of 200 count like 226.\n"
                        "\n"
                        "             NPS "));
  EXPECT_THAT(out,
              EndsWith("\ncustomers on both sides: correlation 0.81\n"
                       "\n"
                       "no clear change: −15.4 … +3.4 at 95 %, p = 0.209\n"
                       "181 of 365 days: a change is called from z 2.85 on. It is at z −1.26.\n"));
  EXPECT_THAT(Compare({"--as-of", "2018-07-01 12:00"}).out,
              HasSubstr("\nonly answers before 2018-07-01T12:00:00+02:00 count\n"));
}

TEST_F(ComparisonTest, WarnsOfAVerdictThatTakesEveryAnswerAsAnotherCustomers) {
  EXPECT_EQ(Compare({}).err, "");
  v1::CompareMetricResponse response = RealComparison();
  response.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_ANSWERS);
  server_.SetComparison(response);
  for (const char* format : {"table", "csv", "json"}) {
    EXPECT_EQ(Compare({"--output", format}).err,
              "chairctl: intervals take every answer as another customer's: repeats not measured "
              "yet\n");
  }
  EXPECT_EQ(Compare({"--interval", "answers"}).err, "");
  response.set_verdict(v1::VERDICT_TOO_FEW);
  server_.SetComparison(response);
  EXPECT_EQ(Compare({}).err, "");
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
                       "too few answers to tell: each side needs at least 10, not suppressed and "
                       "not those of one customer\n"));
}

TEST_F(ComparisonTest, CsvHasOneLineBehindAStableHeader) {
  EXPECT_EQ(
      Compare({"--output", "csv"}).out,
      "base_start,base_end,base_value,base_low,base_high,base_answers,base_suppressed,"
      "candidate_start,candidate_end,candidate_value,candidate_low,candidate_high,"
      "candidate_answers,candidate_suppressed,delta,delta_low,delta_high,z,p_value,verdict,"
      "direction,interval_rule,customer_correlation,looks,as_of,z_limit,information_fraction\n"
      "2016-12-31T23:00:00.000Z,2017-12-31T23:00:00.000Z,48.514851,40.842187,55.170663,303,false,"
      "2017-12-31T23:00:00.000Z,2018-12-31T23:00:00.000Z,42.290749,36.015128,47.945946,454,false,"
      "-6.2241025,-15.418401,3.3662913,-1.2574622,0.2085859,no-clear-change,neither,,,,,,\n");
  server_.SetComparison(ComparisonSoFar());
  EXPECT_THAT(Compare({"--output", "csv"}).out,
              EndsWith(",no-clear-change,neither,customers,0.807661,until-end,"
                       "2018-07-01T10:00:00.000Z,2.8537,0.75\n"));
}

TEST_F(ComparisonTest, CsvLeavesOutWhatIsAbsent) {
  v1::CompareMetricResponse response;
  response.mutable_candidate()->set_suppressed(true);
  response.set_verdict(v1::VERDICT_TOO_FEW);
  response.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  std::ostringstream out;
  CsvWriter csv(out, CsvForm::kExact);
  PrintComparisonCsv(v1::CompareMetricRequest(), response, csv);
  EXPECT_THAT(out.str(),
              EndsWith("fraction\n,,,,,0,false,,,,,,0,true,,,,,,too-few,neither,,,,,,\n"));
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

TEST(LooksText, CountsWholeDaysOfTheZoneAndHoursOfAShortInterval) {
  const struct {
    google::protobuf::Timestamp start, end, as_of;
    const char* progress;
  } cases[] = {
      {Berlin(2024, 4, 1), Berlin(2024, 5, 1), Berlin(2024, 4, 19, 23), "18 of 30 days"},
      // A day of March has 23 hours, one of October 25.
      {Berlin(2024, 3, 1), Berlin(2024, 4, 1), Berlin(2024, 4, 1), "31 of 31 days"},
      {Berlin(2024, 10, 1), Berlin(2024, 11, 1), Berlin(2024, 10, 31, 23), "30 of 31 days"},
      {Berlin(2024, 3, 30), Berlin(2024, 4, 1), Berlin(2024, 3, 31), "1 of 2 days"},
      {Berlin(2024, 4, 1), Berlin(2024, 4, 2, 23), Berlin(2024, 4, 2, 7), "31 of 47 hours"},
      {Berlin(2024, 4, 1), Berlin(2024, 5, 1), Berlin(2024, 3, 1), "0 of 30 days"},
  };
  for (const auto& c : cases) {
    v1::CompareMetricRequest request;
    *request.mutable_candidate()->mutable_interval()->mutable_start_time() = c.start;
    *request.mutable_candidate()->mutable_interval()->mutable_end_time() = c.end;
    v1::CompareMetricResponse response = ComparisonSoFar();
    *response.mutable_as_of() = c.as_of;
    EXPECT_EQ(LooksText(request, response),
              std::string(c.progress) + ": a change is called from z 2.85 on. It is at z −1.26.");
  }
}

TEST(LooksText, SaysWhatAnyNumberOfLooksAsks) {
  v1::CompareMetricResponse response = ComparisonSoFar();
  response.set_looks(v1::LOOKS_OPEN_ENDED);
  response.set_z_limit(4.6);
  EXPECT_EQ(LooksText(v1::CompareMetricRequest(), response),
            "However often it is looked at: a change is called from z 4.6 on. It is at z −1.26.");
}

TEST(LooksText, IsEmptyForOneLookAndWhereNothingCanBeSaid) {
  v1::CompareMetricResponse response = ComparisonSoFar();
  response.set_looks(v1::LOOKS_ONCE);
  EXPECT_EQ(LooksText(v1::CompareMetricRequest(), response), "");
  response.set_looks(v1::LOOKS_OPEN_ENDED);
  response.clear_z_limit();
  EXPECT_EQ(LooksText(v1::CompareMetricRequest(), response), "");
}

TEST(SharedCustomersText, IsEmptyWhereNobodyIsOnBothSides) {
  v1::CompareMetricResponse response;
  EXPECT_EQ(SharedCustomersText(response), "");
  response.set_customer_correlation(0);
  EXPECT_EQ(SharedCustomersText(response), "");
  response.set_customer_correlation(-0.25);
  EXPECT_EQ(SharedCustomersText(response), "customers on both sides: correlation −0.25");
}

}  // namespace
}  // namespace emptychair
