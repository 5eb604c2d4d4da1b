// Rows of CSV as commands print them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_WRITER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_WRITER_H_

#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace emptychair {

enum class CsvForm {
  // As RFC 4180 has it, each value byte for byte; rows end with LF.
  kExact,
  // For people at a spreadsheet, which guesses the encoding and computes what looks like a formula:
  // a UTF-8 byte order mark first, rows end with CRLF, and a text that is a formula to it has an
  // apostrophe in front. Not to be imported: the apostrophes would stay.
  kSpreadsheet,
};

// What a file of `form` begins with; empty for an exact one.
absl::string_view CsvStart(CsvForm form);

// Returns whether a spreadsheet may compute `text`: whether it begins with `=`, `+`, `-`, `@`, tab
// or CR. In a file for spreadsheets such a text has an apostrophe in front.
bool LooksLikeFormula(absl::string_view text);

// Holds the digits of a number, with which a program may compute.
struct CsvNumber {
  std::string digits;
};

// A cell of a row: a text, which times are, too, unless it is said to be a number.
using CsvCell = std::variant<std::string, CsvNumber>;

// Returns what stands in the cell.
const std::string& TextOf(const CsvCell& cell);

// Writes the rows of one file, its header first. Not thread-safe.
class CsvWriter {
 public:
  // `out` must outlive the writer.
  CsvWriter(std::ostream& out, CsvForm form) : out_(out), form_(form) {}

  void Write(const std::vector<CsvCell>& row);

 private:
  std::ostream& out_;
  const CsvForm form_;
  bool is_begun_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_WRITER_H_
