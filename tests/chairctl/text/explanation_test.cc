// `metric explain`, and `--respondents`, against a service in the test's process.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_command_test.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

const char* const kRows =
    R"({"rows": [
          {"countedAs": "COUNTED_AS_PROMOTER",
           "feedback": {"surveyId": "nps", "feedbackId": "id-2", "customerId": "ann", "score": 9,
                        "comment": "Fine, thanks", "occurTime": "2024-01-02T00:00:00Z",
                        "sequence": "2"}},
          {"countedAs": "COUNTED_AS_UNSCORED",
           "feedback": {"surveyId": "nps", "feedbackId": "id-1",
                        "occurTime": "2024-01-01T00:00:00Z", "sequence": "1"}}]})";

class ExplanationTest : public MetricCommandTest {
 protected:
  ExplanationTest() { server_.SetExplanation(FromJson<v1::ExplainMetricResponse>(kRows)); }

  ChairctlResult Explain(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"nps"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Metric("explain", arguments);
  }
};

TEST_F(ExplanationTest, SendsWhatTheFlagsSay) {
  const std::vector<std::pair<std::string, std::string>> flags = {
      {"--window", "2024-01"},     {"--group", "channel=web"}, {"--group", "region=(none)"},
      {"--group", "plan=(other)"}, {"--filter", "agent!=ann"}, {"--method", "top-box"},
      {"--top-box-min", "4"},      {"--respondents", "First"}, {"--min-sample", "5"}};
  std::vector<std::string> arguments = {"--include-excluded"};
  for (const auto& [flag, value] : flags) {
    arguments.push_back(flag);
    arguments.push_back(value);
  }
  const ChairctlResult result = Explain(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto want = FromJson<v1::ExplainMetricRequest>(
      R"({"query": {"surveyIds": ["nps"], "method": "METRIC_METHOD_TOP_BOX", "topBoxMin": 4,
                    "respondentRule": "RESPONDENT_RULE_FIRST_PER_CUSTOMER", "minSample": 5,
                    "includeExcluded": true, "groupBy": ["channel", "region", "plan"],
                    "interval": {"startTime": "2023-12-31T23:00:00Z",
                                 "endTime": "2024-01-31T23:00:00Z"},
                    "filters": [{"key": "agent", "values": ["ann"], "negate": true}]},
          "groupValues": [{"value": "web"}, {"none": true}, {"other": true}],
          "pageSize": 1000})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_explanation(), want))
      << server_.last_explanation().DebugString();
}

TEST_F(ExplanationTest, RespondentsAreNamedAsInEveryMetricCommand) {
  const std::pair<const char*, v1::RespondentRule> rows[] = {
      {"all", v1::RESPONDENT_RULE_ALL},
      {"latest", v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER},
      {"first", v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER}};
  for (const auto& [flag, rule] : rows) {
    ASSERT_EQ(Explain({"--respondents", flag}).exit_code, 0);
    EXPECT_EQ(server_.last_explanation().query().respondent_rule(), rule);
    ASSERT_EQ(chairctl_.Run({"metric", "query", "nps", "--respondents", flag}).exit_code, 0);
    EXPECT_EQ(server_.last_query().respondent_rule(), rule);
    ASSERT_EQ(chairctl_
                  .Run({"metric", "compare", "nps", "--base", "2023", "--candidate", "2024",
                        "--respondents", flag})
                  .exit_code,
              0);
    EXPECT_EQ(server_.last_comparison().base().respondent_rule(), rule);
    EXPECT_EQ(server_.last_comparison().candidate().respondent_rule(), rule);
  }
  EXPECT_EQ(Explain({"--respondents", "last"}).exit_code, 2);
}

TEST_F(ExplanationTest, TheTableOfAQuerySaysTheRule) {
  v1::QueryMetricResponse response;
  response.mutable_method_info()->set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  server_.SetMetric(response);
  EXPECT_THAT(chairctl_.Run({"metric", "query", "nps", "--respondents", "latest"}).out,
              HasSubstr("latest-per-customer"));
}

TEST_F(ExplanationTest, TableRepeatsTheQuestionAndListsTheAnswers) {
  EXPECT_EQ(Explain({"--from", "2024-01-01T00:00:00Z", "--filter", "region=EU", "--group",
                     "channel=web", "--respondents", "latest"})
                .out,
            "nps: 2024-01-01T01:00:00+01:00 to now and after, Europe/Berlin, region=EU, group "
            "channel=web, "
            "latest-per-customer\n"
            "\n"
            "time                       counted as  score  customer  id    comment\n"
            "2024-01-02T01:00:00+01:00  promoter        9  ann       id-2  Fine, thanks\n"
            "2024-01-01T01:00:00+01:00  unscored        –  –         id-1  –\n");
}

TEST_F(ExplanationTest, TheHeadingHasTheWindowOfAQuery) {
  v1::QueryMetricResponse response;
  response.mutable_method_info()->set_time_zone("Europe/Berlin");
  server_.SetMetric(response);
  const std::string window = "2025-04-01 to 2025-05-01, end not included, Europe/Berlin";
  EXPECT_THAT(Explain({"--window", "2025-04"}).out, HasSubstr(window));
  EXPECT_THAT(chairctl_.Run({"metric", "query", "nps", "--window", "2025-04"}).out,
              HasSubstr(window));
}

TEST_F(ExplanationTest, CsvHasWhatEachCountedAsAndTheFieldsOfTheRecord) {
  EXPECT_EQ(Explain({"--output", "csv"}).out,
            "counted_as,survey_id,feedback_id,external_id,customer_id,score,comment,labels,"
            "occur_time,receive_time,exclusion,sequence,exclusion_note,exclusion_time,etag,"
            "import_id\n"
            "promoter,nps,id-2,,ann,9,\"Fine, thanks\",,2024-01-02T00:00:00.000Z,,,2,,,,\n"
            "unscored,nps,id-1,,,,,,2024-01-01T00:00:00.000Z,,,1,,,,\n");
}

TEST_F(ExplanationTest, JsonIsOneObjectWithAllRows) {
  const ChairctlResult json = Explain({"--output", "json"});
  EXPECT_TRUE(MessageDifferencer::Equals(FromJson<v1::ExplainMetricResponse>(json.out),
                                         FromJson<v1::ExplainMetricResponse>(kRows)))
      << json.out;
}

TEST_F(ExplanationTest, LimitBoundsTheRows) {
  const ChairctlResult json = Explain({"--output", "json", "--limit", "1"});
  EXPECT_EQ(FromJson<v1::ExplainMetricResponse>(json.out).rows_size(), 1);
  EXPECT_EQ(server_.last_explanation().page_size(), 1);
  EXPECT_EQ(Explain({"--limit", "0"}).exit_code, 2);
}

TEST_F(ExplanationTest, AGroupHasOneValueForEachKey) {
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--group", "channel"},
                                              {"--group", "channel!=web"},
                                              {"--group", "channel=web", "--group", "channel=app"},
                                              {"--group", "=web"}}) {
    const ChairctlResult result = Explain(bad);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("--group"));
  }
}

}  // namespace
}  // namespace emptychair
