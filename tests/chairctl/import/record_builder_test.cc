#include "tools/chairctl/import/record_builder.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "emptychair/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/import/reader_harness.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/import/odd_values.h"
#include "tools/chairctl/import/understanding.h"
#include "tools/chairctl/targets/feedback_target.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Flags = std::vector<std::pair<std::string, std::string>>;

v1::Survey Nps() {
  v1::Survey survey;
  survey.set_survey_id("nps");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.mutable_scale()->set_max(10);
  survey.add_dimensions("channel");
  return survey;
}

// What becomes of the rows of `text`, or of the file as a whole.
std::vector<BuiltRecord> Build(const std::string& text, const Flags& flags = {},
                               const v1::Survey& survey = Nps()) {
  const ImportRules rules = RulesOf(flags);
  const auto file = OpenText(text, rules);
  const std::vector<Row> rows = ReadFirstRows(*file->reader);
  const FeedbackTarget target(survey, *FindZone("Europe/Berlin"));
  const ColumnMatcher matcher(rules, target.dimensions());
  auto layout = FindLayout(rules, target, matcher, file->reader->columns());
  EXPECT_TRUE(layout.ok()) << layout.status();
  auto builder = target.MakeBuilder(rules, *std::move(layout));
  EXPECT_TRUE(builder.ok()) << builder.status();
  std::vector<BuiltRecord> records;
  for (const Row& row : rows) {
    (*builder)->Build(row, records.emplace_back());
  }
  return records;
}

std::vector<std::string> Ids(const std::string& text, const Flags& flags = {}) {
  std::vector<std::string> ids;
  for (const BuiltRecord& record : Build(text, flags)) {
    ids.push_back(record.feedback().external_id());
  }
  return ids;
}

// Why the file is refused as a whole.
std::string Refusal(const std::string& text, const Flags& flags = {},
                    const v1::Survey& survey = Nps()) {
  const ImportRules rules = RulesOf(flags);
  const auto file = OpenText(text, rules);
  const std::vector<Row> rows = ReadFirstRows(*file->reader);
  const FeedbackTarget target(survey, absl::UTCTimeZone());
  const ColumnMatcher matcher(rules, target.dimensions());
  auto layout = FindLayout(rules, target, matcher, file->reader->columns());
  if (!layout.ok()) {
    return std::string(layout.status().message());
  }
  const auto builder = target.MakeBuilder(rules, *std::move(layout));
  if (!builder.ok()) {
    return std::string(builder.status().message());
  }
  return std::string(LookAtFirstRows(target, **builder, rows).status().message());
}

