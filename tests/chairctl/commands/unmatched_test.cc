// What nothing fits of the filters is said on stderr.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {
namespace {

constexpr char kSaid[] =
    "chairctl: chanel is no dimension and no label that was found; there are channel, plan\n"
    "chairctl: channel has no value \"W\\x07b\"\n";

// With a value that must not reach a terminal as it is.
template <typename Response>
Response WithUnmatched() {
  Response response;
  v1::UnmatchedFilter& key = *response.add_unmatched();
  key.set_key("chanel");
  key.add_known("channel");
  key.add_known("plan");
  v1::UnmatchedFilter& value = *response.add_unmatched();
  value.set_key("channel");
  value.set_value("W\ab");
  return response;
}

class UnmatchedTest : public ::testing::Test {
 protected:
  UnmatchedTest() {
    v1::Survey survey;
    survey.set_survey_id("nps");
    survey.set_kind(v1::SURVEY_KIND_NPS);
    survey.set_time_zone("UTC");
    server_.AddSurvey(survey);
  }

  ChairctlResult Run(std::vector<std::string> arguments, const std::string& format) {
    for (const std::string& more :
         {std::string("--endpoint"), server_.endpoint(), std::string("--output"), format}) {
      arguments.push_back(more);
    }
    return Chairctl().Run(arguments);
  }

  FakeServer server_;
};

TEST_F(UnmatchedTest, IsSaidBesideTheAnswerInEveryFormat) {
  server_.SetMetric(WithUnmatched<v1::QueryMetricResponse>());
  server_.SetExplanation(WithUnmatched<v1::ExplainMetricResponse>());
  server_.SetComparison(WithUnmatched<v1::CompareMetricResponse>());
  const std::vector<std::vector<std::string>> commands = {
      {"metric", "query", "nps", "--filter", "chanel=web"},
      {"metric", "explain", "nps", "--filter", "chanel=web"},
      {"metric", "compare", "nps", "--base", "2024-01", "--candidate", "2024-02"},
  };
  for (const std::vector<std::string>& command : commands) {
    for (const char* format : {"table", "csv", "json"}) {
      const ChairctlResult result = Run(command, format);
      EXPECT_EQ(result.exit_code, 0) << command[1];
      EXPECT_EQ(result.err, kSaid) << command[1] << " " << format;
    }
  }
}

}  // namespace
}  // namespace emptychair
