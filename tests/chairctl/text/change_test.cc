// `metric change`, against a service in the test's process.
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tools/chairctl/text/change_output.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// Of a survey with two dimensions, one of which all answers lack.
v1::DecomposeChangeResponse Decomposition() {
  return FromJson<v1::DecomposeChangeResponse>(
      R"({"base": {"value": -5, "low": -16.8, "high": 7, "answers": 200},
          "candidate": {"value": -18.75, "low": -27, "high": -10, "answers": 400},
          "delta": -13.75,
          "dimensions": [
            {"key": "segment", "contributions": [
              {"groupValue": {"value": "big, old"},
               "base": {"value": -40, "answers": 100}, "candidate": {"value": -40, "answers": 300},
               "mix": -7.03125, "score": 0, "total": -7.03125, "low": -17.6512, "high": 3.5887,
               "pValue": 0.194407, "qValue": 0.388814, "verdict": "VERDICT_NO_CLEAR_CHANGE"},
              {"groupValue": {"none": true},
               "base": {"value": 30, "answers": 96}, "candidate": {"answers": 0, "suppressed": true},
               "mix": 5.5, "score": -0.001, "total": 5.499, "low": 1.25, "high": 9.75,
               "pValue": 0.005, "qValue": 0.02, "verdict": "VERDICT_HIGHER"},
              {"groupValue": {"other": true},
               "base": {"answers": 4, "suppressed": true},
               "candidate": {"value": 45, "answers": 100}, "suppressed": true,
               "verdict": "VERDICT_TOO_FEW"}]},
            {"key": "plan", "contributions": [
              {"groupValue": {"none": true},
               "base": {"value": -5, "answers": 200},
               "candidate": {"value": -18.75, "answers": 400},
               "mix": 0, "score": -13.75, "total": -13.75, "low": -28, "high": 0.5,
               "pValue": 0.06, "qValue": 0.0601, "verdict": "VERDICT_NO_CLEAR_CHANGE"}]}],
          "sequence": 967,
          "methodInfo": {"method": "METRIC_METHOD_NET_PROMOTER",
                         "respondentRule": "RESPONDENT_RULE_ALL",
                         "granularity": "GRANULARITY_NONE", "trailingBuckets": 1, "minSample": 5,
                         "timeZone": "Europe/Berlin", "confidence": 0.95,
                         "intervalRule": "INTERVAL_RULE_ANSWERS", "tests": "4",
                         "intervalConfidence": 0.9875}})");
}

// The same with a slice of another key that moved the metric by `total`.
v1::DecomposeChangeResponse WithAMover(double total) {
  v1::DecomposeChangeResponse response = Decomposition();
  *response.add_dimensions() = response.dimensions(0);
  response.mutable_dimensions(2)->set_key("region");
  v1::Contribution& mover = *response.mutable_dimensions(2)->mutable_contributions(1);
  mover.mutable_group_value()->set_value("no\nrth");
  mover.set_total(total);
  mover.set_low(total - 2.5);
  mover.set_high(total + 2.5);
  mover.set_verdict(total < 0 ? v1::VERDICT_LOWER : v1::VERDICT_HIGHER);
  return response;
}

class ChangeTest : public MetricCommandTest {
 protected:
  ChangeTest() { server_.SetDecomposition(Decomposition()); }

  ChairctlResult Change(const std::vector<std::string>& more) {
    return MetricOfSides("change", more);
  }
};

TEST_F(ChangeTest, SendsWhatTheFlagsSay) {
  const ChairctlResult result = Change({"other",
                                        "--key",
                                        "segment",
                                        "--key",
                                        "survey_id",
                                        "--filter",
                                        "region=EU",
                                        "--base-filter",
                                        "channel=web",
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
                                        "customers"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string common =
      R"("surveyIds": ["nps", "other"], "method": "METRIC_METHOD_TOP_BOX", "topBoxMin": 4,
         "intervalRule": "INTERVAL_RULE_CUSTOMERS",
         "respondentRule": "RESPONDENT_RULE_ALL", "confidence": 0.9, "minSample": 5,
         "includeExcluded": true, )";
  const auto want = FromJson<v1::DecomposeChangeRequest>(
      R"({"base": {)" + common +
      R"("interval": {"startTime": "2016-12-31T23:00:00Z", "endTime": "2017-12-31T23:00:00Z"},
         "filters": [{"key": "region", "values": ["EU"]},
                     {"key": "channel", "values": ["web"]}]},
         "candidate": {)" +
      common +
      R"("interval": {"startTime": "2017-12-31T23:00:00Z", "endTime": "2018-12-31T23:00:00Z"},
         "filters": [{"key": "region", "values": ["EU"]},
                     {"key": "channel", "values": ["web"], "negate": true}]},
         "keys": ["segment", "survey_id"]})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_decomposition(), want))
      << server_.last_decomposition().DebugString();
}

