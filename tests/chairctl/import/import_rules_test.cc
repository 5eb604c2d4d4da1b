#include "tools/chairctl/import/import_rules.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/import/reader_harness.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/import/presets.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string Refusal(const std::string& name, const std::string& value) {
  const auto rules = ReadRules(RecordType::kFeedback, {{name, value, "flag"}});
  return rules.ok() ? "" : std::string(rules.status().message());
}

TEST(ImportRules, ReadEveryFlag) {
  const ImportRules rules = RulesOf({{"map", "score=a=b"},
                                     {"map", "label.plan=Plan"},
                                     {"map", "occur_time=Date"},
                                     {"map", "occur_time=Time"},
                                     {"blank", " NA "},
                                     {"value", "label.plan:Gold: or=more=gold"},
                                     {"set", "label.channel=email"},
                                     {"set", "occur_time=now"},
                                     {"where", "Status!=a=b"},
                                     {"where", "Status=x"},
                                     {"where", "Status= y "},
                                     {"no-score", "true"},
                                     {"skip-rows", "2"},
                                     {"source", "web"}});
  EXPECT_EQ(NameOf(rules.maps[0].first), "score");
  EXPECT_EQ(rules.maps[0].second, "a=b");
  EXPECT_EQ(NameOf(rules.maps[1].first), "label.plan");
  EXPECT_EQ(rules.maps.size(), 4u);
  EXPECT_THAT(rules.blanks, UnorderedElementsAre("NA"));
  EXPECT_THAT(rules.values.at("label.plan"), UnorderedElementsAre(Pair("gold: or=more", "gold")));
  EXPECT_EQ(rules.constants.size(), 1u);
  EXPECT_TRUE(rules.time_is_now);
  ASSERT_EQ(rules.where.size(), 1u);
  EXPECT_THAT(rules.where[0].unwanted, ElementsAre("a=b"));
  EXPECT_THAT(rules.where[0].wanted, ElementsAre("x", "y"));
  EXPECT_TRUE(rules.no_score);
  EXPECT_EQ(rules.skip_rows, 2);
  EXPECT_EQ(rules.source, "web");
}

TEST(ImportRules, RefuseWhatCannotBeRead) {
  const struct {
    const char* name;
    const char* value;
    const char* message;
  } cases[] = {{"map", "score", "--map: is \"score\""},
               {"map", "score=", "--map: is \"score=\""},
               {"map", "Score=a", "--map: names the field \"Score\""},
               {"map", "sequence=a", "--map: names the field"},
               {"map", "label.=a", "--map: names the label"},
               {"map", "label.Plan=a", "--map: names the label"},
               {"value", "score:nine", "--value: is"},
               {"value", "score=9", "--value: is"},
               {"value", "score:nine=neun", "--value: is"},
               {"value", "occur_time:a=b", "--value: is for occur_time"},
               {"set", "score=10", "--set: sets score"},
               {"set", "external_id=1", "--set: sets external_id"},
               {"set", "feedback_id=1", "--set: sets feedback_id"},
               {"set", "comment", "--set: is"},
               {"where", "Status", "--where: is"},
               {"where", "!=x", "--where: is"},
               {"skip-rows", "-1", "--skip-rows: is"},
               {"batch-size", "10001", "--batch-size: is"},
               {"header-row", "0", "--header-row: is"},
               {"format", "xml", "--format: is \"xml\""},
               {"update", "maybe", "--update: is"},
               {"source", "a\nb", "--source: is"},
               {"import-id", "", "--import-id: is"},
               {"preset", "x", "--preset: is no flag"}};
  for (const auto& c : cases) {
    EXPECT_THAT(Refusal(c.name, c.value), HasSubstr(c.message)) << c.name << " " << c.value;
  }
  const auto twice =
      ReadRules(RecordType::kFeedback, {{"map", "score=a", ""}, {"map", "score=b", ""}});
  EXPECT_THAT(twice.status().message(), HasSubstr("maps score twice"));
}

std::vector<std::string> Texts(const std::vector<GivenFlag>& flags) {
  std::vector<std::string> texts;
  for (const GivenFlag& flag : flags) {
    texts.push_back(absl::StrCat(flag.name, " ", flag.value));
  }
  return texts;
}

