// Rows of a file, CSV or JSON lines, as the fields that they are mapped to.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_READER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_READER_H_

#include <cstdint>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// Prefix of a label's field; its key follows.
inline constexpr absl::string_view kLabelPrefix = "label.";

// The fields that a column can be read into, as a sentence lists them.
std::string FieldNames();

// Maps fields to columns, and names the values that count as empty.
struct Mapping {
  // Column by field. A field that is absent here is read from the column of its own name.
  std::map<std::string, std::string> columns;
  // Values that count as empty.
  std::set<std::string> blanks;
};

// Reads `FIELD=COLUMN` texts, split at the first `=`. FIELD_INVALID: a FIELD that records do not
// have (the message lists those they have), or one that is mapped twice.
absl::StatusOr<Mapping> ParseMapping(const std::vector<std::string>& maps,
                                     const std::vector<std::string>& blanks);

// One row.
struct Row {
  // The line on which it starts; the first of the file is 1.
  int64_t line = 0;
  // FIELD_INVALID says why the row cannot be used; it has no fields then.
  absl::Status status;
  // Values by field; an empty one is absent from the record. A row has all fields that the file
  // maps (CSV), or those that the row itself has and those that a flag maps (JSON lines).
  std::map<std::string, std::string> fields;
  // The row as read, for `RejectedRow`: its fields (CSV), or its line (JSON lines).
  std::vector<std::string> original;
};

// Reads a file row by row. Call `Open`, then `Bind`, then `Next` until it has nothing. Not
// thread-safe.
class ImportReader {
 public:
  // CSV with a header (see csv.h). `in` must outlive the reader.
  static std::unique_ptr<ImportReader> ForCsv(std::istream& in);

  // One JSON object a line, with strings, numbers and null as values; labels as `"label.KEY"` or
  // in an object `"labels"`. Values that are not mapped can be anything. Empty lines are skipped.
  // `in` must outlive the reader.
  static std::unique_ptr<ImportReader> ForJsonLines(std::istream& in);

  virtual ~ImportReader() = default;

  // FIELD_INVALID when the file is empty or has no header that can be used.
  virtual absl::Status Open() = 0;

  // FIELD_INVALID when a mapped column does not exist or exists twice. JSON lines need not be
  // alike: a row without a mapped column lacks that field.
  virtual absl::Status Bind(Mapping mapping) = 0;

  // Whether a row can have a value for `field`. Call after `Bind`.
  virtual bool CanHave(absl::string_view field) const = 0;

  // The next row; nothing at the end of the file, or when it cannot be read further.
  virtual std::optional<Row> Next() = 0;

  // Whether reading ended because the file could not be read.
  virtual bool failed() const = 0;

  // What a file of rejected rows starts with, and such a row: the original with `error_line` and
  // `error_reason` added. Both end with LF; the header of JSON lines is empty.
  virtual std::string RejectsHeader() const = 0;
  virtual std::string RejectedRow(const Row& row, absl::string_view reason) const = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_READER_H_
