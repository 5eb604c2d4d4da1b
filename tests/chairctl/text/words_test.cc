// `metric words`, against a service in the test's process.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/metric_answers.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tools/chairctl/text/words_output.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class WordsTest : public MetricCommandTest {
 protected:
  WordsTest() { server_.SetWords(SomeWords()); }

  ChairctlResult Words(const std::vector<std::string>& more) {
    return MetricOfSides("words", more);
  }
  ChairctlResult ByClass(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"nps", "--by-class"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Metric("words", arguments);
  }
};

TEST_F(WordsTest, SendsBothSidesAsTheFlagsSay) {
  const std::vector<std::string> flags = {"other",
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
                                          "latest",
                                          "--min-sample",
                                          "5",
                                          "--min-comments",
                                          "7",
                                          "--limit",
                                          "9",
                                          "--include-excluded"};
  const ChairctlResult result = Words(flags);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string common =
      R"("surveyIds": ["nps", "other"], "method": "METRIC_METHOD_TOP_BOX", "topBoxMin": 4,
         "respondentRule": "RESPONDENT_RULE_LATEST_PER_CUSTOMER", "minSample": 5,
         "includeExcluded": true, )";
  const auto want = FromJson<v1::CompareWordsRequest>(
      R"({"base": {)" + common +
      R"("interval": {"startTime": "2016-12-31T23:00:00Z", "endTime": "2017-12-31T23:00:00Z"},
          "filters": [{"key": "region", "values": ["EU"]},
                      {"key": "channel", "values": ["web"]}]},
          "candidate": {)" +
      common +
      R"("interval": {"startTime": "2017-12-31T23:00:00Z", "endTime": "2018-12-31T23:00:00Z"},
          "filters": [{"key": "region", "values": ["EU"]},
                      {"key": "channel", "values": ["web"], "negate": true}]},
          "minComments": 7, "limit": 9})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_words(), want))
      << server_.last_words().DebugString();
}

TEST_F(WordsTest, SendsOneWindowByClass) {
  const ChairctlResult result =
      ByClass({"--window", "2018", "--filter", "region!=EU", "--respondents", "first"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto want = FromJson<v1::CompareWordsRequest>(
      R"({"base": {"surveyIds": ["nps"],
                   "respondentRule": "RESPONDENT_RULE_FIRST_PER_CUSTOMER",
                   "interval": {"startTime": "2017-12-31T23:00:00Z",
                                "endTime": "2018-12-31T23:00:00Z"},
                   "filters": [{"key": "region", "values": ["EU"], "negate": true}]},
          "byClass": true})");
  EXPECT_TRUE(MessageDifferencer::Equals(server_.last_words(), want))
      << server_.last_words().DebugString();
}

