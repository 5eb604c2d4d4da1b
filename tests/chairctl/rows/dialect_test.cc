#include "tools/chairctl/rows/dialect.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;

// "FORM DELIMITER LINE OFFSET ENDS", or why the flags are refused.
std::string Find(const std::string& start, const DialectFlags& flags = {},
                 const std::string& name = "") {
  const absl::StatusOr<Dialect> dialect = FindDialect(start, name, flags);
  if (!dialect.ok()) {
    return std::string(dialect.status().message());
  }
  return absl::StrCat(FormName(dialect->form), " ", DelimiterName(dialect->delimiter), " ",
                      dialect->header_line, " ", dialect->header_offset, " ", dialect->line_ends);
}

TEST(Dialect, TakesTheDelimiterThatSplitsTheHeaderIntoMostColumns) {
  EXPECT_EQ(Find("a,b\n1;2;3;4\n"), "csv , 1 0 LF");
  EXPECT_EQ(Find("a;b;c,d\r\n"), "csv ; 1 0 CRLF");
  EXPECT_EQ(Find("a\tb\r"), "csv tab 1 0 CR");
  EXPECT_EQ(Find("a|b|c,d"), "csv | 1 0 ");
  EXPECT_EQ(Find("\"a;b;c\",d\n"), "csv , 1 0 LF");
  EXPECT_EQ(Find("a,b;c\n"), "csv , 1 0 LF");
  EXPECT_EQ(Find("one\n"), "csv , 1 0 LF");
  EXPECT_EQ(Find("a;b\n", {.delimiter = ","}), "csv , 1 0 LF");
  EXPECT_EQ(Find("a,b\n", {.delimiter = "tab"}), "csv tab 1 0 LF");
  for (const char* bad : {"", "ab", "\"", "\n", "é"}) {
    EXPECT_THAT(Find("a,b\n", {.delimiter = bad}), HasSubstr("--delimiter: is")) << bad;
  }
}

TEST(Dialect, ObeysALineThatSaysTheDelimiter) {
  EXPECT_EQ(Find("sep=;\r\na,b;c\r\n"), "csv ; 2 7 CRLF");
  EXPECT_EQ(Find("SEP=\t\na,b\n"), "csv tab 2 6 LF");
  EXPECT_EQ(Find("\"sep=|\"\na|b\n"), "csv | 2 8 LF");
  EXPECT_EQ(Find("sep=;\n,,\na;b\n"), "csv ; 3 9 LF");
  EXPECT_EQ(Find("sep=;\na;b\n", {.delimiter = ","}), "csv , 2 6 LF");
  EXPECT_EQ(Find("sep=;;\nx\n"), "csv ; 1 0 LF");  // A name of a column.
}

TEST(Dialect, FindsTheHeaderBelowBlankRowsOrWhereItIsSaid) {
  EXPECT_EQ(Find("\n,,,\n \t;\na,b\n"), "csv , 4 9 LF");
  EXPECT_EQ(Find("title\n\na;b\n", {.header_row = 3}), "csv ; 3 7 LF");
  EXPECT_EQ(Find("an \"inch\r\nx\r\na,b\r\n", {.header_row = 3}), "csv , 3 13 CRLF");
  EXPECT_THAT(Find("a,b\n", {.header_row = 9}), HasSubstr("--header-row: is 9"));
  EXPECT_THAT(Find("sep=;\na;b\n", {.header_row = 1}), HasSubstr("--header-row: is 1"));
}

TEST(Dialect, TellsJsonByItsFirstCharacterAndOnlyThenByTheName) {
  EXPECT_EQ(Find("{\"a\":1}\n", {}, "x.csv"), "json lines , 1 0 LF");
  EXPECT_EQ(Find(" \n[{\"a\":1}]", {}, "x.csv"), "json array , 1 0 LF");
  EXPECT_EQ(Find("", {}, "x.JSON"), "json lines , 1 0 ");
  EXPECT_EQ(Find("", {}, "x.ndjson"), "json lines , 1 0 ");
  EXPECT_EQ(Find("a,b\n", {}, "x.json"), "csv , 1 0 LF");
  EXPECT_EQ(Find("{a},b\n", {.format = "csv"}), "csv , 1 0 LF");
  EXPECT_EQ(Find("[]", {.format = "jsonl"}), "json array , 1 0 ");
  EXPECT_EQ(Find("{}", {.format = "json"}), "json lines , 1 0 ");
  EXPECT_THAT(Find("{}", {.delimiter = ","}), HasSubstr("--delimiter: is for CSV"));
  EXPECT_THAT(Find("[]", {.header_row = 2}), HasSubstr("--header-row: is for CSV"));
}

}  // namespace
}  // namespace emptychair
