// What tests of the metric commands have in common.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_COMMAND_TEST_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_COMMAND_TEST_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {

// chairctl, and a service in the test's process that has the survey `nps`, of Europe/Berlin.
class MetricCommandTest : public ::testing::Test {
 protected:
  MetricCommandTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    v1::Survey survey;
    survey.set_survey_id("nps");
    survey.set_kind(v1::SURVEY_KIND_NPS);
    survey.set_time_zone("Europe/Berlin");
    server_.AddSurvey(survey);
  }

  // Runs `chairctl metric COMMAND MORE`.
  ChairctlResult Metric(const std::string& command, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"metric", command};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  // The same for the survey, with 2017 as the base and 2018 as the candidate.
  ChairctlResult MetricOfSides(const std::string& command, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"nps", "--base", "2017", "--candidate", "2018"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Metric(command, arguments);
  }

  FakeServer server_;
  Chairctl chairctl_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_METRIC_COMMAND_TEST_H_