TEST_F(ChangeTest, TableSaysWhatMovedItMostAndShowsEveryKey) {
  EXPECT_EQ(
      Change({"--candidate-filter", "channel=web"}).out,
      "nps: net-promoter\n"
      "base: 2017-01-01 to 2018-01-01, end not included, Europe/Berlin\n"
      "candidate: 2018-01-01 to 2019-01-01, end not included, Europe/Berlin, channel=web\n"
      "method: all, 95 % intervals, suppressed under 5 answers\n"
      "Intervals take every answer as another customer's: repeats not measured yet.\n"
      "\n"
      "NPS −5.0 to −18.8: −13.8; moved most by segment=(none): +5.5 (+1.2 … +9.8 at 98.75 %)\n"
      "4 contributions tested: of the movers shown, at most 1 in 20 is expected to be chance.\n"
      "\n"
      "segment         share %              NPS    mix  score  total     low  high  verdict\n"
      "big, old  50.00 → 75.00  -40.00 → -40.00  -7.03   0.00  -7.03  -17.65  3.59\n"
      "(none)    48.00 →  0.00   30.00 →      –   5.50   0.00   5.50    1.25  9.75  moved up\n"
      "(other)    2.00 → 25.00   (n<5) →  45.00      –      –      –       –     –  too few\n"
      "\n"
      "plan            share %             NPS   mix   score   total     low  high  verdict\n"
      "(none)  100.00 → 100.00  -5.00 → -18.75  0.00  -13.75  -13.75  -28.00  0.50\n");
}

TEST_F(ChangeTest, TerminalsShowTheTotalsOnOneAxis) {
  chairctl_.is_terminal = true;
  chairctl_.columns = 120;
  const std::string out = Change({}).out;
  EXPECT_THAT(
      out, HasSubstr("  low  high  verdict   -28.00                       9.75\n"
                     "big, old  50.00 → 75.00  -40.00 → -40.00  -7.03   0.00  -7.03  -17.65  3.59"
                     "                     ├────────●────────┤\n"
                     "(none)    48.00 →  0.00   30.00 →      –   5.50   0.00   5.50    1.25  9.75"
                     "  moved up                          ┊├──●───┤\n"
                     "(other)    2.00 → 25.00   (n<5) →  45.00      –      –      –       –     –"
                     "  too few\n"));
  EXPECT_THAT(out,
              EndsWith("  low  high  verdict  -28.00                       9.75\n"
                       "(none)  100.00 → 100.00  -5.00 → -18.75  0.00  -13.75  -13.75  -28.00  0.50"
                       "           ├───────────●───────────┤\n"));
}

TEST_F(ChangeTest, TheAxisReachesToZero) {
  v1::DecomposeChangeResponse response = Decomposition();
  response.mutable_dimensions()->DeleteSubrange(0, 1);
  v1::Contribution& contribution = *response.mutable_dimensions(0)->mutable_contributions(0);
  contribution.set_total(8);
  contribution.set_low(4);
  contribution.set_high(12);
  server_.SetDecomposition(response);
  chairctl_.is_terminal = true;
  chairctl_.columns = 105;
  EXPECT_THAT(Change({}).out,
              AllOf(HasSubstr("  0.00            12.00\n"), EndsWith("         ├─────●──────┤\n")));
}

TEST_F(ChangeTest, NarrowTerminalsShowTheIntervalAsABarOnly) {
  chairctl_.is_terminal = true;
  chairctl_.columns = 100;
  const std::string wide = Change({}).out;
  EXPECT_THAT(wide, AllOf(HasSubstr("score  total  verdict   -28.00"), HasSubstr("●"),
                          Not(HasSubstr("low  high"))));
  chairctl_.columns = 80;
  EXPECT_THAT(Change({}).out, AllOf(HasSubstr("low  high  verdict\n"), Not(HasSubstr("●"))));
}

TEST_F(ChangeTest, TableSaysWhenThereIsNothingToExplain) {
  v1::DecomposeChangeResponse response = Decomposition();
  response.clear_dimensions();
  response.clear_delta();
  response.mutable_method_info()->clear_tests();
  response.mutable_base()->Clear();
  server_.SetDecomposition(response);
  EXPECT_THAT(Change({}).out,
              EndsWith("not measured yet.\n"
                       "\n"
                       "no change to explain: each side needs answers, not suppressed\n"));
}

TEST_F(ChangeTest, CsvHasALineForEveryContribution) {
  EXPECT_EQ(Change({"--output", "csv"}).out,
            "key,group,base_share,base_value,base_answers,candidate_share,candidate_value,"
            "candidate_answers,mix,score,total,low,high,suppressed,p_value,q_value,verdict,"
            "interval_rule,interval_confidence,tests\n"
            "segment,\"big, old\",50,-40,100,75,-40,300,-7.03125,0,-7.03125,-17.6512,3.5887,false,"
            "0.194407,0.388814,no-clear-change,answers,0.9875,4\n"
            "segment,(none),48,30,96,0,,0,5.5,-0.001,5.499,1.25,9.75,false,0.005,0.02,higher,"
            "answers,0.9875,4\n"
            "segment,(other),2,,4,25,45,100,,,,,,true,,,too-few,answers,0.9875,4\n"
            "plan,(none),100,-5,200,100,-18.75,400,0,-13.75,-13.75,-28,0.5,false,0.06,0.0601,"
            "no-clear-change,answers,0.9875,4\n");
}

