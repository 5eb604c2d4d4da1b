#include "tools/chairctl/rows/csv_reader.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Hands out `text` in pieces of `size` bytes.
CsvReader::ReadMore InPieces(const std::string& text, size_t size) {
  return [text, size, at = size_t{0}](std::string& out) mutable {
    out.append(text, at, size);
    at = std::min(at + size, text.size());
    return at < text.size();
  };
}

// All rows as "LINE[a|b]", a bad one as "LINE!message", whatever the size of the chunks.
std::vector<std::string> ReadAll(const std::string& text, char delimiter = ',') {
  std::vector<std::string> first;
  for (const size_t piece : {size_t{1} << 20, size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
    CsvReader reader(InPieces(text, piece), delimiter);
    std::vector<std::string> rows;
    CsvRow row;
    while (reader.Next(row)) {
      rows.push_back(row.status.ok()
                         ? absl::StrCat(row.line, "[", absl::StrJoin(row.cells, "|"), "]")
                         : absl::StrCat(row.line, "!", row.status.message()));
    }
    if (first.empty()) {
      first = rows;
    }
    EXPECT_EQ(rows, first) << "in pieces of " << piece;
  }
  return first;
}

TEST(CsvReader, ReadsRowsWhateverEndsTheirLines) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    EXPECT_THAT(ReadAll(absl::StrCat("a,b", end, "1,\"2\"", end, "\"3\",4", end)),
                ElementsAre("1[a|b]", "2[1|2]", "3[3|4]"));
    EXPECT_THAT(ReadAll(absl::StrCat("a,b", end, "1,2")), ElementsAre("1[a|b]", "2[1|2]"));
  }
  EXPECT_THAT(ReadAll(""), IsEmpty());
}

TEST(CsvReader, SplitsAtTheDelimiterOutsideQuotesAlone) {
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const std::string text =
        absl::StrReplaceAll("a~b\n\"1~2\"~3,;\n~\n", {{"~", std::string(1, delimiter)}});
    if (delimiter == '|' || delimiter == '\t') {
      EXPECT_THAT(
          ReadAll(text, delimiter),
          ElementsAre("1[a|b]", absl::StrCat("2[1", std::string(1, delimiter), "2|3,;]"), "3[|]"));
    }
  }
  EXPECT_THAT(ReadAll("a;b\n\"1;2\";3,4\n", ';'), ElementsAre("1[a|b]", "2[1;2|3,4]"));
}

TEST(CsvReader, ReadsQuotedFields) {
  EXPECT_THAT(ReadAll("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"\",\" \"\n\"\"\"\",z\n"),
              ElementsAre("1[a|b]", "2[x,y|say \"hi\"]", "3[| ]", "4[\"|z]"));
}

TEST(CsvReader, CountsTheLinesInsideFields) {
  EXPECT_THAT(ReadAll("a,b\n\"one\ntwo\r\nthree\",x\n5,6\n"),
              ElementsAre("1[a|b]", "2[one\ntwo\r\nthree|x]", "5[5|6]"));
  EXPECT_THAT(ReadAll("a,b\r\"one\rtwo\",x\r4,5\r"),
              ElementsAre("1[a|b]", "2[one\rtwo|x]", "4[4|5]"));
}

TEST(CsvReader, TakesEmptyLinesAsRowsOfOneEmptyCell) {
  EXPECT_THAT(ReadAll("a,b\n,\n\n\r\n1,\n"), ElementsAre("1[a|b]", "2[|]", "3[]", "4[]", "5[1|]"));
}

TEST(CsvReader, GoesOnBehindABadRow) {
  const struct {
    const char* row;
    const char* message;
  } cases[] = {
      {"1,caf\xE9", "2!row: has \"caf\\xe9\"; wanted UTF-8"},
      {"1,5\" screen,x", "2!row: has a quote inside a field without quotes, \"5\""},
      {"\"1\"x,2", "2!row: has text after a closing quote, \"x,2\""},
      {"\"1\" ,2", "2!row: has text after a closing quote, \" ,2\""},
  };
  for (const auto& c : cases) {
    for (const char* end : {"\n", "\r\n", "\r"}) {
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
      absl::StrCat("a,b\n1,\"", std::string(CsvReader::kRowBytesMax + 1, 'x'), "\n", "3,4\n");
  CsvReader reader(InPieces(text, 1 << 16), ',');
  std::vector<std::string> rows;
  CsvRow row;
  while (reader.Next(row)) {
    rows.push_back(absl::StrCat(row.line, ":", row.status.message()));
  }
  EXPECT_THAT(rows, ElementsAre("1:", HasSubstr("2:row: is longer"), "3:"));
}

TEST(CsvReader, KeepsWhatItReadOfABadRow) {
  CsvReader reader(InPieces("1,\"2\"junk,3\r\nx,y", 100), ',');
  CsvRow row;
  ASSERT_TRUE(reader.Next(row));
  EXPECT_THAT(row.cells, ElementsAre("1", "2junk,3"));
  ASSERT_TRUE(reader.Next(row));
  EXPECT_THAT(row.cells, ElementsAre("x", "y"));
}

}  // namespace
}  // namespace emptychair
