#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/rows/csv_reader.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

bool IsBlank(const CsvRow& row) {
  return std::all_of(row.cells.begin(), row.cells.end(),
                     [](absl::string_view cell) { return WithoutBlanks(cell).empty(); });
}

class CsvRowReader final : public RowReader {
 public:
  CsvRowReader(TextSource& source, const Dialect& dialect, int skip_rows)
      : csv_(
            [&source, skip = dialect.header_offset](std::string& text) mutable {
              const size_t before = text.size();
              const bool has_more = source.ReadMore(text);
              text.erase(before, std::exchange(skip, 0));  // Within the first chunk.
              return has_more;
            },
            dialect.delimiter, dialect.header_line),
        delimiter_(dialect.delimiter),
        skip_rows_(skip_rows) {}

  absl::Status Open() override {
    if (!csv_.Next(row_)) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                        "has no header; wanted the names of the columns on its first line");
    }
    RETURN_IF_ERROR(row_.status);
    for (const absl::string_view name : row_.cells) {
      columns_.emplace_back(name);
    }
    for (int i = 0; i < skip_rows_ && csv_.Next(row_); ++i) {
    }
    return absl::OkStatus();
  }

  bool Next(Row& row) override {
    do {
      if (!csv_.Next(row_)) {
        return false;
      }
    } while (row_.status.ok() && IsBlank(row_));
    row.line = row_.line;
    row.status = std::move(row_.status);
    row.cells.resize(row_.cells.size());
    for (size_t i = 0; i < row_.cells.size(); ++i) {
      row.cells[i] = {row_.cells[i], Cell::Kind::kText};
    }
    if (row.status.ok() && row.cells.size() != columns_.size()) {
      row.status = FieldError(v1::ERROR_REASON_FIELD_INVALID, "row",
                              absl::StrCat("has ", row.cells.size(), " fields; wanted ",
                                           columns_.size(), " as in the header"));
    }
    return true;
  }

  std::vector<std::string> Keep(const Row& row) const override {
    std::vector<std::string> cells;
    cells.reserve(row.cells.size());
    for (const Cell& cell : row.cells) {
      cells.emplace_back(cell.text);
    }
    return cells;
  }

  std::string RejectsHeader(const IdColumn& id_column) const override {
    std::vector<std::string> names = WithoutErrors(columns_);
    if (id_column.place < 0) {
      names.emplace_back(id_column.name);
    }
    names.emplace_back(kErrorLineColumn);
    names.emplace_back(kErrorReasonColumn);
    return CsvLine(names);
  }

  // A row with too many or too few fields keeps its text and still fits the header: what is too
  // much stays in the last column.
  std::string RejectedRow(std::vector<std::string> cells, int64_t line, absl::string_view reason,
                          absl::string_view id, const IdColumn& id_column) const override {
    const size_t wanted = columns_.size();
    if (cells.size() > wanted) {
      const auto last = cells.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
      *last = absl::StrJoin(last, cells.end(), std::string(1, delimiter_));
    }
    cells.resize(wanted);
    if (id_column.place >= 0 && !id.empty()) {
      cells[static_cast<size_t>(id_column.place)] = std::string(id);
    }
    cells = WithoutErrors(std::move(cells));
    if (id_column.place < 0) {
      cells.emplace_back(id);
    }
    cells.push_back(absl::StrCat(line));
    cells.emplace_back(reason);
    return CsvLine(cells);
  }

 private:
  // Without the columns that an earlier file of rejected rows has brought.
  std::vector<std::string> WithoutErrors(std::vector<std::string> cells) const {
    for (size_t i = columns_.size(); i > 0; --i) {
      if (columns_[i - 1] == kErrorLineColumn || columns_[i - 1] == kErrorReasonColumn) {
        cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(i) - 1);
      }
    }
    return cells;
  }

  CsvReader csv_;
  const char delimiter_;
  const int skip_rows_;
  CsvRow row_;
};

}  // namespace

std::unique_ptr<RowReader> MakeCsvRowReader(TextSource& source, const Dialect& dialect,
                                            int skip_rows) {
  return std::make_unique<CsvRowReader>(source, dialect, skip_rows);
}

}  // namespace emptychair
