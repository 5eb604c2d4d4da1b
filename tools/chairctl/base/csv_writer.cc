#include "tools/chairctl/base/csv_writer.h"

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/csv.h"

namespace emptychair {

absl::string_view CsvStart(CsvForm form) {
  return form == CsvForm::kSpreadsheet ? "\xEF\xBB\xBF" : "";
}

bool LooksLikeFormula(absl::string_view text) {
  return !text.empty() && absl::string_view("=+-@\t\r").find(text[0]) != absl::string_view::npos;
}

const std::string& TextOf(const CsvCell& cell) {
  const auto* number = std::get_if<CsvNumber>(&cell);
  return number == nullptr ? std::get<std::string>(cell) : number->digits;
}

void CsvWriter::Write(const std::vector<CsvCell>& row) {
  const bool for_spreadsheet = form_ == CsvForm::kSpreadsheet;
  std::vector<std::string> fields;
  fields.reserve(row.size());
  for (const CsvCell& cell : row) {
    const std::string& text = TextOf(cell);
    const bool guards =
        for_spreadsheet && std::holds_alternative<std::string>(cell) && LooksLikeFormula(text);
    fields.push_back(guards ? absl::StrCat("'", text) : text);
  }
  std::string line = CsvLine(fields);
  if (for_spreadsheet) {
    line.replace(line.size() - 1, 1, "\r\n");
  }
  out_ << (is_begun_ ? "" : CsvStart(form_)) << line;
  is_begun_ = true;
}

}  // namespace emptychair
