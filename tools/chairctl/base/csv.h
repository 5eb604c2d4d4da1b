// CSV as RFC 4180 defines it.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// One row as read.
struct CsvRow {
  // The line on which it starts; the header is on line 1. A quoted field can span several.
  int64_t line = 0;
  // All that was read, also of a row that cannot be used.
  std::vector<std::string> fields;
  // FIELD_INVALID says why the row cannot be used: its number of fields is not that of the header,
  // it is not UTF-8, or it breaks the rules for quotes. The next row can be read nevertheless.
  absl::Status status;
};

// Reads rows one at a time, in memory of at most one row. Rows end with LF or CRLF; a byte order
// mark at the start is skipped, as are empty lines unless the header has one column only. A quote
// that is out of place ends its row at the end of the line; one that is not closed ends it at the
// end of the file, or after `kRowBytesMax`. Not thread-safe.
class CsvReader {
 public:
  static constexpr size_t kRowBytesMax = 4 << 20;

  // `in` must outlive the reader.
  explicit CsvReader(std::istream& in) : in_(in) {}

  // Reads the header; call it once, first. FIELD_INVALID when there is none or it is malformed.
  absl::Status ReadHeader();

  const std::vector<std::string>& columns() const { return columns_; }

  // The next row; nothing at the end of the file, or when it cannot be read further.
  std::optional<CsvRow> Next();

  // Whether reading ended because the file could not be read.
  bool failed() const { return in_.bad(); }

 private:
  int Peek();
  int Get();
  std::optional<CsvRow> ReadRow();
  absl::Status ReadField(std::string& field);
  absl::Status ReadQuotedField(std::string& field);
  void ReadToEndOfLine(std::string& field);
  bool AtEndOfField();

  std::istream& in_;
  std::string chunk_;
  size_t chunk_position_ = 0;
  int64_t line_ = 1;
  size_t row_bytes_ = 0;
  std::vector<std::string> columns_;
};

// Appends `field` to a line of CSV: quoted where needed.
void AppendCsvField(absl::string_view field, std::string& line);

// `fields` as a line of CSV, with its LF.
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_
