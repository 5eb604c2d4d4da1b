#include "tools/chairctl/rows/row_reader.h"

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

std::vector<std::string> Rows(const std::string& text, const ImportRules& rules = {}) {
  return RowsOf(*OpenText(text, rules)->reader);
}

TEST(CsvRows, SkipsRowsThatAreBlankAndCountsTheirLines) {
  EXPECT_THAT(Rows(",,\na,b,\n1,2,\n,,\n\n \t,\xC2\xA0,\xE2\x80\x8B\n3,,\n"),
              ElementsAre("3[a=1 b=2 =]", "7[a=3 b= =]"));
  EXPECT_THAT(Rows("a\n1\n\n2\n"), ElementsAre("2[a=1]", "4[a=2]"));
}

TEST(CsvRows, RefusesARowWithAnotherNumberOfCells) {
  EXPECT_THAT(Rows("a,b\n1\n1,2,3\n4,5\n"),
              ElementsAre("2!row: has 1 fields; wanted 2 as in the header",
                          "3!row: has 3 fields; wanted 2 as in the header", "4[a=4 b=5]"));
}

TEST(CsvRows, LeavesOutRowsUnderTheHeaderWhateverIsInThem) {
  ImportRules rules;
  rules.skip_rows = 2;
  EXPECT_THAT(Rows("a,b\nA,\"x\ny\"\n{},{},{}\n1,2\n", rules), ElementsAre("5[a=1 b=2]"));
  EXPECT_THAT(Rows("a,b\n,\nA,B\n1,2\n", rules), ElementsAre("4[a=1 b=2]"));
  EXPECT_THAT(Rows("a,b\nA,B\n", rules), IsEmpty());
}

TEST(CsvRows, StartAtTheHeaderThatIsSaid) {
  ImportRules rules;
  rules.dialect.header_row = 3;
  EXPECT_THAT(Rows("a \"title\nof 2,3\na,b\n1,2\n", rules), ElementsAre("4[a=1 b=2]"));
}

TEST(CsvRows, KeepRejectedRowsAsTheyWere) {
  const auto file = OpenText("id;score;error_line;error_reason\n");
  EXPECT_EQ(file->reader->RejectsHeader({0}), "id,score,error_line,error_reason\n");
  EXPECT_EQ(file->reader->RejectedRow({"", "x", "7", "old"}, 2, "new", "import-1", {0}),
            "import-1,x,2,new\n");
  EXPECT_EQ(file->reader->RejectsHeader({}), "id,score,external_id,error_line,error_reason\n");
  EXPECT_EQ(file->reader->RejectedRow({"a"}, 3, "few", "", {}), "a,,,3,few\n");
  const auto plain = OpenText("a;b\n");
  EXPECT_EQ(plain->reader->RejectedRow({"1", "2", "3"}, 3, "many", "", {}), "1,2;3,,3,many\n");
}

TEST(JsonRows, ReadLinesWithTheTextThatACellWouldHave) {
  EXPECT_THAT(
      Rows("{\"a\":\"x\",\"n\":9.0,\"f\":0.5,\"t\":true,\"z\":null}\r\n\n"
           "{\"a\":[1],\"n\":9007199254740993}\n{}\n{\"a\":\"\"}\n{\"n\":-1}"),
      ElementsAre(AllOf(HasSubstr("1["), HasSubstr("a=x"), HasSubstr("n=9"), HasSubstr("f=0.5"),
                        HasSubstr("t=true"), HasSubstr("z=")),
                  AllOf(HasSubstr("3["), HasSubstr("a=(not plain)"), HasSubstr("n=(inexact)")),
                  "6[n=-1]"));
}