TEST(RecordBuilder, FillsTheFieldsOfTheRecord) {
  const auto records = Build(
      "external_id,feedback_id,customer_id,score,comment,occur_time,label.channel,labels,exclusion,"
      "exclusion_note,exclusion_time,survey_id\n"
      " t-1 ,018d5f2a-0000-7000-8000-000000000000, c,\"9,0\", fine ,2024-01-31 12:00, web ,"
      "\"{\"\"plan\"\":\"\" gold\"\"}\",staff, why ,2024-02-01,nps\n");
  ASSERT_THAT(records, SizeIs(1));
  ASSERT_TRUE(records[0].status.ok()) << records[0].status;
  const v1::Feedback& feedback = records[0].feedback();
  EXPECT_EQ(feedback.survey_id(), "nps");
  EXPECT_EQ(feedback.external_id(), "t-1");
  EXPECT_EQ(feedback.feedback_id(), "018d5f2a-0000-7000-8000-000000000000");
  EXPECT_EQ(feedback.customer_id(), "c");
  EXPECT_EQ(feedback.score(), 9);
  EXPECT_EQ(feedback.comment(), " fine ");
  EXPECT_EQ(FromTimestamp(feedback.occur_time()), absl::FromUnixSeconds(1'706'698'800));
  EXPECT_EQ(feedback.labels().at("channel"), "web");
  EXPECT_EQ(feedback.labels().at("plan"), "gold");
  EXPECT_EQ(feedback.exclusion().reason(), v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(feedback.exclusion().note(), " why ");
  EXPECT_EQ(FromTimestamp(feedback.exclusion().time()), absl::FromUnixSeconds(1'706'742'000));
}

TEST(RecordBuilder, LeavesOutWhatIsBlankOrSaidToBe) {
  const auto records = Build(
      "external_id,score,occur_time,customer_id,label.channel\n1, ,2024-01-31,NULL,\xE2\x80\x8B\n",
      {{"blank", "NULL"}});
  ASSERT_TRUE(records[0].status.ok()) << records[0].status;
  EXPECT_FALSE(records[0].feedback().has_score());
  EXPECT_EQ(records[0].feedback().customer_id(), "");
  EXPECT_THAT(records[0].feedback().labels(), IsEmpty());
}

TEST(RecordBuilder, RejectsWhatCannotBeRead) {
  const struct {
    const char* row;
    v1::ErrorReason reason;
    const char* message;
  } cases[] = {
      {"1,nine,2024-01-31,", v1::ERROR_REASON_FIELD_INVALID, "score: is \"nine\""},
      {"1,11,2024-01-31,", v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "score: is 11; wanted 0 to 10"},
      {"1,9,,", v1::ERROR_REASON_FIELD_REQUIRED, "occur_time: is empty"},
      {"1,9,yesterday,", v1::ERROR_REASON_FIELD_INVALID, "occur_time: is \"yesterday\""},
      {"1,9,2024-01-31,boss", v1::ERROR_REASON_FIELD_INVALID, "exclusion: is \"boss\""},
  };
  for (const auto& c : cases) {
    const auto records = Build(absl::StrCat("external_id,score,occur_time,exclusion\n", c.row));
    EXPECT_EQ(ReasonOf(records[0].status), c.reason) << c.row;
    EXPECT_THAT(records[0].status.message(), HasSubstr(c.message)) << c.row;
  }
  const auto lists = Build("{\"external_id\":[1],\"score\":9,\"occur_time\":\"2024-01-31\"}");
  EXPECT_THAT(lists[0].status.message(), HasSubstr("external_id: is no plain value"));
}

TEST(RecordBuilder, ReadsWordsForWhatTheyStandFor) {
  const auto records = Build(
      "external_id,score,occur_time,label.channel\n"
      "1, EXTREMELY likely - 10,2024-01-31,Via Web\n2,3,2024-01-31,x\n",
      {{"value", "score:Extremely likely - 10=10"}, {"value", "label.channel:via web=web"}});
  EXPECT_EQ(records[0].feedback().score(), 10);
  EXPECT_EQ(records[0].feedback().labels().at("channel"), "web");
  EXPECT_EQ(records[1].feedback().score(), 3);
  EXPECT_EQ(records[1].feedback().labels().at("channel"), "x");
}

TEST(RecordBuilder, PutsConstantsWhereARowHasNone) {
  const auto records = Build(
      "external_id,score,occur_time,channel,comment\n1,9,,app,\n2,9,2024-01-31,,x\n",
      {{"set", "label.channel=email"}, {"set", "comment=none"}, {"set", "occur_time=2024-02-01"}});
  EXPECT_EQ(records[0].feedback().labels().at("channel"), "app");
  EXPECT_EQ(records[0].feedback().comment(), "none");
  EXPECT_EQ(FromTimestamp(records[0].feedback().occur_time()),
            absl::FromUnixSeconds(1'706'742'000));
  EXPECT_EQ(records[0].constants, 0b110u);
  EXPECT_EQ(records[1].feedback().labels().at("channel"), "email");
  EXPECT_EQ(records[1].constants, 0b001u);
}

TEST(RecordBuilder, GivesNoTimeBesideAnIdThatHasOneOrForNow) {
  const auto with_id = Build("feedback_id,score\n018d5f2a-0000-7000-8000-000000000000,9\n",
                             {{"set", "occur_time=2024-02-01"}});
  ASSERT_TRUE(with_id[0].status.ok()) << with_id[0].status;
  EXPECT_FALSE(with_id[0].feedback().has_occur_time());
  const auto now = Build("external_id,score\n1,9\n", {{"set", "occur_time=now"}});
  EXPECT_FALSE(now[0].feedback().has_occur_time());
  EXPECT_TRUE(now[0].status.ok());
}

TEST(RecordBuilder, PutsDateAndTimeTogether) {
  const auto records = Build("external_id,score,D,T\n1,9,2024-01-31,12:00\n",
                             {{"map", "occur_time=D"}, {"map", "occur_time=T"}});
  EXPECT_EQ(FromTimestamp(records[0].feedback().occur_time()),
            absl::FromUnixSeconds(1'706'698'800));
}

TEST(RecordBuilder, SkipsRowsThatDoNotFitTheConditions) {
  const std::string text =
      "external_id,score,occur_time,S,F\n1,9,2024-01-31,a,x\n2,9,2024-01-31,b,x\n"
      "3,9,2024-01-31, c ,x\n4,bad,,a,y\n";
  std::vector<std::string> taken;
  for (const BuiltRecord& record :
       Build(text, {{"where", "S=a"}, {"where", "S=c"}, {"where", "F!=y"}, {"where", "F!=z"}})) {
    if (!record.is_skipped) {
      EXPECT_TRUE(record.status.ok()) << record.status;
      taken.push_back(record.feedback().external_id());
    }
  }
  EXPECT_THAT(taken, ElementsAre("1", "3"));
}

TEST(RecordBuilder, DerivesIdsFromTheAnswerAlone) {
  const std::vector<std::string> ids =
      Ids("score,occur_time,comment,Via\n9,2024-01-31 10:00,good,web\n9,2024-01-31 10:00,good,web\n"
          "3,2024-01-31 11:00,,app\n");
  EXPECT_THAT(ids[0], MatchesRegex("import-[0-9a-f]{32}"));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 3u);
  // Other forms, columns and orders of columns; labels.
  EXPECT_EQ(Ids("Via,channel,comment,occur_time,score\nx,a,good,2024-01-31T10:00:00,9.0\n"
                ",,good,2024-01-31T09:00:00Z,\"9,0\"\n,b,,2024-01-31 11:00, 3\n"),
            ids);
  // A file that has grown at its front.
  EXPECT_EQ(Ids("score,occur_time,comment\n1,2024-01-01,new\n9,2024-01-31 10:00,good\n")[1],
            ids[0]);
  EXPECT_EQ(
      Ids("score,occur_time,comment\nbad,2024-01-31 10:00,good\n9,2024-01-31 10:00,good\n")[1],
      ids[0]);
}

TEST(RecordBuilder, DerivesOtherIdsForAnythingElse) {
  std::set<std::string> ids;
  const std::string header = "score,occur_time,comment,customer_id\n";
  int count = 0;
  for (const char* row :
       {"9,2024-01-31,,", "8,2024-01-31,,", ",2024-01-31,,", "9,2024-02-01,,", "9,2024-01-31,x,",
        "9,2024-01-31,,x", ",2024-01-31,9,", "9,2024-01-31 00:00:00.001,,"}) {
    ids.insert(Ids(header + row)[0]);
    ids.insert(Ids(header + row, {{"source", "web"}})[0]);
    count += 2;
  }
  EXPECT_THAT(ids, SizeIs(count));
}

// The ids of files that were imported before must never change.
TEST(RecordBuilder, DerivesTheIdsThatItAlwaysHas) {
  EXPECT_THAT(Ids("score,occur_time,comment,customer_id\n9,2024-01-31,fine,c\n"
                  "9,2024-01-31,fine,c\n"),
              ElementsAre("import-9973a97ed98b3b5016ef538920efaad0",
                          "import-99e75222347079feba961b800598acb6"));
  EXPECT_THAT(Ids("score,occur_time,Who\n9,2024-01-31,u1\n", {{"id-from", "Who"}}),
              ElementsAre("import-8fbac0cf37255243645ced7b9e8e9fb6"));
}

TEST(RecordBuilder, DerivesIdsFromTheColumnsThatAreNamed) {
  const Flags flags = {{"id-from", "Who"}, {"id-from", "Where"}};
  const auto first = Ids("Who,Where,score,occur_time\na,b,9,2024-01-31\n", flags);
  EXPECT_EQ(Ids("Where,Who,score,occur_time\n b , a,3,2024-02-01\n", flags), first);
  EXPECT_NE(Ids("Who,Where,score,occur_time\nab,,9,2024-01-31\n", flags), first);
  const auto none = Build("Who,Where,score,occur_time\n, ,9,2024-01-31\n", flags);
  EXPECT_EQ(ReasonOf(none[0].status), v1::ERROR_REASON_ID_REQUIRED);
}

TEST(RecordBuilder, ReadsNumbersOfScoresForWhatTheyStandForHoweverWritten) {
  const auto records = Build(
      "external_id,score,occur_time\na,1.0,2024-01-31\nb,\"1,0\",2024-01-31\n"
      "c,2,2024-01-31\n",
      {{"value", "score:1=10"}, {"value", "score:2=0"}});
  EXPECT_EQ(records[0].feedback().score(), 10);
  EXPECT_EQ(records[1].feedback().score(), 10);
  EXPECT_EQ(records[2].feedback().score(), 0);
}

TEST(RecordBuilder, AColumnOfOneLabelSaysMoreThanOneOfAllWhereverItStands) {
  const std::string row = "{\"\"channel\"\":\"\"app\"\",\"\"plan\"\":\"\"gold\"\"}";
  for (const std::string& text :
       {absl::StrCat("external_id,score,occur_time,Agent,labels\n1,9,2024-01-31,web,\"", row,
                     "\"\n"),
        absl::StrCat("external_id,score,occur_time,labels,Agent\n1,9,2024-01-31,\"", row,
                     "\",web\n")}) {
    const auto records = Build(text, {{"map", "label.channel=Agent"}});
    ASSERT_TRUE(records[0].status.ok()) << records[0].status;
    EXPECT_EQ(records[0].feedback().labels().at("channel"), "web") << text;
    EXPECT_EQ(records[0].feedback().labels().at("plan"), "gold") << text;
  }
}

TEST(RecordBuilder, ComparesConditionsWithoutRegardToCase) {
  const auto records =
      Build("external_id,score,occur_time,Finished\n1,9,2024-01-31,FALSE\n2,9,2024-01-31,TRUE\n",
            {{"where", "Finished!=False"}});
  EXPECT_TRUE(records[0].is_skipped);
  EXPECT_FALSE(records[1].is_skipped);
}

TEST(RecordBuilder, RejectsHalfATime) {
  const auto records = Build("external_id,score,D,T\n1,9,2024-01-31,\n2,9,,10:00\n3,9,,\n",
                             {{"map", "occur_time=D"}, {"map", "occur_time=T"}});
  EXPECT_THAT(records[0].status.message(), HasSubstr("is \"2024-01-31\", of which 1 of its 2"));
  EXPECT_THAT(records[1].status.message(), HasSubstr("is \"10:00\", of which 1 of its 2"));
  EXPECT_THAT(records[2].status.message(), HasSubstr("occur_time: is empty"));
  EXPECT_FALSE(records[0].is_without_time);
  EXPECT_TRUE(records[2].is_without_time);
}

TEST(RecordBuilder, RejectsValuesWithoutATextInConditionsAndKeys) {
  const std::string row = ",\"score\":9,\"occur_time\":\"2024-01-31\",\"day\":\"x\"}\n";
  for (const char* ticket : {"1234567890123456789", "[1]", "{\"a\":1}"}) {
    const std::string text = absl::StrCat("{\"ticket\":", ticket, row);
    const auto keys = Build(text, {{"id-from", "ticket"}, {"id-from", "day"}});
    EXPECT_THAT(keys[0].status.message(), HasSubstr("--id-from: is ")) << ticket;
    const auto conditions = Build(text, {{"where", "ticket!=7"}});
    EXPECT_THAT(conditions[0].status.message(), HasSubstr("--where: is ")) << ticket;
  }
}

TEST(Layout, RefusesAFeedOfChanges) {
  const std::string names =
      "change,kind,feedback_id,external_id,survey_id,score,occur_time,receive_time,sequence\n";
  EXPECT_THAT(Refusal(names), HasSubstr("file: has changes, as feedback export --since"));
  EXPECT_EQ(Refusal("change,kind,external_id,score,occur_time\n"), "");
}

TEST(Layout, RefusesIdsOfAnswersWithoutATime) {
  const Flags now = {{"set", "occur_time=now"}};
  EXPECT_THAT(Refusal("score,comment\n", now), HasSubstr("external_id: has no column"));
  EXPECT_EQ(Refusal("score,comment,external_id\n", now), "");
  EXPECT_EQ(Refusal("score,comment,occur_time\n", now), "");
  EXPECT_EQ(Refusal("score,comment\n", {now[0], {"source", "monday"}}), "");
  EXPECT_EQ(Refusal("score,Who\n", {now[0], {"id-from", "Who"}}), "");
  EXPECT_EQ(Refusal("score\n", {{"set", "occur_time=2024-01-31"}}), "");
}

TEST(Layout, RefusesWhatIsNotUnderstood) {
  EXPECT_THAT(
      Refusal("external_id,Rating,occur_time\n"),
      AllOf(HasSubstr("score: has no column"), HasSubstr("\"Rating\""), HasSubstr("--no-score")));
  EXPECT_THAT(Refusal("external_id,score,Date\n"),
              AllOf(HasSubstr("occur_time: has no column"), HasSubstr("--set occur_time=")));
  EXPECT_THAT(Refusal("external_id,score,occur_time\n", {{"where", "State=x"}}),
              HasSubstr("--where: names the column \"State\""));
  EXPECT_THAT(Refusal("external_id,score,occur_time\n", {{"id-from", "Who"}}),
              HasSubstr("--id-from: names the column \"Who\""));
  EXPECT_THAT(Refusal("external_id,score,occur_time\n", {{"no-score", "true"}}),
              HasSubstr("--no-score: says"));
  EXPECT_THAT(Refusal("external_id,score\n", {{"set", "occur_time=soon"}}),
              HasSubstr("--set occur_time: is \"soon\""));
  v1::Survey text = Nps();
  text.set_kind(v1::SURVEY_KIND_TEXT);
  EXPECT_EQ(Refusal("external_id,comment,occur_time\n", {}, text), "");
  EXPECT_EQ(Refusal("feedback_id,score\n"), "");
}

TEST(Layout, RefusesAnswersOfAnotherSurveyUnlessTheyAreAskedFor) {
  const std::string text =
      "survey_id,external_id,score,occur_time\nnps,1,9,2024-01-31\nother,2,9,2024-01-31\n";
  EXPECT_THAT(Refusal(text), AllOf(HasSubstr("line 3"), HasSubstr("--where survey_id=other")));
  EXPECT_EQ(Refusal(text, {{"where", "survey_id=nps"}}), "");
  EXPECT_EQ(Refusal(text, {{"where", "survey_id=other"}}), "");
  EXPECT_EQ(Refusal(text, {{"where", "survey_id!=other"}}), "");
  EXPECT_THAT(Refusal(text, {{"where", "survey_id!=x"}}), HasSubstr("line 3"));
  EXPECT_EQ(Refusal("{\"surveyId\":\"other\",\"externalId\":\"1\",\"score\":9,"
                    "\"occurTime\":\"2024-01-31T00:00:00Z\"}",
                    {{"where", "survey_id=other"}}),
            "");
}

std::vector<std::string> Odd(const std::string& text, const Flags& flags = {}) {
  OddValues odd(Nps());
  for (const BuiltRecord& record : Build(text, flags)) {
    odd.Add(record.feedback(), record.id_origin == IdOrigin::kGiven);
  }
  return odd.Sentences();
}

TEST(OddValues, AreScoresThatStayInTheLowerHalf) {
  for (const int rows : {19, 20}) {
    for (const int top : {5, 6}) {
      std::string text = "external_id,score,occur_time\n";
      for (int i = 0; i < rows; ++i) {
        absl::StrAppend(&text, "s", i, ",", i == 7 ? top : 1, ",2024-01-31\n");
      }
      if (rows == 20 && top == 5) {
        EXPECT_THAT(Odd(text), ElementsAre("scores are 1..5 on a scale of 0..10"));
      } else {
        EXPECT_THAT(Odd(text), IsEmpty());
      }
    }
  }
}

TEST(OddValues, AreNamedWithHowOftenAndAnExample) {
  const std::string text =
      "external_id,score,occur_time,customer_id,label.channel\n"
      "1.23457E+17,9,2024-01-31,NULL,Web\n1.23457E+17,3,2024-01-31,NULL,n/a\n"
      "'00123,9,2024-01-31,'007,web\nx1,9,2024-01-31,c1,\\N\n";
  EXPECT_THAT(
      Odd(text),
      ElementsAre(
          "external_id was rounded by a spreadsheet in 2 rows: \"1.23457E+17\"",
          "1 external_id more than once, for example \"1.23457E+17\" in 2 rows",
          "customer_id looks empty in 2 rows: \"NULL\" (--blank NULL)",
          AllOf(StartsWith("label.channel looks empty in 1 row: "), HasSubstr("--blank '\\N'")),
          "label.channel looks empty in 1 row: \"n/a\" (--blank n/a)",
          AllOf(StartsWith("customer_id begins with an apostrophe in 1 row: "), HasSubstr("'007")),
          AllOf(StartsWith("external_id begins with an apostrophe"), HasSubstr("'00123")),
          "label.channel has values that differ by case alone: \"Web\", \"web\""));
  EXPECT_THAT(
      Odd("external_id,score,occur_time,customer_id\n2E5,9,2024-01-31,none\n", {{"blank", "none"}}),
      IsEmpty());
}

}  // namespace
}  // namespace emptychair
