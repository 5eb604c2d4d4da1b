// The commands of surveys, and CSV for spreadsheets, against a service in the test's process.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SurveyCommandsTest : public ::testing::Test {
 protected:
  SurveyCommandsTest() { chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint(); }

  ChairctlResult Run(const std::vector<std::string>& arguments) { return chairctl_.Run(arguments); }

  FakeServer server_;
  Chairctl chairctl_;
};

TEST_F(SurveyCommandsTest, SurveyListSaysHowManyItDoesNotShow) {
  v1::Survey archived;
  archived.set_survey_id("old");
  archived.set_kind(v1::SURVEY_KIND_TEXT);
  archived.set_time_zone("Asia/Tokyo");
  archived.mutable_archive_time()->set_seconds(1'706'700'000);
  v1::Survey taken;
  taken.set_survey_id("new");
  taken.set_kind(v1::SURVEY_KIND_NPS);
  taken.mutable_scale()->set_max(10);
  taken.set_time_zone("Europe/Berlin");
  server_.AddSurvey(taken);
  EXPECT_EQ(Run({"survey", "list"}).err, "");
  server_.AddSurvey(archived);
  ChairctlResult result = Run({"survey", "list"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\nnew "), Not(HasSubstr("old"))));
  EXPECT_EQ(result.err,
            "chairctl: 1 archived survey is not shown; --include-archived shows them\n");
  result = Run({"survey", "list", "--include-archived"});
  EXPECT_EQ(result.out,
            "survey  kind  scale  time zone      dimensions  archived                   name\n"
            "new     nps   0..10  Europe/Berlin              –\n"
            "old     text  –      Asia/Tokyo                 2024-01-31T20:20:00+09:00\n");
  EXPECT_EQ(result.err, "");
  result = Run({"survey", "list", "--include-archived", "--output", "csv"});
  EXPECT_THAT(result.out, HasSubstr("\nold,,,text,,,,,Asia/Tokyo,0,0,,2024-01-31T11:20:00.000Z\n"));
  archived.set_survey_id("older");
  server_.AddSurvey(archived);
  // All are counted, whatever the limit.
  result = Run({"survey", "list", "--limit", "1", "--output", "json"});
  EXPECT_EQ(FromJson<v1::ListSurveysResponse>(result.out).surveys_size(), 1);
  EXPECT_THAT(result.err, HasSubstr("2 archived surveys are not shown"));
}

TEST_F(SurveyCommandsTest, SpreadsheetIsAFormOfCsvForEveryCommand) {
  v1::Survey survey;
  survey.set_survey_id("s");
  survey.set_display_name("=1+1");
  survey.set_question("größer");
  survey.set_kind(v1::SURVEY_KIND_RATING);
  survey.mutable_scale()->set_min(-5);
  server_.AddSurvey(survey);
  const ChairctlResult result = Run({"survey", "list", "--output", "csv", "--spreadsheet"});
  EXPECT_THAT(result.out, StartsWith("\xEF\xBB\xBFsurvey_id,display_name,"));
  EXPECT_THAT(result.out, EndsWith("archive_time\r\ns,'=1+1,größer,rating,-5,0,,,,0,0,,\r\n"));
  EXPECT_THAT(Run({"survey", "get", "s", "--output", "csv"}).out,
              EndsWith("\ns,=1+1,größer,rating,-5,0,,,,0,0,,\n"));
  EXPECT_THAT(Run({"--spreadsheet", "survey", "get", "s", "--output", "csv"}).out,
              StartsWith("\xEF\xBB\xBFsurvey_id"));
}

TEST_F(SurveyCommandsTest, UpdateTakesADirectionBesideItsScale) {
  ChairctlResult result =
      Run({"survey", "create", "c", "--kind", "ces", "--direction", "effort", "--output", "json"});
  EXPECT_EQ(FromJson<v1::Survey>(result.out).scale().max(), 7);
  result = Run({"survey", "update", "c", "--direction", "ease"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--direction: is part of a scale"));
  result = Run({"survey", "update", "c", "--kind", "nps", "--direction", "ease"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("is only for --kind ces"));
}

}  // namespace
}  // namespace emptychair
