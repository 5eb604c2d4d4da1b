// A test of `chairctl feedback import` against a service in the test's process.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_IMPORT_COMMAND_TEST_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_IMPORT_COMMAND_TEST_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {

// There is the survey `nps` in Berlin, with the dimension `channel`.
class ImportTest : public ::testing::Test {
 protected:
  ImportTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    v1::Survey survey;
    survey.set_survey_id("nps");
    survey.set_kind(v1::SURVEY_KIND_NPS);
    survey.mutable_scale()->set_max(10);
    survey.set_time_zone("Europe/Berlin");
    survey.add_dimensions("channel");
    server_.AddSurvey(survey);
  }

  // Imports `text` from the standard input, under the id `i`, with JSON output.
  ChairctlResult Import(const std::string& text, const std::vector<std::string>& more = {}) {
    chairctl_.standard_input = text;
    std::vector<std::string> arguments = {"feedback", "import", "nps",         "-",
                                          "--output", "json",   "--import-id", "i"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  // The summary of an import under the id `i`.
  static std::string Summary(int accepted, int existed, int updated, int rejected, int skipped) {
    return absl::StrCat("{\"read\": ", accepted + existed + updated + rejected + skipped,
                        ", \"accepted\": ", accepted, ", \"alreadyExisted\": ", existed,
                        ", \"updated\": ", updated, ", \"rejected\": ", rejected,
                        ", \"skipped\": ", skipped, ", \"importId\": \"i\"}\n");
  }

  static std::string Rows(int count) {
    std::string text = "external_id,score,occur_time\n";
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, "t-", i, ",9,2024-01-31\n");
    }
    return text;
  }

  FakeServer server_;
  Chairctl chairctl_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_IMPORT_COMMAND_TEST_H_
