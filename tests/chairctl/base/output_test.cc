#include "tools/chairctl/base/output.h"

#include <cmath>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tools/chairctl/base/enum_flag.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ToJson, PrintsFieldsWithoutPresenceAlwaysAndOptionalOnesOnlyWhenSet) {
  v1::MetricValue point;
  point.set_answers(3);
  point.set_promoters(0);
  const std::string json = ToJson(point);
  EXPECT_THAT(json, HasSubstr("\"answers\": \"3\""));
  EXPECT_THAT(json, HasSubstr("\"unscored\": \"0\""));
  EXPECT_THAT(json, HasSubstr("\"suppressed\": false"));
  EXPECT_THAT(json, HasSubstr("\"gradeIsCertain\": false"));
  EXPECT_THAT(json, HasSubstr("\"grade\": \"GRADE_UNSPECIFIED\""));
  EXPECT_THAT(json, HasSubstr("\"histogram\": []"));
  EXPECT_THAT(json, HasSubstr("\"promoters\": \"0\""));
  for (const char* absent :
       {"\"value\"", "\"low\"", "\"high\"", "\"standardError\"", "\"numerator\"", "\"denominator\"",
        "\"passives\"", "\"detractors\""}) {
    EXPECT_THAT(json, Not(HasSubstr(absent)));
  }
}

TEST(ToJson, PrintsNoScoreForAnUnscoredRecord) {
  v1::Feedback feedback;
  EXPECT_THAT(ToJson(feedback), Not(HasSubstr("score")));
  EXPECT_THAT(ToJson(feedback), HasSubstr("\"externalId\": \"\""));
  feedback.set_score(0);
  EXPECT_THAT(ToJson(feedback), HasSubstr("\"score\": 0"));
}

TEST(JsonNumber, HasTheDigitsOfJson) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  std::vector<double> numbers = {0, -0.0, 1, -1, 0.1, 1.0 / 3, 1e15, 1e16, 1e21, 1.0748e-05, 1e300};
  for (int i = 0; i < 2'000; ++i) {
    numbers.push_back(std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 128)));
  }
  for (const double number : numbers) {
    v1::MetricValue point;
    point.set_value(number);
    EXPECT_THAT(ToJson(point), HasSubstr(absl::StrCat("\"value\": ", JsonNumber(number), "\n")));
  }
}

TEST(NumberText, WritesNumbersAsInWords) {
  EXPECT_EQ(NumberText(6.25, 1), "6.2");
  EXPECT_EQ(NumberText(-6.26, 1), "−6.3");
  EXPECT_EQ(NumberText(-0.04, 1), "0.0");
  EXPECT_EQ(NumberText(-0.0, 0), "0");
  EXPECT_EQ(NumberText(1234.5, 2), "1234.50");
}

TEST(ToJsonList, IsOneObjectThatReadsBack) {
  v1::ListSurveysResponse want;
  want.add_surveys()->set_survey_id("a");
  want.add_surveys()->set_display_name("two\nlines \"quoted\"");
  const std::string json = ToJsonList("surveys", {&want.surveys(0), &want.surveys(1)});
  v1::ListSurveysResponse read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &read).ok()) << json;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read, want)) << json;
  EXPECT_THAT(json, Not(HasSubstr("nextPageToken")));
  EXPECT_EQ(ToJsonList("surveys", {}), "{\n \"surveys\": []\n}\n");
}

TEST(ExactNumber, ReadsBackAndHasNoExponent) {
  EXPECT_EQ(ExactNumber(30), "30");
  EXPECT_EQ(ExactNumber(100000), "100000");
  EXPECT_EQ(ExactNumber(-13.5), "-13.5");
  EXPECT_EQ(ExactNumber(0.1), "0.1");
  for (const double number : {50.98039215686274, 1e-300, 5e-324, 1.7e308, -1.0 / 3}) {
    const std::string text = ExactNumber(number);
    EXPECT_EQ(text.find('e'), std::string::npos) << text;
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), number) << text;
  }
}

TEST(RoundedNumber, HasTwoDecimalsAndNoNegativeZero) {
  EXPECT_EQ(RoundedNumber(48.3689), "48.37");
  EXPECT_EQ(RoundedNumber(-0.001), "0.00");
  EXPECT_EQ(RoundedNumber(-0.006), "-0.01");
  EXPECT_EQ(RoundedNumber(100), "100.00");
}

TEST(Printable, EscapesWhatCouldMoveTheCursor) {
  EXPECT_EQ(Printable("a\nb\x1b[2Jc\r\x7f"), "a\\nb\\x1b[2Jc\\x0d\\x7f");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "2J"),
            "\\u009b2J");
  EXPECT_EQ(Printable("Grüße 🙂"), "Grüße 🙂");
  EXPECT_EQ(Printable("a\u202eb\u2028c\xff"), "a\\u202eb\\u2028c\\xff");
}

TEST(Printable, KeepsWhatAnErrorQuotes) {
  const std::string quoted = Quoted("größe ✓ \" \\ \n\t\x1b\x7f\u0085\u202e\xff");
  EXPECT_EQ(Printable(quoted), quoted);
}

TEST(Table, AlignsByCharactersNotBytes) {
  Table table;
  table.AddColumn("näme", Table::Align::kLeft);
  table.AddColumn("n", Table::Align::kRight);
  table.AddRow({"ö", "1"});
  table.AddRow({"longer", "100"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(),
            "näme      n\n"
            "ö         1\n"
            "longer  100\n");
  EXPECT_EQ(table.Width(), 11u);
}

TEST(Table, PiecesHaveOneHeadingAndTheWidthsOfTheFirst) {
  Table table;
  table.AddColumn("id", Table::Align::kLeft);
  table.AddColumn("n", Table::Align::kRight);
  table.AddRow({"four", "10"});
  std::ostringstream out;
  table.PrintPiece(out);
  EXPECT_EQ(out.str(), "id     n\nfour  10\n");
  table.AddRow({"a", "1"});
  table.AddRow({"longer", "100"});
  table.PrintPiece(out);
  EXPECT_EQ(out.str(), "id     n\nfour  10\na      1\nlonger  100\n");
}

TEST(PrintFields, PutsValuesBelowOneAnother) {
  std::ostringstream out;
  PrintFields({{"a", "1"}, {"long", ""}}, out);
  EXPECT_EQ(out.str(), "a     1\nlong  –\n");
}

TEST(EnumFlag, NamesValuesWithoutTheirPrefix) {
  EXPECT_EQ(EnumFlag(v1::SURVEY_KIND_NPS), "nps");
  EXPECT_EQ(EnumFlag(v1::METRIC_METHOD_TOP_BOX), "top-box");
  EXPECT_EQ(EnumFlag(v1::GRADE_NEEDS_WORK), "needs-work");
  EXPECT_EQ(EnumFlag(static_cast<v1::Grade>(99)), "");
  EXPECT_THAT(EnumFlags<v1::SurveyKind>(), ElementsAre("nps", "csat", "ces", "rating", "text"));
}

TEST(EnumFlag, ReadsItsOwnNames) {
  for (const std::string& flag : EnumFlags<v1::MetricMethod>()) {
    EXPECT_EQ(EnumFlag(ParseEnumFlag<v1::MetricMethod>(flag)), flag);
  }
  EXPECT_EQ(ParseEnumFlag<v1::MetricMethod>(""), v1::METRIC_METHOD_UNSPECIFIED);
}

}  // namespace
}  // namespace emptychair