TEST(JsonRows, ReadLabelsAndExclusionsAsColumns) {
  const auto file = OpenText(
      "{\"labels\":{\"channel\":\"web\"},\"exclusion\":{\"reason\":\"EXCLUSION_REASON_BOT\","
      "\"note\":\"n\",\"time\":\"t\"}}\n{\"labels\":\"{}\",\"exclusion\":\"bot\"}\n");
  const std::vector<std::string> rows = RowsOf(*file->reader);
  EXPECT_THAT(rows, ElementsAre(AllOf(HasSubstr("label.channel=web"),
                                      HasSubstr("exclusion=EXCLUSION_REASON_BOT"),
                                      HasSubstr("exclusion_note=n"), HasSubstr("exclusion_time=t")),
                                AllOf(HasSubstr("labels={}"), HasSubstr("exclusion=bot"))));
}

TEST(JsonRows, ReadAnArrayOneObjectAtATime) {
  EXPECT_THAT(Rows("\n[\n {\"a\":1},\n {\"a\":\"]}\\\"[\",\n  \"b\":[{}]} , {\"a\":3}]\n"),
              ElementsAre("3[a=1]", AllOf(HasSubstr("4["), HasSubstr("a=]}\"[")), "5[a=3]"));
  EXPECT_THAT(Rows("[]"), IsEmpty());
  EXPECT_THAT(Rows("[7,\n{\"a\":1},\n\"x\"]"),
              ElementsAre(HasSubstr("1!row: is \"7\""), "2[a=1]", HasSubstr("3!row: is")));
}

TEST(JsonRows, KeepWhatIsWholeOfAnArrayThatIsCutOff) {
  const std::string text = "[{\"a\":1},\n{\"a\":2},\n{\"a\":3}]";
  for (size_t size = text.find('}') + 1; size < text.size(); ++size) {
    const std::vector<std::string> rows = Rows(text.substr(0, size));
    EXPECT_EQ(rows.front(), "1[a=1]") << size;
    EXPECT_THAT(rows.back(), HasSubstr("!row: is cut off")) << size;
  }
  EXPECT_THAT(Rows(text + " x"),
              ElementsAre("1[a=1]", "2[a=2]", "3[a=3]", HasSubstr("3!row: stands behind the end")));
}

TEST(JsonRows, ReadWhatIsLongerThanAChunk) {
  const std::string comment(200'000, 'x');
  EXPECT_THAT(Rows(absl::StrCat("[{\"a\":\"", comment, "\"},{\"a\":\"y\"}]")),
              ElementsAre(absl::StrCat("1[a=", comment, "]"), "1[a=y]"));
  EXPECT_THAT(Rows(absl::StrCat("{\"a\":\"", comment, "\"}\n{\"a\":\"y\"}")),
              ElementsAre(absl::StrCat("1[a=", comment, "]"), "2[a=y]"));
}

TEST(JsonRows, KeepRejectedObjectsWithReasonAndId) {
  const auto file = OpenText("{\"a\":1}\n");
  EXPECT_EQ(file->reader->RejectsHeader({}), "");
  const std::string row = file->reader->RejectedRow({"{\"a\":1}"}, 4, "no", "import-1", {});
  EXPECT_THAT(row, AllOf(HasSubstr("\"a\":1"), HasSubstr("\"external_id\":\"import-1\""),
                         HasSubstr("\"error_line\":4"), HasSubstr("\"error_reason\":\"no\"")));
  EXPECT_THAT(file->reader->RejectedRow({"nonsense \xFF"}, 4, "no", "", {}),
              HasSubstr("\"line\":\"\\\"nonsense"));
}

TEST(Row, CopiesDoNotDependOnTheReader) {
  const auto file = OpenText("a,b\n1,\n2,3\n");
  Row row;
  ASSERT_TRUE(file->reader->Next(row));
  const Row copy = row.Copy();
  ASSERT_TRUE(file->reader->Next(row));
  EXPECT_EQ(copy.cell(0).text, "1");
  EXPECT_EQ(copy.cell(1).text, "");
  EXPECT_EQ(copy.cell(7).kind, Cell::Kind::kAbsent);
}

}  // namespace
}  // namespace emptychair
