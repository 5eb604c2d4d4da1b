#include "tools/chairctl/base/csv_writer.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairctl/base/csv.h"

namespace emptychair {
namespace {

std::string Written(CsvForm form, const std::vector<std::vector<CsvCell>>& rows) {
  std::ostringstream out;
  CsvWriter csv(out, form);
  for (const std::vector<CsvCell>& row : rows) {
    csv.Write(row);
  }
  return out.str();
}

TEST(CsvWriter, WritesExactValuesUnlessAskedForASpreadsheet) {
  const std::vector<std::vector<CsvCell>> rows = {
      {"=a", "b"}, {"-x", CsvNumber{"-1.5"}}, {"a,\"b\"", "größe\r\nzwei"}};
  EXPECT_EQ(Written(CsvForm::kExact, rows), "=a,b\n-x,-1.5\n\"a,\"\"b\"\"\",\"größe\r\nzwei\"\n");
  // The line break within a value stays what it is.
  EXPECT_EQ(Written(CsvForm::kSpreadsheet, rows),
            "\xEF\xBB\xBF'=a,b\r\n'-x,-1.5\r\n\"a,\"\"b\"\"\",\"größe\r\nzwei\"\r\n");
}

TEST(CsvWriter, GuardsTextsThatASpreadsheetWouldCompute) {
  const std::vector<std::vector<CsvCell>> rows = {
      {"=1+1"}, {"+49 30"}, {"-5"},  {"@here"}, {"\tx"}, {"\rx"},          {"=\"a,b\""},
      {""},     {" =1"},    {"'=1"}, {"1-2"},   {"a=b"}, {"größe - klein"}};
  EXPECT_EQ(
      Written(CsvForm::kSpreadsheet, rows),
      "\xEF\xBB\xBF'=1+1\r\n'+49 30\r\n'-5\r\n'@here\r\n'\tx\r\n\"'\rx\"\r\n\"'=\"\"a,b\"\"\"\r\n"
      "\r\n =1\r\n'=1\r\n1-2\r\na=b\r\ngröße - klein\r\n");
}

TEST(CsvWriter, LeavesNumbersAlone) {
  EXPECT_EQ(Written(CsvForm::kSpreadsheet, {{CsvNumber{"-6.2"}, CsvNumber{""}, "2025-01-01"}}),
            "\xEF\xBB\xBF-6.2,,2025-01-01\r\n");
}

}  // namespace
}  // namespace emptychair
