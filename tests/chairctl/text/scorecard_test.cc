// `metric scorecard`, against a service in the test's process.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_answers.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using ::testing::Not;

class ScorecardTest : public MetricCommandTest {
 protected:
  ScorecardTest() { server_.SetScorecard(SomeScorecard()); }

  ChairctlResult Scorecard(const std::vector<std::string>& more) {
    return Metric("scorecard", more);
  }
};

TEST_F(ScorecardTest, SendsWhatTheFlagsSay) {
  ASSERT_EQ(Scorecard({}).exit_code, 0);
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_scorecard(), v1::GetScorecardRequest()));
  ASSERT_EQ(Scorecard({"--week-start", "Sunday"}).exit_code, 0);
  EXPECT_EQ(server_.last_scorecard().week_start(), v1::WEEK_START_SUNDAY);
  EXPECT_EQ(Scorecard({"--week-start", "saturday"}).exit_code, 2);
  ASSERT_EQ(
      Metric("query", {"nps", "--by", "week", "--week-start", "SUNDAY", "--last", "1w"}).exit_code,
      0);
  // The clock stands on Wednesday, 2024-01-31; the survey is of Berlin.
  EXPECT_EQ(FormatInstant(FromTimestamp(server_.last_query().interval().start_time()),
                          absl::UTCTimeZone()),
            "2024-01-27T23:00:00Z");
  EXPECT_EQ(server_.last_query().week_start(), v1::WEEK_START_SUNDAY);
  ASSERT_EQ(Scorecard({"nps", "csat", "--as-of", "2024-12-03", "--by", "Quarter"}).exit_code, 0);
  EXPECT_TRUE(MessageDifferencer::Equals(
      server_.last_scorecard(),
      FromJson<v1::GetScorecardRequest>(
          R"({"surveyIds": ["nps", "csat"], "asOf": "2024-12-03T00:00:00Z",
              "granularity": "GRANULARITY_QUARTER"})")))
      << server_.last_scorecard().DebugString();
}

TEST_F(ScorecardTest, SendsTheIntervalRule) {
  const std::pair<const char*, v1::IntervalRule> rules[] = {
      {"customers", v1::INTERVAL_RULE_CUSTOMERS},
      {"Estimated", v1::INTERVAL_RULE_ESTIMATED},
      {"answers", v1::INTERVAL_RULE_ANSWERS}};
  for (const auto& [flag, rule] : rules) {
    ASSERT_EQ(Scorecard({"--interval", flag}).exit_code, 0);
    EXPECT_EQ(server_.last_scorecard().interval_rule(), rule);
  }
  EXPECT_EQ(Scorecard({"--interval", "unspecified"}).exit_code, 2);
}

TEST_F(ScorecardTest, WarnsOfVerdictsThatTakeEveryAnswerAsAnotherCustomers) {
  EXPECT_EQ(Scorecard({}).err, "");
  v1::GetScorecardResponse response = SomeScorecard();
  for (v1::SurveyScore& score : *response.mutable_surveys()) {
    score.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_ANSWERS);
  }
  server_.SetScorecard(response);
  for (const char* format : {"table", "csv", "json"}) {
    EXPECT_EQ(Scorecard({"--output", format}).err,
              "chairctl: intervals take every answer as another customer's: repeats not measured "
              "yet\n");
  }
  EXPECT_THAT(Scorecard({}).out,
              HasSubstr("\nIntervals take every answer as another customer's: repeats not measured "
                        "yet.\n"));
  const ChairctlResult asked = Scorecard({"--interval", "answers"});
  EXPECT_EQ(asked.err, "");
  EXPECT_THAT(asked.out, HasSubstr("\nIntervals take every answer as another customer's.\n"));
  // Of what has no verdict nothing is wrong.
  response.mutable_surveys()->DeleteSubrange(0, 2);
  server_.SetScorecard(response);
  EXPECT_EQ(Scorecard({}).err, "");
}

TEST_F(ScorecardTest, OneTestIsNotMany) {
  v1::GetScorecardResponse response = SomeScorecard();
  for (v1::SurveyScore& score : *response.mutable_surveys()) {
    score.mutable_method_info()->set_tests(1);
  }
  server_.SetScorecard(response);
  EXPECT_THAT(Scorecard({}).out, Not(HasSubstr("tested")));
}

