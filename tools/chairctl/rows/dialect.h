// How a file is written: its form, its delimiter, where its header stands.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_DIALECT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_DIALECT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair {

enum class FileForm { kCsv, kJsonLines, kJsonArray };

// What is said of a file, and found where nothing is said.
struct Dialect {
  FileForm form = FileForm::kCsv;
  // Of a CSV.
  char delimiter = ',';
  // Where the header begins in the text, and on which line.
  size_t header_offset = 0;
  int64_t header_line = 1;
  // Behind each row: LF, CRLF or CR; empty when the start of the file has no end of line.
  std::string line_ends;
};

// What the flags say of it; absent where they do not.
struct DialectFlags {
  // csv, json or jsonl; empty: by the content, else by the file's name.
  std::string format;
  // One ASCII character, or `tab`.
  std::optional<std::string> delimiter;
  // From 1.
  std::optional<int> header_row;
};

// Finds how a file is written by its `start`. FIELD_INVALID: a delimiter that cannot be one, a line
// of the header that is not there, or a flag of CSV for a file that is JSON.
absl::StatusOr<Dialect> FindDialect(absl::string_view start, absl::string_view file_name,
                                    const DialectFlags& flags);

// The name of a form or of a delimiter, for people.
std::string FormName(FileForm form);
std::string DelimiterName(char delimiter);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_DIALECT_H_
