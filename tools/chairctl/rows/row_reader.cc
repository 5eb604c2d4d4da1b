#include "tools/chairctl/rows/row_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace emptychair {

Row Row::Copy() const {
  std::string text(json);
  for (const Cell& cell : cells) {
    absl::StrAppend(&text, cell.text);
  }
  Row copy;
  copy.line = line;
  copy.status = status;
  copy.storage = std::make_shared<const std::string>(std::move(text));
  const absl::string_view all = *copy.storage;
  copy.json = all.substr(0, json.size());
  size_t begin = json.size();
  for (const Cell& cell : cells) {
    copy.cells.push_back({all.substr(begin, cell.text.size()), cell.kind});
    begin += cell.text.size();
  }
  return copy;
}

std::unique_ptr<RowReader> RowReader::Create(TextSource& source, const Dialect& dialect,
                                             int skip_rows) {
  return dialect.form == FileForm::kCsv
             ? MakeCsvRowReader(source, dialect, skip_rows)
             : MakeJsonRowReader(source, dialect.form == FileForm::kJsonArray, skip_rows);
}

}  // namespace emptychair
