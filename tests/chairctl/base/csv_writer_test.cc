#include "tools/chairctl/base/csv_writer.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairctl/base/csv.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;

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
  const std::string text = Written(CsvForm::kSpreadsheet, rows);
  std::istringstream in(text.substr(3) + "end\r\n");
  CsvReader reader(in);
  ASSERT_TRUE(reader.ReadHeader().ok());
  std::vector<std::string> read = reader.columns();
  while (const std::optional<CsvRow> row = reader.Next()) {
    ASSERT_TRUE(row->status.ok()) << row->status;
    read.push_back(row->fields[0]);
  }
  EXPECT_THAT(read, ElementsAre("'=1+1", "'+49 30", "'-5", "'@here", "'\tx", "'\rx", "'=\"a,b\"",
                                "", " =1", "'=1", "1-2", "a=b", "größe - klein", "end"));
}

TEST(CsvWriter, LeavesNumbersAlone) {
  EXPECT_EQ(Written(CsvForm::kSpreadsheet, {{CsvNumber{"-6.2"}, CsvNumber{""}, "2025-01-01"}}),
            "\xEF\xBB\xBF-6.2,,2025-01-01\r\n");
}

}  // namespace
}  // namespace emptychair