TEST_F(WordsTest, ComparesSlicesOfEverythingAndTwoSurveys) {
  ASSERT_EQ(
      Metric("words", {"nps", "--base-filter", "channel=web", "--candidate-filter", "channel=app"})
          .exit_code,
      0);
  EXPECT_EQ(server_.last_words().candidate().filters(0).values(0), "app");
  EXPECT_FALSE(server_.last_words().candidate().interval().has_start_time());
  v1::Survey tokyo;
  tokyo.set_survey_id("tokyo");
  tokyo.set_time_zone("Asia/Tokyo");
  server_.AddSurvey(tokyo);
  const ChairctlResult result = Metric(
      "words", {"nps", "--candidate-survey", "tokyo", "--base", "2018", "--candidate", "2018"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      HasSubstr("nps and tokyo: words\n"
                "base: nps, 2018-01-01 to 2019-01-01, end not included, Europe/Berlin\n"
                "candidate: tokyo, 2018-01-01 to 2019-01-01, end not included, Asia/Tokyo\n"));
}

TEST_F(WordsTest, WantsOneOfTwoWaysToCompare) {
  const struct {
    std::vector<std::string> flags;
    const char* message;
  } cases[] = {
      {{}, "wanted what tells the sides apart: windows"},
      {{}, "or another survey (--candidate-survey); or --by-class"},
      {{"--filter", "a=b"}, "wanted what tells the sides apart"},
      {{"--by-class", "--candidate-survey", "x"}, "--candidate-survey excludes --by-class"},
      {{"--by-class", "--base", "2017", "--candidate", "2018"}, "--base excludes --by-class"},
      {{"--by-class", "--candidate", "2018"}, "--candidate excludes --by-class"},
      {{"--by-class", "--candidate-filter", "a=b"}, "--candidate-filter excludes --by-class"},
      {{"--base", "2017", "--candidate", "2018", "--window", "2019"},
       "--window requires --by-class"},
      {{"--base", "2017", "--candidate", "2018", "--last", "3m"}, "--last requires --by-class"},
      {{"--by-class", "--window", "24"}, "--window: is \"24\""},
      {{"--by-class", "--min-comments", "0"}, "--min-comments"},
      {{"--by-class", "--limit", "1001"}, "--limit"},
      {{"--by-class", "--confidence", "0.9"}, "--confidence"},
      {{"--by-class", "--interval", "answers"}, "--interval"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> arguments = {"nps"};
    arguments.insert(arguments.end(), c.flags.begin(), c.flags.end());
    const ChairctlResult result = Metric("words", arguments);
    EXPECT_EQ(result.exit_code, 2) << c.message;
    EXPECT_THAT(result.err, HasSubstr(c.message));
  }
}

TEST_F(WordsTest, TableHasABlockForEachSide) {
  EXPECT_EQ(
      Words({"--candidate-filter", "channel=web"}).out,
      "nps: words\n"
      "base: 2017-01-01 to 2018-01-01, end not included, Europe/Berlin\n"
      "candidate: 2018-01-01 to 2019-01-01, end not included, Europe/Berlin, channel=web\n"
      "comments: base 200, candidate 100\n"
      "Every comment counts as another customer's.\n"
      "12 words tested: of those with q up to 0.05, at most 1 in 20 is expected to be chance.\n"
      "\n"
      "more in the candidate\n"
      "word     base     %  candidate      %     z         q\n"
      "late        4  2.00         30  30.00  6.50  9.64e-10\n"
      "courier     0  0.00          9   9.00  2.00     0.182\n"
      "\n"
      "more in the base\n"
      "word  base      %  candidate      %      z        q\n"
      "grün    60  30.00         10  10.00  -3.25  0.00693\n");
}

TEST_F(WordsTest, TableNamesTheClasses) {
  v1::CompareWordsResponse response = SomeWords();
  response.mutable_words()->DeleteSubrange(1, 1);
  response.set_tests(1);
  server_.SetWords(response);
  EXPECT_EQ(ByClass({"--respondents", "latest"}).out,
            "nps: words\n"
            "window: everything, Europe/Berlin\n"
            "respondents: latest-per-customer\n"
            "comments: detractors 200, promoters 100\n"
            "Every comment counts as another customer's.\n"
            "\n"
            "promoters use more\n"
            "word     detractors     %  promoters      %     z         q\n"
            "late              4  2.00         30  30.00  6.50  9.64e-10\n"
            "courier           0  0.00          9   9.00  2.00     0.182\n"
            "\n"
            "detractors use more\n"
            "no word\n");
}

TEST_F(WordsTest, TerminalsShowBarsAsLongAsZ) {
  chairctl_.is_terminal = true;
  chairctl_.columns = 100;
  const std::string bar_of_40 = "████████████████████████████████████████";
  const std::string out = Words({}).out;
  EXPECT_THAT(out, HasSubstr("30.00  6.50  9.64e-10  " + bar_of_40));
  EXPECT_THAT(out, HasSubstr("10.00  -3.25  0.00693  ████████████████████"));
  chairctl_.columns = 50;
  EXPECT_THAT(Words({}).out, Not(HasSubstr("█")));
}

TEST_F(WordsTest, CsvHasALineForEveryWord) {
  const std::string want =
      "word,base_count,base_share,candidate_count,candidate_share,log_odds,z,p_value,q_value\n"
      "late,4,2,30,30,1.8125,6.5,0.00000000008032,0.00000000096384\n"
      "grün,60,30,10,10,-0.75,-3.25,0.0011542,0.0069252\n"
      "courier,0,0,9,9,1.5,2.0000625,0.0454935,0.181974\n";
  EXPECT_EQ(Words({"--output", "csv"}).out, want);
  // For people alone it is asked how sides are called.
  EXPECT_EQ(server_.calls("GetSurvey"), 1);
}

TEST_F(WordsTest, CsvHasSharesOfNoCommentsAsZero) {
  v1::CompareWordsResponse response = SomeWords();
  response.set_base_comments(0);
  response.mutable_words()->DeleteSubrange(0, 2);
  server_.SetWords(response);
  EXPECT_THAT(Words({"--output", "csv"}).out,
              EndsWith("\ncourier,0,0,9,9,1.5,2.0000625,0.0454935,0.181974\n"));
}

TEST_F(WordsTest, JsonIsTheMessage) {
  const ChairctlResult json = Words({"--output", "json"});
  EXPECT_TRUE(
      MessageDifferencer::Equals(FromJson<v1::CompareWordsResponse>(json.out), SomeWords()));
  EXPECT_THAT(json.out, HasSubstr("\"recordsScanned\": \"1234\""));
}

TEST_F(WordsTest, AnUnknownSurveyIsAnErrorOfTheService) {
  const ChairctlResult result = Metric("words", {"none", "--by-class"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_THAT(result.err, HasSubstr("SURVEY_NOT_FOUND"));
}

TEST(SidesOf, NamesClassesByTheMethodOrItsDefault) {
  const struct {
    v1::SurveyKind kind;
    v1::MetricMethod method;
    const char* base;
    const char* candidate;
  } cases[] = {
      {v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_UNSPECIFIED, "detractors use more",
       "promoters use more"},
      {v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_UNSPECIFIED, "the others use more",
       "the satisfied use more"},
      {v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_TOP_THREE, "the others use more",
       "the satisfied use more"},
      {v1::SURVEY_KIND_CES, v1::METRIC_METHOD_UNSPECIFIED, "the others use more",
       "those who found it easy use more"},
      {v1::SURVEY_KIND_CES, v1::METRIC_METHOD_NET, "those who found it hard use more",
       "those who found it easy use more"},
  };
  for (const auto& c : cases) {
    v1::CompareWordsRequest request;
    request.set_by_class(true);
    request.mutable_base()->set_method(c.method);
    v1::Survey survey;
    survey.set_kind(c.kind);
    const WordSides sides = SidesOf(request, survey, survey);
    EXPECT_EQ(sides.base.heading, c.base);
    EXPECT_EQ(sides.candidate.heading, c.candidate);
  }
}

}  // namespace
}  // namespace emptychair
