// The commands against a service in the test's process.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/uuid.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"
#include "tests/helpers/feedback_fields.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

using ::emptychair::testing::FieldsOfCallers;
using ::emptychair::testing::MissingFields;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string InstantText(const google::protobuf::Timestamp& time) {
  return FormatInstant(FromTimestamp(time), absl::UTCTimeZone());
}

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() { chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint(); }

  void AddSurvey(const std::string& id, const std::string& zone = "Europe/Berlin") {
    v1::Survey survey;
    survey.set_survey_id(id);
    survey.set_kind(v1::SURVEY_KIND_NPS);
    survey.mutable_scale()->set_max(10);
    survey.set_time_zone(zone);
    survey.add_dimensions("channel");
    survey.add_dimensions("region");
    server_.AddSurvey(survey);
  }

  ChairctlResult Run(const std::vector<std::string>& arguments) { return chairctl_.Run(arguments); }

  FakeServer server_;
  Chairctl chairctl_;
};

TEST_F(CommandsTest, SurveyCreateSendsWhatTheFlagsSay) {
  const ChairctlResult result =
      Run({"survey", "create",      "effort",     "--kind",         "CES",     "--scale",
           "1..5",   "--direction", "effort",     "--dimension",    "channel", "--dimension",
           "region", "--time-zone", "Asia/Tokyo", "--min-sample",   "5",       "--max-series",
           "100",    "--question",  "How hard?",  "--display-name", "Effort",  "--output",
           "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto survey = FromJson<v1::Survey>(result.out);
  EXPECT_EQ(survey.survey_id(), "effort");
  EXPECT_EQ(survey.kind(), v1::SURVEY_KIND_CES);
  EXPECT_EQ(survey.scale().min(), 1);
  EXPECT_EQ(survey.scale().max(), 5);
  EXPECT_EQ(survey.scale().direction(), v1::SCALE_DIRECTION_EFFORT);
  EXPECT_THAT(survey.dimensions(), ElementsAre("channel", "region"));
  EXPECT_EQ(survey.time_zone(), "Asia/Tokyo");
  EXPECT_EQ(survey.min_sample(), 5);
  EXPECT_EQ(survey.max_series(), 100);
  EXPECT_EQ(survey.question(), "How hard?");
  EXPECT_EQ(survey.display_name(), "Effort");
}

TEST_F(CommandsTest, SurveyCreateLeavesOutWhatIsNotSaid) {
  const ChairctlResult result =
      Run({"survey", "create", "plain", "--kind", "nps", "--output", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  v1::Survey want;
  want.set_survey_id("plain");
  want.set_kind(v1::SURVEY_KIND_NPS);
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(FromJson<v1::Survey>(result.out), want))
      << result.out;
}

TEST_F(CommandsTest, ErrorsOfTheServiceExitWithTheirCodeAndReason) {
  AddSurvey("nps");
  ChairctlResult result = Run({"survey", "create", "nps", "--kind", "nps"});
  EXPECT_EQ(result.exit_code, 64 + 6);
  EXPECT_THAT(result.err, StartsWith("chairctl: SURVEY_EXISTS: "));
  result = Run({"survey", "get", "none"});
  EXPECT_EQ(result.exit_code, 64 + 5);
  EXPECT_THAT(result.err, StartsWith("chairctl: SURVEY_NOT_FOUND: "));
  EXPECT_EQ(result.out, "");
  result = Run({"survey", "get", "\xFF"});
  EXPECT_EQ(result.exit_code, 64 + 3);
  EXPECT_THAT(result.err, StartsWith("chairctl: FIELD_INVALID: survey_id: "));
}

TEST_F(CommandsTest, SurveyIdsCanBeNamedLikeCommands) {
  for (const char* id : {"survey", "list", "metric", "feedback"}) {
    AddSurvey(id);
    const ChairctlResult result = Run({"survey", "get", id, "--output", "json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(FromJson<v1::Survey>(result.out).survey_id(), id);
  }
}

TEST_F(CommandsTest, SurveyListPutsAllPagesInOneObject) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    AddSurvey(id);
  }
  ChairctlResult result = Run({"survey", "list", "--output", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(FromJson<v1::ListSurveysResponse>(result.out).surveys_size(), 5);
  EXPECT_EQ(server_.calls("ListSurveys"), 3);
  result = Run({"survey", "list", "--output", "json", "--limit", "3"});
  EXPECT_EQ(FromJson<v1::ListSurveysResponse>(result.out).surveys_size(), 3);
  result = Run({"survey", "list", "--output", "csv", "--limit", "1"});
  EXPECT_EQ(result.out,
            "survey_id,display_name,question,kind,scale_min,scale_max,direction,dimensions,"
            "time_zone,min_sample,max_series,create_time,archive_time\n"
            "a,,,nps,0,10,,channel region,Europe/Berlin,0,0,,\n");
  result = Run({"survey", "list", "--limit", "1"});
  EXPECT_EQ(result.out,
            "survey  kind  scale  time zone      dimensions       name\n"
            "a       nps   0..10  Europe/Berlin  channel, region\n");
}

TEST_F(CommandsTest, SubmitMakesAnIdOfTheTimeWhenNoneIsGiven) {
  AddSurvey("nps");
  const ChairctlResult result =
      Run({"feedback", "submit", "nps", "--score", "9", "--customer", "c", "--label", "channel=web",
           "--label", "note=a=b", "--comment", "fine", "--output", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto response = FromJson<v1::SubmitFeedbackResponse>(result.out);
  EXPECT_FALSE(response.already_existed());
  EXPECT_EQ(response.sequence(), 1);
  EXPECT_THAT(result.out, HasSubstr("\"alreadyExisted\": false"));
  const v1::Feedback& feedback = response.feedback();
  EXPECT_EQ(Uuid::Parse(feedback.feedback_id())->UnixMs(),
            absl::ToUnixMillis(chairctl_.clock.Now()));
  EXPECT_EQ(feedback.occur_time().seconds(), absl::ToUnixSeconds(chairctl_.clock.Now()));
  EXPECT_EQ(feedback.score(), 9);
  EXPECT_EQ(feedback.customer_id(), "c");
  EXPECT_EQ(feedback.comment(), "fine");
  EXPECT_EQ(feedback.labels().at("channel"), "web");
  EXPECT_EQ(feedback.labels().at("note"), "a=b");
}

TEST_F(CommandsTest, SubmitReadsTimesWithoutAnOffsetInTheSurveysZone) {
  AddSurvey("nps");
  ASSERT_EQ(Run({"feedback", "submit", "nps", "--time", "2024-01-31 12:00"}).exit_code, 0);
  EXPECT_EQ(server_.calls("GetSurvey"), 1);
  ASSERT_EQ(Run({"feedback", "submit", "nps", "--time", "2024-01-31T12:00:00Z"}).exit_code, 0);
  EXPECT_EQ(server_.calls("GetSurvey"), 1);
  const std::vector<v1::Feedback> stored = server_.feedback();
  ASSERT_THAT(stored, SizeIs(2));
  EXPECT_EQ(InstantText(stored[0].occur_time()), "2024-01-31T11:00:00Z");
  EXPECT_EQ(Uuid::Parse(stored[0].feedback_id())->UnixMs(), 1'706'698'800'000);
  EXPECT_FALSE(stored[0].has_score());
  EXPECT_EQ(InstantText(stored[1].occur_time()), "2024-01-31T12:00:00Z");
}

TEST_F(CommandsTest, SubmitPassesTheIdsThatAreGiven) {
  AddSurvey("nps");
  ASSERT_EQ(Run({"feedback", "submit", "nps", "--external-id", "t-1"}).exit_code, 0);
  const ChairctlResult again =
      Run({"feedback", "submit", "nps", "--external-id", "t-1", "--output", "csv"});
  EXPECT_THAT(again.out,
              ::testing::EndsWith(",sequence,exclusion_note,exclusion_time,etag,import_id,"
                                  "already_existed\nnps,,t-1,,,,,,,,0,,,,,true\n"));
  EXPECT_THAT(server_.feedback(), SizeIs(1));
}

TEST_F(CommandsTest, SubmitHasAFlagForEveryField) {
  AddSurvey("nps");
  const ChairctlResult result =
      Run({"feedback", "submit", "nps", "--external-id", "t-1", "--customer", "c", "--score", "9",
           "--comment", "fine", "--label", "channel=web", "--time", "2024-01-31"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  // The two ids exclude each other.
  EXPECT_THAT(MissingFields(server_.feedback().at(0)), ElementsAre("feedback_id", "exclusion"));
}

TEST_F(CommandsTest, SubmitTakesNegativeScores) {
  AddSurvey("nps");
  EXPECT_EQ(Run({"feedback", "submit", "nps", "--score", "-1"}).exit_code, 67);
  EXPECT_EQ(Run({"feedback", "submit", "nps", "--score=-1"}).exit_code, 67);
}

TEST_F(CommandsTest, GetShowsARecordByEitherId) {
  AddSurvey("nps");
  ASSERT_EQ(Run({"feedback", "submit", "nps", "--external-id", "t-1", "--score", "0", "--label",
                 "channel=web", "--comment", "a\nb\x1b[2J"})
                .exit_code,
            0);
  const ChairctlResult json =
      Run({"feedback", "get", "nps", "--external-id", "t-1", "--output", "json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  EXPECT_EQ(FromJson<v1::Feedback>(json.out).external_id(), "t-1");
  EXPECT_THAT(json.out, HasSubstr("\"score\": 0"));
  const ChairctlResult table = Run({"feedback", "get", "nps", "--external-id", "t-1"});
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("score           0\n"), HasSubstr("a\\nb\\x1b[2J"),
                    HasSubstr("{\"channel\":\"web\"}"), HasSubstr("customer_id     –\n")));
  const ChairctlResult missing = Run({"feedback", "get", "nps", "no-such-id"});
  EXPECT_EQ(missing.exit_code, 69);
  EXPECT_THAT(missing.err, StartsWith("chairctl: FEEDBACK_NOT_FOUND: "));
}

TEST_F(CommandsTest, GetShowsEveryField) {
  AddSurvey("nps");
  ASSERT_EQ(Run({"feedback", "submit", "nps", "--external-id", "t-1"}).exit_code, 0);
  const ChairctlResult csv =
      Run({"feedback", "get", "nps", "--external-id", "t-1", "--output", "csv"});
  const std::vector<std::string> lines = absl::StrSplit(csv.out, '\n');
  const std::vector<std::string> columns = absl::StrSplit(lines.at(0), ',');
  for (const auto* field : FieldsOfCallers()) {
    EXPECT_THAT(columns, Contains(field->name()));
  }
}

TEST_F(CommandsTest, QuerySendsWhatTheFlagsSay) {
  AddSurvey("nps");
  const ChairctlResult result = Run({"metric",
                                     "query",
                                     "nps",
                                     "other",
                                     "--window",
                                     "2024-Q1",
                                     "--by",
                                     "month",
                                     "--trailing",
                                     "3",
                                     "--group-by",
                                     "channel",
                                     "--group-by",
                                     "region",
                                     "--filter",
                                     "channel=web",
                                     "--filter",
                                     "region!=EU",
                                     "--filter",
                                     "channel=a=b",
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
                                     "--histogram",
                                     "--interval",
                                     "customers",
                                     "--population",
                                     "5000000000",
                                     "--output",
                                     "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const v1::QueryMetricRequest request = server_.last_query();
  v1::QueryMetricRequest want;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                  R"({"surveyIds": ["nps", "other"], "method": "METRIC_METHOD_TOP_BOX",
                      "respondentRule": "RESPONDENT_RULE_ALL",
                      "interval": {"startTime": "2023-12-31T23:00:00Z",
                                   "endTime": "2024-03-31T22:00:00Z"},
                      "granularity": "GRANULARITY_MONTH", "trailingBuckets": 3,
                      "groupBy": ["channel", "region"],
                      "filters": [{"key": "channel", "values": ["web", "a=b"]},
                                  {"key": "region", "values": ["EU"], "negate": true}],
                      "confidence": 0.9, "minSample": 5, "includeExcluded": true,
                      "includeHistogram": true, "topBoxMin": 4,
                      "intervalRule": "INTERVAL_RULE_CUSTOMERS", "population": "5000000000"})",
                  &want)
                  .ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(request, want))
      << request.DebugString();
}

TEST_F(CommandsTest, QueryWithoutWindowAsksForEverythingAndNoZone) {
  ASSERT_EQ(Run({"metric", "query", "nps"}).exit_code, 0);
  EXPECT_FALSE(server_.last_query().has_interval());
  ASSERT_EQ(Run({"metric", "query", "nps", "--from", "2024-01-01T00:00:00Z"}).exit_code, 0);
  EXPECT_FALSE(server_.last_query().interval().has_end_time());
  EXPECT_EQ(server_.calls("GetSurvey"), 0);
}

TEST_F(CommandsTest, QueryCountsLastFromTheClockInTheSurveysZone) {
  AddSurvey("nps", "Asia/Tokyo");
  ASSERT_EQ(Run({"metric", "query", "nps", "--last", "2m"}).exit_code, 0);
  EXPECT_EQ(InstantText(server_.last_query().interval().start_time()), "2023-11-30T15:00:00Z");
  EXPECT_EQ(InstantText(server_.last_query().interval().end_time()), "2024-01-31T15:00:00Z");
}

TEST_F(CommandsTest, QueryPrintsTheAnswerInEveryForm) {
  AddSurvey("nps");
  v1::QueryMetricResponse response;
  response.add_buckets();
  v1::MetricValue& point = *response.add_series()->add_points();
  point.set_value(30);
  point.set_answers(10);
  response.mutable_method_info()->set_method(v1::METRIC_METHOD_NET_PROMOTER);
  response.mutable_method_info()->set_granularity(v1::GRANULARITY_NONE);
  response.mutable_method_info()->set_time_zone("Europe/Berlin");
  response.set_sequence(7);
  server_.SetMetric(response);
  const ChairctlResult json = Run({"metric", "query", "nps", "--output", "json"});
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      FromJson<v1::QueryMetricResponse>(json.out), response));
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"sequence\": \"7\""), Not(HasSubstr("\"low\""))));
  const ChairctlResult csv = Run({"metric", "query", "nps", "--output", "csv"});
  EXPECT_THAT(csv.out, AllOf(StartsWith("bucket_start,bucket_end,value,low"),
                             HasSubstr("\n,,30,,,,10,0,,,,,false,0,false,,,\n")));
  const ChairctlResult table = Run({"metric", "query", "nps", "--window", "2024"});
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("window: 2024-01-01 to 2025-01-01, end not included, Europe/Berlin"),
                    HasSubstr("30.00"), HasSubstr("–")));
}

TEST_F(CommandsTest, StatusPrintsTheAnswerInEveryForm) {
  v1::GetStatusResponse status;
  status.set_version("0.1.0");
  status.mutable_uptime()->set_seconds(3723);
  status.set_feedback_count(12);
  v1::SeriesOverflow& overflow = *status.add_series_overflows();
  overflow.set_survey_id("nps");
  overflow.set_max_series(10);
  overflow.set_feedback_count(3);
  server_.SetStatus(status);
  const ChairctlResult json = Run({"admin", "status", "--output", "json"});
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      FromJson<v1::GetStatusResponse>(json.out), status));
  const std::vector<std::string> csv =
      absl::StrSplit(Run({"admin", "status", "--output", "csv"}).out, '\n');
  ASSERT_THAT(csv, SizeIs(3));
  EXPECT_THAT(csv[0], StartsWith("version,store_id,uptime_seconds,sequence,surveys,feedback,"));
  EXPECT_THAT(csv[1], StartsWith("0.1.0,,3723,0,0,12,"));
  EXPECT_THAT(Run({"admin", "status"}).out,
              AllOf(HasSubstr("1h2m3s\n"), HasSubstr("3 answers count as (other)")));
}

}  // namespace
}  // namespace emptychair