TEST(Presets, AreAddedToInListsAndReplacedInSingleValues) {
  const std::vector<GivenFlag> preset = {{"map", "score=a", "p"},       {"map", "comment=c", "p"},
                                         {"value", "score:Bad=0", "p"}, {"where", "x=1", "p"},
                                         {"skip-rows", "2", "p"},       {"time-zone", "UTC", "p"}};
  EXPECT_THAT(Texts(Together(preset, {{"map", "score=b", ""},
                                      {"value", "score:bad=1", ""},
                                      {"where", "x=2", ""},
                                      {"skip-rows", "0", ""}})),
              ElementsAre("map comment=c", "where x=1", "time-zone UTC", "map score=b",
                          "value score:bad=1", "where x=2", "skip-rows 0"));
}

TEST(Presets, ThatComeWithTheProgramCanAllBeRead) {
  EXPECT_THAT(PresetNames(RecordType::kFeedback), HasSubstr("qualtrics"));
  EXPECT_EQ(PresetNames(RecordType::kActivity), "shopify");
  for (const BuiltInPreset& preset : BuiltInPresets()) {
    const auto flags = ReadPreset(preset.type, std::string(preset.name));
    ASSERT_TRUE(flags.ok()) << flags.status();
    EXPECT_TRUE(ReadRules(preset.type, *flags).ok()) << preset.name;
    EXPECT_EQ(flags->front().source, absl::StrCat("preset ", preset.name));
  }
  for (const char* name : {"nobody", "shopify"}) {
    EXPECT_THAT(ReadPreset(RecordType::kFeedback, name).status().message(), HasSubstr("typeform"));
  }
  EXPECT_THAT(ReadPreset(RecordType::kFeedback, "./nobody.toml").status().message(),
              HasSubstr("cannot be opened"));
}

TEST(FieldTexts, ReadScoresAlsoWithAPointOrAComma) {
  const struct {
    const char* text;
    std::optional<int32_t> want;
  } cases[] = {{"9", 9},
               {"9.0", 9},
               {"9,0", 9},
               {"9.000", 9},
               {"0", 0},
               {"-3", -3},
               {"-3,0", -3},
               {" 10 ", 10},
               {"\xC2\xA0"
                "7",
                7},
               {"007", 7},
               {"", {}},
               {"  ", {}},
               {"2147483647", 2147483647}};
  for (const auto& c : cases) {
    const auto score = ParseScore(c.text);
    ASSERT_TRUE(score.ok()) << c.text << ": " << score.status();
    EXPECT_EQ(*score, c.want) << c.text;
  }
  for (const char* text :
       {"9.5", "9,5", "abc",   "9.",    "9,",   ".0",         ".",    "1e1", "0x9", "9 0",
        "--9", "-",   "9.0.0", "9.0,0", "9.0x", "2147483648", "9.05", "NaN", "inf", "9%"}) {
    EXPECT_FALSE(ParseScore(text).ok()) << text;
  }
}

TEST(FieldTexts, ReadReasonsInBothForms) {
  EXPECT_EQ(*ParseExclusionReason("staff"), v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(*ParseExclusionReason(" EXCLUSION_REASON_TEST "), v1::EXCLUSION_REASON_TEST);
  EXPECT_EQ(*ParseExclusionReason(""), v1::EXCLUSION_REASON_UNSPECIFIED);
  EXPECT_THAT(ParseExclusionReason("boss").status().message(), HasSubstr("coached"));
}

TEST(FieldTexts, ReadLabelsOutOfJson) {
  EXPECT_THAT(*ParseLabelsJson(R"({"a":"x","b":true,"c":3,"d":null,"e":""})"),
              UnorderedElementsAre(Pair("a", "x"), Pair("b", "true"), Pair("c", "3")));
  for (const char* text : {"x", "[]", R"({"a":[]})", R"({"a":{}})", R"({"a":9007199254740993})"}) {
    EXPECT_FALSE(ParseLabelsJson(text).ok()) << text;
  }
}

TEST(TextValues, TakeAwayBlanksThatNobodySees) {
  EXPECT_EQ(WithoutBlanks(" \t\xC2\xA0web \xE2\x80\x8B\xEF\xBB\xBF"), "web");
  EXPECT_EQ(WithoutBlanks("\xC2\xA0 \xE2\x80\x8B"), "");
  EXPECT_EQ(WithoutBlanks("a\xC2\xA0"
                          "b"),
            "a\xC2\xA0"
            "b");
  EXPECT_EQ(Folded("ÄußerST"), Folded("äUSSERst"));
  EXPECT_EQ(LooseName(" External-ID_"), "externalid");
}

}  // namespace
}  // namespace emptychair