TEST_F(ChangeTest, CsvIsTheHeaderAloneWhenThereIsNothingToExplain) {
  std::ostringstream out;
  CsvWriter csv(out, CsvForm::kExact);
  PrintChangeCsv(v1::DecomposeChangeResponse(), csv);
  EXPECT_EQ(out.str(),
            "key,group,base_share,base_value,base_answers,candidate_share,candidate_value,"
            "candidate_answers,mix,score,total,low,high,suppressed,p_value,q_value,verdict,"
            "interval_rule,interval_confidence,tests\n");
}

TEST_F(ChangeTest, JsonIsTheMessage) {
  const ChairctlResult json = Change({"--output", "json"});
  EXPECT_TRUE(
      MessageDifferencer::Equals(FromJson<v1::DecomposeChangeResponse>(json.out), Decomposition()));
  EXPECT_THAT(json.out, HasSubstr("\"sequence\": \"967\""));
}

TEST_F(ChangeTest, WarnsOfVerdictsThatTakeEveryAnswerAsAnotherCustomers) {
  for (const char* format : {"table", "csv", "json"}) {
    EXPECT_EQ(Change({"--output", format}).err,
              "chairctl: intervals take every answer as another customer's: repeats not measured "
              "yet\n");
  }
  EXPECT_EQ(Change({"--interval", "answers"}).err, "");
  v1::DecomposeChangeResponse response = Decomposition();
  response.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  server_.SetDecomposition(response);
  EXPECT_EQ(Change({}).err, "");
  response = Decomposition();
  response.clear_dimensions();
  server_.SetDecomposition(response);
  EXPECT_EQ(Change({}).err, "");
}

TEST_F(ChangeTest, AnIntervalThatIsNotThereIsNotZero) {
  v1::DecomposeChangeResponse response = Decomposition();
  v1::Contribution& contribution = *response.mutable_dimensions(0)->mutable_contributions(0);
  contribution.clear_low();
  contribution.clear_high();
  server_.SetDecomposition(response);
  chairctl_.is_terminal = true;
  chairctl_.columns = 120;
  EXPECT_THAT(Change({}).out,
              HasSubstr("-7.03     –     –                              ●     ┊\n"));
}

TEST(ChangeText, LeavesOutKeysOfOneGroup) {
  v1::DecomposeChangeResponse response = Decomposition();
  response.mutable_dimensions(1)->mutable_contributions(0)->set_verdict(v1::VERDICT_LOWER);
  EXPECT_THAT(ChangeText(response), HasSubstr("moved most by segment=(none)"));
  response.mutable_dimensions()->DeleteSubrange(0, 1);
  EXPECT_EQ(ChangeText(response), "NPS −5.0 to −18.8: −13.8");
}

TEST(ChangeText, SaysWhenNoSliceMovedItClearly) {
  v1::DecomposeChangeResponse response = Decomposition();
  response.mutable_dimensions(0)->mutable_contributions()->DeleteSubrange(1, 1);
  EXPECT_EQ(ChangeText(response), "NPS −5.0 to −18.8: −13.8; no slice moved it clearly");
}

TEST(ChangeText, NamesTheLargestMoverOfAllKeysWhateverItsSign) {
  // Larger is what chance explains, −7.03.
  EXPECT_EQ(ChangeText(WithAMover(-6)),
            "NPS −5.0 to −18.8: −13.8; moved most by region=no\\nrth: −6.0 (−8.5 … −3.5 at 98.75 "
            "%)");
  EXPECT_THAT(ChangeText(WithAMover(5)), HasSubstr("moved most by segment=(none): +5.5 ("));
  v1::DecomposeChangeResponse response = WithAMover(6);
  response.mutable_method_info()->set_method(v1::METRIC_METHOD_MEAN);
  response.mutable_method_info()->set_confidence(0.9);
  response.mutable_method_info()->clear_interval_confidence();
  EXPECT_THAT(ChangeText(response), HasSubstr("mean −5.00 to −18.75: −13.75; moved most by "));
  EXPECT_THAT(ChangeText(response), EndsWith(": +6.00 (+3.50 … +8.50 at 90 %)"));
}

TEST(ContributionTestsText, FollowsTheConfidenceThatWasAskedFor) {
  v1::DecomposeChangeResponse response = Decomposition();
  response.mutable_method_info()->set_confidence(0.8);
  EXPECT_EQ(
      ContributionTestsText(response),
      "4 contributions tested: of the movers shown, at most 1 in 5 is expected to be chance.");
  response.mutable_method_info()->set_tests(1);
  EXPECT_EQ(ContributionTestsText(response), "");
}

TEST(MoveText, MarksWhatMovedAndWhatNobodyKnows) {
  EXPECT_EQ(MoveText(v1::VERDICT_HIGHER), "moved up");
  EXPECT_EQ(MoveText(v1::VERDICT_LOWER), "moved down");
  EXPECT_EQ(MoveText(v1::VERDICT_TOO_FEW), "too few");
  EXPECT_EQ(MoveText(v1::VERDICT_NO_CLEAR_CHANGE), "");
}

}  // namespace
}  // namespace emptychair