TEST_F(ScorecardTest, ReadsTimesWithoutAnOffsetInUtc) {
  const struct {
    const char* as_of;
    const char* sent;
  } cases[] = {
      {"2024", "2024-01-01T00:00:00Z"},
      {"2024-Q2", "2024-04-01T00:00:00Z"},
      {"2024-07-01 10:30", "2024-07-01T10:30:00Z"},
      {"2024-07-01T10:30:00+02:00", "2024-07-01T08:30:00Z"},
  };
  for (const auto& c : cases) {
    ASSERT_EQ(Scorecard({"--as-of", c.as_of}).exit_code, 0);
    v1::GetScorecardRequest want;
    want = FromJson<v1::GetScorecardRequest>(std::string(R"({"asOf": ")") + c.sent + "\"}");
    EXPECT_TRUE(MessageDifferencer::Equals(server_.last_scorecard(), want)) << c.as_of;
  }
  EXPECT_EQ(server_.calls("GetSurvey"), 0);
  const ChairctlResult bad = Scorecard({"--as-of", "soon"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("--as-of: is \"soon\""));
  EXPECT_EQ(Scorecard({"--by", "none"}).exit_code, 2);
}

TEST_F(ScorecardTest, TableHasARowForEverySurvey) {
  EXPECT_EQ(Scorecard({}).out,
            "last complete month as of 2024-12-03T00:00:00Z\n"
            "Intervals by customer: answers of a period count like 50 % of as many.\n"
            "2 surveys tested: of the changes shown, at most 1 in 20 is expected to be chance.\n"
            "\n"
            "survey  name                   metric              period   value    low   high  "
            "answers  change  verdict\n"
            "nps     After <each> delivery  NPS                 2024-11  -6.12  -8.38  -3.62  "
            "     94  −46.12  worse\n"
            "csat                           CSAT: satisfied %   2024-11  87.50  85.25  90.00  "
            "    187   +0.50  no clear change\n"
            "rating                         RATING: mean score  2024-11  (n<5)      –      –  "
            "      3       –  too few\n"
            "text                           TEXT: answers       2024-11   9.00      –      –  "
            "    109   +2.00  –\n");
}

TEST_F(ScorecardTest, TerminalsShowTheTrendWithItsGaps) {
  chairctl_.is_terminal = true;
  chairctl_.columns = 140;
  std::string out = Scorecard({}).out;
  EXPECT_THAT(out, HasSubstr("worse            ▅▅▆▆▆▆▇▇▇██▁\n"));
  EXPECT_THAT(out, HasSubstr("no clear change    ▁▂ ▃▄▅▆▇██\n"));
  EXPECT_THAT(out, HasSubstr("too few          ▅\n"));
  EXPECT_THAT(out, HasSubstr("After <each> delivery"));
  chairctl_.columns = 100;
  out = Scorecard({}).out;
  EXPECT_THAT(out, Not(HasSubstr("After <each> delivery")));
  EXPECT_THAT(out, HasSubstr("▅▅▆▆▆▆▇▇▇██▁"));
}

TEST_F(ScorecardTest, SaysWhenThereAreNoSurveys) {
  v1::GetScorecardResponse response;
  response.mutable_as_of()->set_seconds(0);
  server_.SetScorecard(response);
  EXPECT_THAT(Scorecard({}).out, HasSubstr("no surveys as of 1970-01-01T00:00:00Z\n"));
}

TEST_F(ScorecardTest, CsvHasALineForEverySurvey) {
  EXPECT_EQ(
      Scorecard({"--output", "csv"}).out,
      "survey_id,display_name,kind,method,period_start,period_end,value,low,high,answers,"
      "suppressed,previous_value,previous_low,previous_high,previous_answers,delta,"
      "delta_low,delta_high,z,p_value,verdict,direction,q_value,interval_rule,interval_confidence,"
      "tests\n"
      "nps,After <each> "
      "delivery,nps,net-promoter,2024-11-01T00:00:00.000Z,2024-12-01T00:00:00.000Z,"
      "-6.125,-8.375,-3.625,94,false,40,37.75,42.5,140,-46.125,-52.5,-40.25,-14.5,"
      "0.000010748,lower,worse,0.000021496,customers,0.975,2\n"
      "csat,,csat,top-box,2024-11-01T00:00:00.000Z,2024-12-01T00:00:00.000Z,87.5,85.25,90,187,"
      "false,"
      "87,84.75,89.5,187,0.5,-1.5,2.75,0.5,0.617,no-clear-change,neither,0.617,customers,0.975,2\n"
      "rating,,rating,mean,2024-10-31T23:00:00.000Z,2024-11-30T23:00:00.000Z,,,,3,true,4.25,2,6.75,"
      "104,,,,,,too-few,neither,,customers,0.975,2\n"
      "text,,text,count,2024-10-31T15:00:00.000Z,2024-11-30T15:00:00.000Z,9,,,109,false,7,,,107,2,,"
      ","
      ",,too-few,neither,,answers,0.975,2\n");
}

TEST_F(ScorecardTest, JsonIsTheMessage) {
  const ChairctlResult json = Scorecard({"--output", "json"});
  EXPECT_TRUE(
      MessageDifferencer::Equals(FromJson<v1::GetScorecardResponse>(json.out), SomeScorecard()));
}

TEST(VerdictWord, IsAWordOrTwo) {
  const auto word = [](v1::Verdict verdict, v1::ChangeDirection direction,
                       v1::MetricMethod method = v1::METRIC_METHOD_MEAN) {
    return VerdictWord(verdict, direction, method);
  };
  EXPECT_EQ(word(v1::VERDICT_LOWER, v1::CHANGE_DIRECTION_BETTER), "better");
  EXPECT_EQ(word(v1::VERDICT_HIGHER, v1::CHANGE_DIRECTION_WORSE), "worse");
  EXPECT_EQ(word(v1::VERDICT_NO_CLEAR_CHANGE, v1::CHANGE_DIRECTION_NEITHER), "no clear change");
  EXPECT_EQ(word(v1::VERDICT_TOO_FEW, v1::CHANGE_DIRECTION_NEITHER), "too few");
  EXPECT_EQ(word(v1::VERDICT_TOO_FEW, v1::CHANGE_DIRECTION_NEITHER, v1::METRIC_METHOD_COUNT), "–");
}

}  // namespace
}  // namespace emptychair
