// Rows of a file, whatever its form, as cells in columns.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_ROW_READER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_ROW_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chairctl/rows/dialect.h"
#include "tools/chairctl/rows/text_source.h"

namespace emptychair {

// A value of a row.
struct Cell {
  enum class Kind : uint8_t {
    // The row has no such value.
    kAbsent,
    kText,
    // A list or an object of JSON, of which there is no text.
    kNotPlain,
    // A number of 2^53 or more of JSON, which may have been rounded already.
    kInexact,
  };
  absl::string_view text;
  Kind kind = Kind::kAbsent;
};

// One row that is not blank.
struct Row {
  // The line on which it starts; the first of the file is 1.
  int64_t line = 0;
  // FIELD_INVALID says why the row cannot be used.
  absl::Status status;
  // By column. There are fewer than columns when the last ones are absent.
  std::vector<Cell> cells;
  // The object as it stands in the file; empty for CSV.
  absl::string_view json;
  // What the views lie in when the row is a copy; null: in the reader, until the next row is read.
  std::shared_ptr<const std::string> storage;

  const Cell& cell(size_t column) const {
    static const Cell kAbsent;
    return column < cells.size() ? cells[column] : kAbsent;
  }
  // A row that does not depend on the reader.
  Row Copy() const;
};

// The column in which a file of rejected rows has the id of a row.
struct IdColumn {
  // -1: one of this name is added.
  int place = -1;
  absl::string_view name = "external_id";
};

// Reads a file row by row: call `Open`, then `Next` until it has nothing. Not thread-safe.
class RowReader {
 public:
  // `source` must outlive the reader. Leaves out `skip_rows` rows, blank or not, under the header
  // of a CSV, or at the start of JSON.
  static std::unique_ptr<RowReader> Create(TextSource& source, const Dialect& dialect,
                                           int skip_rows);

  virtual ~RowReader() = default;

  // FIELD_INVALID when the file is empty or has no header that can be used.
  virtual absl::Status Open() = 0;

  // The next row that is not blank; false at the end of the file, or when it cannot be read
  // further.
  virtual bool Next(Row& row) = 0;

  // The columns: those of the header of a CSV. Those of JSON are the names that objects had so far,
  // with those of `labels` as `label.KEY`, those of `exclusion` as `exclusion_NAME` and those of
  // `amount` as `amount_NAME`, but for its `currency`.
  const std::vector<std::string>& columns() const { return columns_; }

  // A row as it is kept to be written to a file of rejected rows: cells, or the text of an object.
  virtual std::vector<std::string> Keep(const Row& row) const = 0;

  // What a file of rejected rows starts with, and such a row: as kept, with `error_line` and
  // `error_reason`, and with the row's id where that is not empty. Both end with LF; the header of
  // JSON is empty.
  virtual std::string RejectsHeader(const IdColumn& id_column) const = 0;
  virtual std::string RejectedRow(std::vector<std::string> kept, int64_t line,
                                  absl::string_view reason, absl::string_view id,
                                  const IdColumn& id_column) const = 0;

 protected:
  std::vector<std::string> columns_;
};

// The names of the columns that a file of rejected rows has more.
inline constexpr absl::string_view kErrorLineColumn = "error_line";
inline constexpr absl::string_view kErrorReasonColumn = "error_reason";

// Each form's reader.
std::unique_ptr<RowReader> MakeCsvRowReader(TextSource& source, const Dialect& dialect,
                                            int skip_rows);
std::unique_ptr<RowReader> MakeJsonRowReader(TextSource& source, bool is_array, int skip_rows);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_ROW_READER_H_
