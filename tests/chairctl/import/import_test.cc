// `chairctl feedback import` against a service in the test's process.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/import/import_command_test.h"
#include "tests/helpers/feedback_fields.h"

namespace emptychair {
namespace {

using ::emptychair::testing::FieldsOfCallers;
using ::emptychair::testing::MissingFields;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(ImportTest, HasAColumnForEveryField) {
  std::map<std::string, std::string> columns;
  for (const auto* field : FieldsOfCallers()) {
    columns[field->name()] = "1";
  }
  columns.erase("labels");
  columns["survey_id"] = "nps";
  columns["label.channel"] = "web";
  columns["exclusion"] = "staff";
  columns["occur_time"] = "2024-01-31";
  columns["feedback_id"] = "018d5f2a-0000-7000-8000-000000000000";
  std::string header;
  std::string row;
  for (const auto& [column, value] : columns) {
    absl::StrAppend(&header, header.empty() ? "" : ",", column);
    absl::StrAppend(&row, row.empty() ? "" : ",", value);
  }
  const ChairctlResult result = Import(absl::StrCat(header, "\n", row, "\n"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(MissingFields(server_.feedback().at(0)), IsEmpty());
  EXPECT_EQ(server_.feedback().at(0).exclusion().reason(), v1::EXCLUSION_REASON_STAFF);
}

TEST_F(ImportTest, StoresRowsOnceHoweverOftenItRuns) {
  const std::string csv =
      "When,Rating,label.channel\n2024-01-31,9,web\n2024-01-31,9,web\n2024-01-31 10:00,NA,\n";
  const std::vector<std::string> maps = {"--map",           "score=Rating", "--map",
                                         "occur_time=When", "--blank",      "NA"};
  EXPECT_EQ(Import(csv, maps).out, Summary(3, 0, 0, 0, 0));
  EXPECT_EQ(Import(csv, maps).out, Summary(0, 3, 0, 0, 0));
}

TEST_F(ImportTest, TellsJsonByTheNameOfAnEmptyFile) {
  const TemporaryFile empty("answers.jsonl", " \n");
  const ChairctlResult result = chairctl_.Run({"feedback", "import", "nps", empty.path()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("no objects"));
}

TEST_F(ImportTest, KeepsRejectedObjectsAsJson) {
  const TemporaryFile file("answers.txt",
                           "{\"external_id\": \"1\", \"score\": 9, \"occur_time\": "
                           "\"2024-01-31\", \"labels\": {\"channel\": \"web\"}}\n"
                           "{\"score\": 99, \"occur_time\": \"2024-01-31\"}\n");
  const TemporaryFile rejects("rejects.jsonl", "");
  const ChairctlResult result = chairctl_.Run(
      {"feedback", "import", "nps", file.path(), "--rejects", rejects.path(), "--import-id", "i"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out,
            "2 rows read: 1 accepted, 0 already existed, 0 updated, 1 rejected, 0 skipped\n"
            "import id: i\n");
  const auto rejected = FromJson<google::protobuf::Struct>(rejects.Read());
  EXPECT_EQ(rejected.fields().at("error_line").number_value(), 2);
  EXPECT_THAT(rejected.fields().at("external_id").string_value(), StartsWith("import-row-"));
}

TEST_F(ImportTest, FailsForAFileThatIsNotThere) {
  ChairctlResult result = chairctl_.Run({"feedback", "import", "nps", "/does/not/exist.csv"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("/does/not/exist.csv"));
  EXPECT_EQ(chairctl_.Run({"feedback", "import", "nps", "/"}).exit_code, 1);
  EXPECT_EQ(Import(Rows(1), {"--rejects", "/does/not/exist.csv"}).exit_code, 1);
  EXPECT_EQ(Import("", {"--format", "jsonl"}).exit_code, 2);
  EXPECT_THAT(server_.batch_sizes(), IsEmpty());
}

TEST_F(ImportTest, NeverOverwritesItsOwnFile) {
  const TemporaryFile file("answers.csv", Rows(1));
  EXPECT_NE(
      chairctl_.Run({"feedback", "import", "nps", file.path(), "--rejects", file.path()}).exit_code,
      0);
  EXPECT_EQ(file.Read(), Rows(1));
}

TEST_F(ImportTest, SendsNothingForASurveyThatIsNotThere) {
  const TemporaryFile file("answers.csv", Rows(1));
  EXPECT_EQ(chairctl_.Run({"feedback", "import", "none", file.path()}).exit_code, 69);
  EXPECT_THAT(server_.batch_sizes(), IsEmpty());
}

TEST_F(ImportTest, CountsEveryFate) {
  ASSERT_EQ(Import("external_id,score,occur_time\n2,9,2024-01-31\n3,8,2024-01-31\n").exit_code, 0);
  const ChairctlResult result = Import(
      "external_id,score,occur_time,S\n1,9,2024-01-31,a\n2,9,2024-01-31,a\n3,9,2024-01-31,a\n"
      "4,11,2024-01-31,a\n5,x,2024-01-31,a\n6,9,2024-01-31\n7,9,2024-01-31,b\n,,,\n",
      {"--where", "S=a"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, Summary(1, 1, 0, 4, 1));
  for (const char* line :
       {"line 4: CONTENT_DIFFERS: ", "line 5: SCORE_OUT_OF_RANGE: score: is 11",
        "line 6: FIELD_INVALID: score: is \"x\"", "line 7: FIELD_INVALID: row: has 3 fields"}) {
    EXPECT_THAT(result.err, HasSubstr(line));
  }
  EXPECT_THAT(result.err, HasSubstr("rejected scores: \"11\" (1), \"x\" (1)\n"));
}

TEST_F(ImportTest, SendsBatchesOfTheSizeThatIsAskedForUnderItsId) {
  EXPECT_EQ(Import(Rows(25), {"--batch-size", "10"}).out, Summary(25, 0, 0, 0, 0));
  EXPECT_THAT(server_.batch_sizes(), ElementsAre(10, 10, 5));
  EXPECT_THAT(server_.import_ids(), ElementsAre("i", "i", "i"));
  chairctl_.standard_input = Rows(1);
  const ChairctlResult made_up =
      chairctl_.Run({"feedback", "import", "nps", "-", "--output", "csv"});
  EXPECT_THAT(made_up.out, MatchesRegex("read,accepted,already_existed,updated,rejected,skipped,"
                                        "import_id\n1,0,1,0,0,0,20240131T112000Z-[0-9a-f]{8}\n"));
}

TEST_F(ImportTest, KeepsBatchesBelowTheLimitOfBytes) {
  std::string text = "external_id,score,occur_time,comment\n";
  const std::string comment(16 << 10, 'x');
  for (int i = 0; i < 150; ++i) {
    absl::StrAppend(&text, i, ",9,2024-01-31,", comment, "\n");
  }
  absl::StrAppend(&text, "large,9,2024-01-31,", std::string(600'000, 'x'), "\n");
  const ChairctlResult result = Import(text);
  EXPECT_EQ(result.out, Summary(150, 0, 0, 1, 0));
  EXPECT_THAT(result.err, HasSubstr("line 152: FIELD_INVALID: row: makes a record of more"));
  EXPECT_THAT(server_.batch_sizes(), ElementsAre(60, 60, 30));
}

TEST_F(ImportTest, ReportsRejectedRowsInTheOrderOfTheFile) {
  ASSERT_EQ(Import("external_id,score,occur_time\n2,1,2024-01-31\n4,1,2024-01-31\n").exit_code, 0);
  const ChairctlResult result = Import(
      "external_id,score,occur_time\n1,x,2024-01-31\n2,9,2024-01-31\n3,y,2024-01-31\n"
      "4,9,2024-01-31\n5,9,2024-01-31\n6,z,2024-01-31\n",
      {"--batch-size", "2"});
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(result.err, '\n')) {
    if (absl::StartsWith(line, "line ") && !absl::StartsWith(line, "line ends")) {
      lines.emplace_back(line.substr(0, line.find(':')));
    }
  }
  EXPECT_THAT(lines, ElementsAre("line 2", "line 3", "line 4", "line 5", "line 7"));
}

TEST_F(ImportTest, ShowsTheFirstHundredRejectsAndCountsTheRest) {
  std::string text = "external_id,score,occur_time\n";
  for (int i = 0; i < 150; ++i) {
    absl::StrAppend(&text, i, ",x,2024-01-31\n");
  }
  const TemporaryFile rejects("rejects.csv", "old\n");
  const ChairctlResult result = Import(text, {"--rejects", rejects.path(), "--allow-rejects"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("line 101: "), Not(HasSubstr("line 102: ")),
                                HasSubstr("and 50 more rejected rows\n"),
                                HasSubstr("rejected scores: \"x\" (150)\n")));
  EXPECT_THAT(rejects.Read(),
              AllOf(StartsWith("external_id,score,occur_time,error_line,error_reason\n"),
                    HasSubstr("149,x,2024-01-31,151,\"FIELD_INVALID: ")));
}

TEST_F(ImportTest, MendedRejectsAreNewAnswersUnlessTheyWereStoredAlready) {
  const TemporaryFile rejects("rejects.csv", "");
  const std::string text =
      "score,occur_time,channel\n9,2024-01-31,a\n9,2024-01-31,a\n"
      "nine,2024-01-31,a\n";
  ASSERT_EQ(Import(text, {"--rejects", rejects.path()}).exit_code, 1);
  std::string mended = rejects.Read();
  EXPECT_THAT(mended, HasSubstr("nine,2024-01-31,a,import-row-"));
  mended.replace(mended.find("nine"), 4, "9");
  EXPECT_EQ(Import(mended).out, Summary(1, 0, 0, 0, 0));
  EXPECT_EQ(Import(mended).out, Summary(0, 1, 0, 0, 0));
  EXPECT_THAT(server_.feedback(), SizeIs(3));
  // Other labels under the same derived id: the row keeps it.
  ASSERT_EQ(
      Import("score,occur_time,channel\n9,2024-01-31,b\n", {"--rejects", rejects.path()}).exit_code,
      1);
  EXPECT_THAT(rejects.Read(), HasSubstr(server_.feedback()[0].external_id()));
}

TEST_F(ImportTest, RejectedRowsKeepTheIdThatTheySay) {
  const TemporaryFile rejects("rejects.csv", "");
  const std::vector<std::string> flags = {"--rejects", rejects.path()};
  ASSERT_EQ(Import("score,external_id,occur_time\nnine,A1,2024-01-31\n", flags).exit_code, 1);
  EXPECT_THAT(rejects.Read(), HasSubstr("nine,A1,2024-01-31,2,"));
  // A cell too many, the id in front of it.
  ASSERT_EQ(Import("external_id,score,occur_time,comment\nA2,9,2024-01-31,good, really\n", flags)
                .exit_code,
            1);
  EXPECT_THAT(rejects.Read(), HasSubstr("A2,9,2024-01-31,\"good, really\",2,"));
  // The key says the id again once the row is mended.
  ASSERT_EQ(Import("score,Who,occur_time\nnine,w,2024-01-31\n",
                   {"--rejects", rejects.path(), "--id-from", "Who"})
                .exit_code,
            1);
  EXPECT_THAT(rejects.Read(), HasSubstr("nine,w,2024-01-31,,2,"));
  ASSERT_EQ(
      Import("score,feedback_id\nnine,018d5f2a-0000-7000-8000-000000000000\n", flags).exit_code, 1);
  EXPECT_THAT(rejects.Read(), HasSubstr("nine,018d5f2a-0000-7000-8000-000000000000,,2,"));
}

TEST_F(ImportTest, RejectedObjectsAreAsTheyWere) {
  const TemporaryFile file(
      "answers.json",
      "[{\"ticket\": 1234567890123456789, \"n\": {\"a\": [1, \"}\\\"\"]},\n \"score\": 1.50,\n"
      "\"error_line\": 7, \"external_id\": \"\", \"occur_time\": \"2024-01-31\"}, {}, 7]");
  const TemporaryFile rejects("rejects.jsonl", "");
  ASSERT_EQ(chairctl_.Run({"feedback", "import", "nps", file.path(), "--rejects", rejects.path()})
                .exit_code,
            1);
  EXPECT_THAT(
      rejects.Read(),
      MatchesRegex(
          "\\{\"ticket\": 1234567890123456789,\"n\": \\{\"a\": \\[1, \"\\}\\\\\"\"\\]\\},"
          "\"score\": 1.50,\"occur_time\": \"2024-01-31\",\"external_id\":\"import-row-[^\n]*"
          "\"error_line\":1,\"error_reason\":\"[^\n]*\n"
          "\\{\"line\":\"7\",[^\n]*\n"));
}

TEST_F(ImportTest, SaysHowManyRowsHaveNoTimeOfTheirOwn) {
  const ChairctlResult result = Import("external_id,score,occur_time\n1,9,\n2,9,2024-01-31\n",
                                       {"--set", "occur_time=2024-02-01"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("without time: 1 of the first 2 rows\n"));
}

TEST_F(ImportTest, WaitsForAServerThatIsAwayAndSaysSoOnce) {
  server_.FailNextBatches(std::vector<absl::Status>(20, absl::UnavailableError("away")));
  const ChairctlResult result = Import(Rows(30), {"--batch-size", "10"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, Summary(30, 0, 0, 0, 0));
  EXPECT_THAT(chairctl_.slept, SizeIs(20));
  const size_t said = result.err.find("the server is away (UNAVAILABLE: away)");
  ASSERT_NE(said, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("the server is away", said + 1), std::string::npos);
}

TEST_F(ImportTest, ObeysAServerThatAsksForTimeWithoutAWord) {
  server_.FailNextBatches({RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(3))});
  const ChairctlResult result = Import(Rows(5));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_THAT(chairctl_.slept, SizeIs(1));
  EXPECT_GE(chairctl_.slept[0], absl::Seconds(3));
  EXPECT_THAT(result.err, Not(HasSubstr("away")));
}

TEST_F(ImportTest, GivesUpAfterMinutesAndSaysWhatIsSettled) {
  const std::string text = "external_id,score,occur_time\n0,x,2024-01-31\n1,9,2024-01-31\n";
  server_.FailNextBatches(std::vector<absl::Status>(1000, absl::UnavailableError("away")));
  const ChairctlResult result = Import(text);
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.out, Summary(0, 0, 0, 1, 0));
  EXPECT_THAT(result.err, AllOf(HasSubstr("chairctl: UNAVAILABLE: away\n"),
                                HasSubstr("up to line 2 are settled"), Not(HasSubstr("line 3:"))));
  absl::Duration waited;
  for (const absl::Duration slept : chairctl_.slept) {
    waited += slept;
  }
  EXPECT_GE(waited, absl::Minutes(2));
}

TEST_F(ImportTest, StopsAtAnErrorThatNoWaitingMends) {
  server_.FailNextBatches({absl::ResourceExhaustedError("message too large")});
  const ChairctlResult result = Import(Rows(5));
  EXPECT_EQ(result.exit_code, 72);
  EXPECT_THAT(chairctl_.slept, IsEmpty());
  EXPECT_EQ(result.out, Summary(0, 0, 0, 0, 0));
}

TEST_F(ImportTest, SaysItsPlanBeforeItSends) {
  const ChairctlResult result = Import(
      "External ID;Score;occur_time;channel;Agent;etag\r\n1;9;2024-01-31;web;7;x\r\n"
      "2;;2024-01-31;web;7;x\r\n",
      {"--time-zone", "America/Denver"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* fact :
       {"column: \"External ID\" is external_id (name but for case)\n",
        "column: \"occur_time\" is occur_time (name)\n",
        "column: \"channel\" is label.channel (dimension)\n", "columns not used: \"Agent\"\n",
        "columns left out: \"etag\"\n", "form: csv\n", "delimiter: ;\n", "encoding: utf-8\n",
        "line ends: CRLF\n", "time zone: America/Denver (--time-zone)\n",
        "ids: given by \"External ID\"", "without score: 1 of the first 2 rows\n",
        "flag: --time-zone America/Denver\n"}) {
    EXPECT_THAT(result.err, HasSubstr(fact));
  }
  chairctl_.is_terminal = true;
  EXPECT_THAT(Import("score;occur_time\n9;2024-01-31\n").err,
              AllOf(HasSubstr("field       column"), HasSubstr("derived from \"score\""),
                    HasSubstr("Europe/Berlin (of the survey)")));
}

TEST_F(ImportTest, ADryRunSendsNothingAndCountsTheWholeFile) {
  const ChairctlResult result = Import(
      "external_id,score,occur_time,S\n1,9,2024-01-31,a\n2,x,2024-01-31,a\n"
      "3,9,2024-01-31,b\n",
      {"--dry-run", "--where", "S=a"});
  EXPECT_EQ(result.exit_code, 1);
  const auto plan = FromJson<google::protobuf::Struct>(result.out);
  EXPECT_EQ(plan.fields().at("read").number_value(), 3);
  EXPECT_EQ(plan.fields().at("rejected").number_value(), 1);
  EXPECT_EQ(plan.fields().at("skipped").number_value(), 1);
  EXPECT_EQ(plan.fields().at("columns").list_value().values_size(), 3);
  EXPECT_EQ(plan.fields().at("unused").list_value().values_size(), 0);
  EXPECT_THAT(server_.batch_sizes(), IsEmpty());
  EXPECT_EQ(Import(Rows(3), {"--dry-run"}).exit_code, 0);
  const TemporaryFile file("answers.csv", Rows(3));
  const std::vector<std::string> arguments = {"feedback", "import", "nps", file.path(),
                                              "--dry-run"};
  EXPECT_THAT(chairctl_.Run(arguments).out,
              AllOf(HasSubstr("delimiter: ,\n"), HasSubstr("read: 3\n")));
  chairctl_.variables["EMPTYCHAIR_OUTPUT"] = "csv";
  EXPECT_THAT(
      chairctl_.Run(arguments).out,
      AllOf(StartsWith("fact,value\n"), HasSubstr("delimiter,\",\"\n"), HasSubstr("read,3\n")));
}

TEST_F(ImportTest, RefusesWhatItDoesNotUnderstandAndStoresNothing) {
  const struct {
    const char* text;
    std::vector<std::string> flags;
    const char* message;
  } cases[] = {
      {"external_id,Rating,occur_time\n1,9,2024-01-31\n", {}, "--no-score"},
      {"external_id,score\n1,9\n", {}, "--set occur_time="},
      {"external_id,Score,SCORE,occur_time\n1,9,2,2024-01-31\n", {}, "two columns for score"},
      {"external_id,score,occur_time\n1,9,x\n", {"--map", "comment=c"}, "\"occur_time\""},
      {"external_id,score,occur_time\n1,9,x\n", {"--time-zone", "Mars/Base"}, "Mars/Base"},
      {"external_id,score,occur_time\n1,9,x\n", {"--time-format", "%Z"}, "--time-format"},
      {"external_id,score,occur_time\n1,9,x\n", {"--encoding", "klingon"}, "klingon"},
      {"external_id,score,occur_time\n\xFC,9,x\n", {}, "line 2"},
      {"{\"external_id\":\"1\",\"Scoer\":9,\"occur_time\":\"2024-01-31\"}\n",
       {"--map", "score=Score"},
       "\"Scoer\""},
      {"external_id,score,occur_time\n1,9,x\n", {"--preset", "nobody"}, "qualtrics"},
  };
  for (const auto& c : cases) {
    const ChairctlResult result = Import(c.text, c.flags);
    EXPECT_EQ(result.exit_code, 2) << c.text;
    EXPECT_THAT(result.err, HasSubstr(c.message));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_THAT(server_.batch_sizes(), IsEmpty());
}

TEST_F(ImportTest, SaysWhenThereWasNothingToDo) {
  ChairctlResult result = Import("external_id,score,occur_time\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("no rows; nothing was stored"));
  result = Import(Rows(2), {"--where", "external_id=x"});
  EXPECT_EQ(result.out, Summary(0, 0, 0, 0, 2));
  EXPECT_THAT(result.err, HasSubstr("no row was left by --where"));
  EXPECT_THAT(Import("[]").err, HasSubstr("no objects"));
  EXPECT_EQ(Import("").exit_code, 2);
}

TEST_F(ImportTest, RefusesAFileThatWasImportedWithOtherColumns) {
  const std::string text =
      "score,occur_time,Remark\n9,2024-01-31 10:00,good\n"
      "3,2024-01-31 11:00,slow\n10,2024-01-31 12:00,\n";
  ASSERT_EQ(Import(text).exit_code, 0);
  const ChairctlResult result = Import(text, {"--map", "comment=Remark"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--source NAME"));
  EXPECT_EQ(Import(text, {"--id-from", "Remark"}).exit_code, 2);
  EXPECT_THAT(server_.feedback(), SizeIs(3));
  EXPECT_EQ(Import(text, {"--map", "comment=Remark", "--source", "other"}).out,
            Summary(3, 0, 0, 0, 0));
  // Files that have grown, also by answers of the same moment and score.
  ASSERT_EQ(Import("score,occur_time,comment\n8,2024-01-01,a\n").exit_code, 0);
  EXPECT_EQ(
      Import("score,occur_time,comment\n8,2024-01-01,a\n8,2024-01-01,b\n8,2024-01-01,c\n").out,
      Summary(2, 1, 0, 0, 0));
  EXPECT_EQ(Import(text + "9,2024-01-31 10:00,new\n").out, Summary(1, 3, 0, 0, 0));
}

TEST_F(ImportTest, UpdatesWhatTheFileHasAValueFor) {
  const std::string id = "018d5f2a-0000-7000-8000-00000000000";
  ASSERT_EQ(Import(absl::StrCat("feedback_id,score,occur_time,label.channel,label.plan\n", id,
                                "1,9,,web,a\n", id, "2,3,,app,a\n", id, "3,7,,web,a\n"))
                .exit_code,
            0);
  const std::string corrected =
      absl::StrCat("feedback_id,score,occur_time,comment,channel\n", id, "1,9,,,\n", id,
                   "2,8,,why,\n", id, "3,,,,email\n", id, "4,10,,,\n");
  EXPECT_EQ(Import(corrected, {"--update", "--set", "label.plan=b"}).out, Summary(1, 1, 2, 0, 0));
  const std::vector<v1::Feedback> stored = server_.feedback();
  EXPECT_EQ(stored[0].labels().at("plan"), "a");
  EXPECT_EQ(stored[1].score(), 8);
  EXPECT_EQ(stored[1].comment(), "why");
  EXPECT_EQ(stored[1].labels().at("channel"), "app");
  EXPECT_EQ(stored[2].score(), 7);
  EXPECT_EQ(stored[2].labels().at("channel"), "email");
  EXPECT_EQ(stored[3].labels().at("plan"), "b");
  const int amended = server_.calls("AmendFeedback");
  EXPECT_EQ(Import(corrected, {"--update", "--set", "label.plan=b"}).out, Summary(0, 4, 0, 0, 0));
  EXPECT_EQ(server_.calls("AmendFeedback"), amended);
}

TEST_F(ImportTest, NeverUpdatesTimeOrCustomer) {
  ASSERT_EQ(Import("external_id,score,occur_time,customer_id\n1,9,2024-01-31,c\n"
                   "2,9,2024-01-31,c\n")
                .exit_code,
            0);
  const ChairctlResult result =
      Import("external_id,score,occur_time,customer_id\n1,8,2024-01-30,c\n2,8,2024-01-31,d\n",
             {"--update"});
  EXPECT_EQ(result.out, Summary(0, 0, 0, 2, 0));
  EXPECT_THAT(result.err, AllOf(HasSubstr("another time"), HasSubstr("another customer")));
}

TEST_F(ImportTest, ReadsColumnsOfJsonThatTurnUpLate) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    absl::StrAppend(&text, "{\"external_id\":\"", i,
                    "\",\"score\":9,\"occur_time\":\"2024-01-31T00:00:00Z\"}\n");
  }
  text +=
      "{\"external_id\":\"late\",\"occur_time\":\"2024-01-31\",\"comment\":\"c\",\"Agent\":1,"
      "\"labels\":{\"channel\":\"web\"}}\n";
  const ChairctlResult result = Import(text);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(server_.feedback().back().comment(), "c");
  EXPECT_EQ(server_.feedback().back().labels().at("channel"), "web");
  EXPECT_THAT(result.err, HasSubstr("not used: \"Agent\", first in line 3001\n"));
}

TEST_F(ImportTest, ShowsProgressOnATerminalAlone) {
  EXPECT_THAT(Import(Rows(3000)).err, Not(HasSubstr("rows read")));
  chairctl_.is_terminal = true;
  EXPECT_THAT(Import(Rows(3000)).err, HasSubstr("rows read, 0 accepted, 3000 already existed"));
}

}  // namespace
}  // namespace emptychair
