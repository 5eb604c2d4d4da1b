#include "tools/chairctl/import/columns.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/import/reader_harness.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Flags = std::vector<std::pair<std::string, std::string>>;

// "field<column(how)" of each that is used, then "-column" and "~column" for unused and left out;
// or why it is refused.
std::vector<std::string> Match(const std::vector<std::string>& names, const Flags& flags = {},
                               const std::vector<std::string>& dimensions = {"channel"}) {
  const ImportRules rules = RulesOf(flags);
  const ColumnMatcher matcher(rules, dimensions);
  const auto columns = matcher.Match(names);
  if (!columns.ok()) {
    return {std::string(columns.status().message())};
  }
  std::vector<std::string> texts;
  for (const ColumnUse& use : columns->used) {
    texts.push_back(
        absl::StrCat(NameOf(use.field), "<", names[use.column], "(", HowFound(use.how), ")"));
  }
  for (const size_t column : columns->unused) {
    texts.push_back("-" + names[column]);
  }
  for (const size_t column : columns->left_out) {
    texts.push_back("~" + names[column]);
  }
  return texts;
}

TEST(Columns, FitByTheirNameInBothForms) {
  EXPECT_THAT(Match({"external_id", "customerId", "label.plan", "labels", "occurTime"}),
              ElementsAre("external_id<external_id(name)", "customer_id<customerId(name)",
                          "label.plan<label.plan(name)", "labels<labels(name)",
                          "occur_time<occurTime(name)"));
}

TEST(Columns, FitButForCaseBlanksAndDashes) {
  EXPECT_THAT(
      Match({" External ID", "SCORE", "Occur-Time", "Label.Channel"}),
      ElementsAre("external_id< External ID(name but for case)", "score<SCORE(name but for case)",
                  "occur_time<Occur-Time(name but for case)",
                  "label.channel<Label.Channel(name but for case)"));
}

TEST(Columns, FitDimensionsAndNeverGuessAMeaning) {
  EXPECT_THAT(
      Match({"channel", "Date", "Rating", "", "label.Größe"}),
      ElementsAre("label.channel<channel(dimension)", "-Date", "-Rating", "-", "-label.Größe"));
  EXPECT_THAT(Match({"Channel"}), ElementsAre("label.channel<Channel(name but for case)"));
  EXPECT_THAT(Match({"channel"}, {}, {}), ElementsAre("-channel"));
}

TEST(Columns, OfAnExportAreLeftOut) {
  EXPECT_THAT(Match({"sequence", "etag", "receiveTime", "import_id", "error_line", "error_reason"}),
              ElementsAre("~sequence", "~etag", "~receiveTime", "~import_id", "~error_line",
                          "~error_reason"));
}

TEST(Columns, ThatFitEquallyWellAreRefused) {
  EXPECT_THAT(Match({"Score", "SCORE"}),
              ElementsAre(AllOf(HasSubstr("two columns for score"), HasSubstr("\"SCORE\""),
                                HasSubstr("--map score=#1"))));
  EXPECT_THAT(Match({"score", "score"}), ElementsAre(HasSubstr("two columns for score")));
  EXPECT_THAT(Match({"external_id", "externalId"}), ElementsAre(HasSubstr("two columns")));
  EXPECT_THAT(Match({"SCORE", "score", "Score"}),
              ElementsAre("score<score(name)", "-SCORE", "-Score"));
  EXPECT_THAT(Match({"channel", "label.channel"}),
              ElementsAre("label.channel<label.channel(name)", "-channel"));
  EXPECT_THAT(Match({"Score", "SCORE"}, {{"map", "score=#2"}}),
              ElementsAre("score<SCORE(flag)", "-Score"));
}

TEST(Columns, AreMappedByNameOrNumber) {
  EXPECT_THAT(Match({"#2", "x", "Y "}, {{"map", "score=#2"}, {"map", "comment=#3"}}),
              ElementsAre("score<#2(flag)", "comment<Y (flag)", "-x"));
  EXPECT_THAT(Match({"a", "b"}, {{"map", "occur_time=b"}, {"map", "occur_time=a"}}),
              ElementsAre("occur_time<b(flag)", "occur_time<a(flag)"));
  EXPECT_THAT(Match({"external_id"}, {{"map", "label.ticket=external_id"}}),
              ElementsAre("label.ticket<external_id(flag)", "external_id<external_id(name)"));
  EXPECT_THAT(Match({"Why?", "Why?"}, {{"map", "comment=Why?"}}),
              ElementsAre(AllOf(HasSubstr("2 times"), HasSubstr("#1 or #2"))));
  for (const char* column : {"c", "#3", "#0", "#", "#x"}) {
    EXPECT_THAT(Match({"a", "größe"}, {{"map", absl::StrCat("comment=", column)}}),
                ElementsAre(AllOf(HasSubstr("--map: names the column"), HasSubstr("\"a\""))))
        << column;
  }
  EXPECT_THAT(Match({}, {}), IsEmpty());
}

TEST(Columns, CanTurnUpLater) {
  const ImportRules rules = RulesOf({{"map", "comment=why"}});
  const ColumnMatcher matcher(rules, {"channel"});
  const std::vector<std::string> names = {"why", "score", "comment", "Score", "channel", "x"};
  const auto columns = matcher.Match({"why", "score"});
  ASSERT_TRUE(columns.ok());
  EXPECT_FALSE(matcher.MatchLate(names, 2, *columns).has_value());
  EXPECT_FALSE(matcher.MatchLate(names, 3, *columns).has_value());
  EXPECT_EQ(NameOf(matcher.MatchLate(names, 4, *columns)->field), "label.channel");
  EXPECT_FALSE(matcher.MatchLate(names, 5, *columns).has_value());
}

}  // namespace
}  // namespace emptychair
