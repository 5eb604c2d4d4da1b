// Rows of a CSV as RFC 4180 defines it, with any delimiter.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_CSV_READER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_CSV_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// One row as read.
struct CsvRow {
  // The line on which it starts. A quoted cell can span several.
  int64_t line = 0;
  // All that was read, also of a row that cannot be used, but for one that is too long. Valid until
  // the next row is read.
  std::vector<absl::string_view> cells;
  // FIELD_INVALID says why the row cannot be used: it is no UTF-8, or it breaks the rules for
  // quotes. The next row can be read nevertheless.
  absl::Status status;
};

// Reads rows one at a time. Rows end with LF, CRLF or CR. A quote that is out of place ends its row
// at the end of the line; one that is not closed ends it at the end of the text, or after
// `kRowBytesMax`. Memory is that of one row and of a chunk of text. Not thread-safe.
class CsvReader {
 public:
  static constexpr size_t kRowBytesMax = 4 << 20;

  // Appends more of the text; false at its end.
  using ReadMore = std::function<bool(std::string& text)>;

  // `delimiter` is an ASCII character other than the quote and those that end lines. `first_line`
  // is the number of the line with which the text begins.
  CsvReader(ReadMore read_more, char delimiter, int64_t first_line = 1);

  // The next row; false at the end of the text.
  bool Next(CsvRow& row);

 private:
  // A cell within the buffer, without its quotes.
  struct Span {
    size_t begin = 0;
    size_t end = 0;
    bool is_quoted = false;
    // Has doubled quotes.
    bool is_escaped = false;
  };
  enum class Scan { kDone, kIncomplete, kMalformed };

  void Fill();
  Scan ScanRow(CsvRow& row);
  Scan ScanQuoted(size_t& position, Span& cell, CsvRow& row);
  Scan ScanPlain(size_t& position, Span& cell, CsvRow& row);
  Scan EndRowAtLine(size_t position, size_t error, absl::string_view problem, Span cell,
                    CsvRow& row);
  bool SkipLineEnd(size_t& position);
  void SkipTooLongRow();
  void Finish(size_t end, CsvRow& row);

  const ReadMore read_more_;
  const char delimiter_;
  // Which bytes end a cell without quotes, or must not be in one.
  std::array<bool, 256> is_special_{};
  std::string buffer_;
  size_t begin_ = 0;
  bool at_end_ = false;
  // Where the row must end at the latest, and whether the text ends there.
  size_t scan_end_ = 0;
  bool is_last_ = false;
  int64_t line_;
  // The last row ended with CR alone, so that a CR inside a cell is an end of line, too.
  bool lines_end_with_cr_ = false;
  std::vector<Span> spans_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_CSV_READER_H_
