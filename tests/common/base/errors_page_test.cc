// docs/errors.md has every reason, with its code, and no other.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

struct Row {
  std::string code;
  std::string when;
  std::string what_to_do;
  std::string again;
};

// The rows of the table of reasons: | `REASON` | code | when | metadata | what to do | again |.
std::map<std::string, Row> RowsOfPage() {
  std::map<std::string, Row> rows;
  std::ifstream page(EMPTYCHAIR_ERRORS_PAGE);
  for (std::string line; std::getline(page, line);) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() != 8) {
      continue;
    }
    for (std::string& cell : cells) {
      absl::StripAsciiWhitespace(&cell);
    }
    absl::string_view reason = cells[1];
    if (absl::ConsumePrefix(&reason, "`") && absl::ConsumeSuffix(&reason, "`")) {
      EXPECT_TRUE(rows.emplace(reason, Row{cells[2], cells[3], cells[5], cells[6]}).second)
          << reason << " is there twice";
    }
  }
  return rows;
}

// The code of each reason, by name.
std::map<std::string, std::string> CodesOfReasons() {
  std::map<std::string, std::string> codes;
  const auto* reasons = v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const auto reason = static_cast<v1::ErrorReason>(reasons->value(i)->number());
    if (reason != v1::ERROR_REASON_UNSPECIFIED) {
      codes[std::string(ReasonName(reason))] = absl::StatusCodeToString(CodeOf(reason));
    }
  }
  return codes;
}

TEST(ErrorsPage, HasEachReasonWithItsCodeAndNoOther) {
  std::map<std::string, std::string> codes;
  for (const auto& [reason, row] : RowsOfPage()) {
    codes[reason] = row.code;
  }
  EXPECT_EQ(codes, CodesOfReasons());
}

TEST(ErrorsPage, SaysWhenAndWhatToDo) {
  for (const auto& [reason, row] : RowsOfPage()) {
    EXPECT_THAT((std::vector{row.when, row.what_to_do}), Each(Not(IsEmpty()))) << reason;
    EXPECT_THAT(row.again, AnyOf("yes", "no")) << reason;
  }
}

}  // namespace
}  // namespace emptychair
