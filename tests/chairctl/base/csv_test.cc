#include "tools/chairctl/base/csv.h"

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// All rows as "LINE[a|b]", a bad one as "LINE!message".
std::vector<std::string> ReadAll(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(in);
  if (const absl::Status status = reader.ReadHeader(); !status.ok()) {
    return {absl::StrCat("header!", status.message())};
  }
  std::vector<std::string> rows = {absl::StrCat("1[", absl::StrJoin(reader.columns(), "|"), "]")};
  while (std::optional<CsvRow> row = reader.Next()) {
    rows.push_back(row->status.ok()
                       ? absl::StrCat(row->line, "[", absl::StrJoin(row->fields, "|"), "]")
                       : absl::StrCat(row->line, "!", row->status.message()));
  }
  return rows;
}

TEST(CsvReader, ReadsRowsWhateverEndsTheirLines) {
  EXPECT_THAT(ReadAll("a,b\n1,2\n3,4\n"), ElementsAre("1[a|b]", "2[1|2]", "3[3|4]"));
  EXPECT_THAT(ReadAll("a,b\r\n1,2\r\n3,4\r\n"), ElementsAre("1[a|b]", "2[1|2]", "3[3|4]"));
  EXPECT_THAT(ReadAll("a,b\n1,2"), ElementsAre("1[a|b]", "2[1|2]"));
  EXPECT_THAT(ReadAll("a,b\r\n1,\"2\"\r\n\"3\",4"), ElementsAre("1[a|b]", "2[1|2]", "3[3|4]"));
}

TEST(CsvReader, SkipsAByteOrderMark) {
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF"
                      "a,b\n1,2\n"),
              ElementsAre("1[a|b]", "2[1|2]"));
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF\"a\",b\n1,2\n"), ElementsAre("1[a|b]", "2[1|2]"));
}

TEST(CsvReader, ReadsQuotedFields) {
  EXPECT_THAT(ReadAll("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"\",\" \"\n"),
              ElementsAre("1[a|b]", "2[x,y|say \"hi\"]", "3[| ]"));
}

TEST(CsvReader, CountsTheLinesInsideFields) {
  EXPECT_THAT(ReadAll("a,b\n\"one\ntwo\r\nthree\",x\n5,6\n"),
              ElementsAre("1[a|b]", "2[one\ntwo\r\nthree|x]", "5[5|6]"));
  EXPECT_THAT(ReadAll("\"a\nb\",c\n1,2\n"), ElementsAre("1[a\nb|c]", "3[1|2]"));
}

TEST(CsvReader, KeepsEmptyFieldsAndSkipsEmptyLines) {
  EXPECT_THAT(ReadAll("a,b\n,\n\n\r\n1,\n\n"), ElementsAre("1[a|b]", "2[|]", "5[1|]"));
}

TEST(CsvReader, TakesAnEmptyLineOfOneColumnAsAValue) {
  EXPECT_THAT(ReadAll("a\n1\n\n3\n"), ElementsAre("1[a]", "2[1]", "3[]", "4[3]"));
}

TEST(CsvReader, RefusesAFileWithoutHeader) {
  EXPECT_THAT(ReadAll(""), ElementsAre(HasSubstr("has no header")));
  EXPECT_THAT(ReadAll("\n"), ElementsAre(HasSubstr("has no header")));
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF"), ElementsAre(HasSubstr("has no header")));
  EXPECT_THAT(ReadAll("a,\"b\n1,2\n"), ElementsAre(HasSubstr("header!row: ")));
  EXPECT_THAT(ReadAll("a,\xFF\n1,2\n"), ElementsAre(HasSubstr("header!row: ")));
}

TEST(CsvReader, GoesOnBehindABadRow) {
  const struct {
    const char* row;
    const char* message;
  } kCases[] = {
      {"1", "2!row: has 1 fields; wanted 2 as in the header"},
      {"1,2,3", "2!row: has 3 fields; wanted 2 as in the header"},
      {"1,caf\xE9", "2!row: has \"caf\\xe9\"; wanted UTF-8"},
      {"1,5\" screen,x", "2!row: has a quote inside a field without quotes, \"5\""},
      {"\"1\"x,2", "2!row: has text after a closing quote, \"x,2\""},
      {"\"1\" ,2", "2!row: has text after a closing quote, \" ,2\""},
  };
  for (const auto& c : kCases) {
    for (const char* end : {"\n", "\r\n"}) {
      EXPECT_THAT(ReadAll(absl::StrCat("a,b", end, c.row, end, "3,4", end)),
                  ElementsAre("1[a|b]", c.message, "3[3|4]"))
          << c.row;
    }
  }
}

TEST(CsvReader, ReportsAQuoteThatIsNeverClosedWhereItsRowStarts) {
  EXPECT_THAT(ReadAll("a,b\n1,2\n3,\"open\n5,6\n"),
              ElementsAre("1[a|b]", "2[1|2]", HasSubstr("3!row: has a quoted field that is not")));
}

TEST(CsvReader, BoundsTheLengthOfARow) {
  const std::string text =
      "a,b\n1,\"" + std::string(CsvReader::kRowBytesMax + 1, 'x') + "\n" + "3,4\n";
  EXPECT_THAT(ReadAll(text), ElementsAre("1[a|b]", HasSubstr("2!row: is longer"), "3[3|4]"));
}

TEST(CsvReader, KeepsWhatItReadOfABadRow) {
  std::istringstream in("a,b\n1,\"2\"junk,3\r\n");
  CsvReader reader(in);
  ASSERT_TRUE(reader.ReadHeader().ok());
  EXPECT_THAT(reader.Next()->fields, ElementsAre("1", "2junk,3"));
}

TEST(CsvReader, ReadsBackWhatCsvLineWrites) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const std::string alphabet[] = {"a", ",", "\"", "\n", "\r\n", " ", "é", "", "=", "\r"};
  std::vector<std::vector<std::string>> rows;
  std::string text = "a,b,c\n";
  for (int i = 0; i < 500; ++i) {
    std::vector<std::string> row(3);
    for (std::string& field : row) {
      for (int k = static_cast<int>(random() % 6); k > 0; --k) {
        field += alphabet[random() % std::size(alphabet)];
      }
    }
    text += CsvLine(row);
    rows.push_back(std::move(row));
  }
  std::istringstream in(text);
  CsvReader reader(in);
  ASSERT_TRUE(reader.ReadHeader().ok());
  for (const std::vector<std::string>& row : rows) {
    const std::optional<CsvRow> read = reader.Next();
    ASSERT_TRUE(read.has_value());
    EXPECT_TRUE(read->status.ok()) << read->status;
    EXPECT_EQ(read->fields, row);
  }
  EXPECT_FALSE(reader.Next().has_value());
}

TEST(CsvLine, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvLine({"a b", "c,d", "e\"f", "g\nh", ""}), "a b,\"c,d\",\"e\"\"f\",\"g\nh\",\n");
}

}  // namespace
}  // namespace emptychair
