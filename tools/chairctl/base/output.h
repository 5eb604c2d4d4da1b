// The three forms of output: a table for people, CSV and JSON for programs.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

enum class OutputFormat { kTable, kCsv, kJson };

// The format of a name: table, csv or json.
std::optional<OutputFormat> ParseOutputFormat(absl::string_view name);

// Stands in tables for what is absent.
inline constexpr absl::string_view kAbsent = "–";

// `message` as protobuf JSON, with its LF: fields without presence always, `optional` fields and
// messages only when set.
std::string ToJson(const google::protobuf::Message& message);

// The same on one line, for a stream of messages.
std::string ToJsonLine(const google::protobuf::Message& message);

// An object with one field, `name`, that is the list of `messages`.
std::string ToJsonList(absl::string_view name,
                       const std::vector<const google::protobuf::Message*>& messages);

// `number` in the fewest digits that read back as the same double, never with an exponent.
std::string ExactNumber(double number);

// `number` in the digits in which JSON has it.
std::string JsonNumber(double number);

// `number` rounded to two decimals, for tables.
std::string RoundedNumber(double number);

// `number` as it is written in words: `−6.2`, `6.2`, never a negative zero.
std::string NumberText(double number, int decimals);

// Returns the columns that `text`, which is UTF-8, takes on a terminal: one for each character.
size_t DisplayWidth(absl::string_view text);

// `text` without what could move the cursor, turn the direction or break the line: escaped as `\n`,
// `\x1b` or `\u202e`, and so are bytes that are not UTF-8. All else stays.
std::string Printable(absl::string_view text);

// A table of text in columns. Not thread-safe.
class Table {
 public:
  enum class Align { kLeft, kRight };

  void AddColumn(absl::string_view heading, Align align);

  // `cells` has one text per column.
  void AddRow(std::vector<std::string> cells);

  // The columns that the table takes on a terminal.
  size_t Width() const;

  // Writes the headings and the rows, each on a line, columns two spaces apart.
  void Print(std::ostream& out) const;

  // The same for a table of many rows, piece by piece: forgets the rows that it writes. The first
  // piece has the headings, and its widths stay: what is wider later pushes the rest of its line.
  void PrintPiece(std::ostream& out);

 private:
  struct Column {
    std::string heading;
    Align align;
    size_t width;
  };

  void PrintLine(const std::vector<std::string>& cells, std::ostream& out) const;
  void PrintHeadings(std::ostream& out) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  bool has_fixed_widths_ = false;
};

// Names and values of fields, in the order in which they are shown.
using TextFields = std::vector<std::pair<std::string, CsvCell>>;

// Writes `name  value` lines, the values one below the other. Values are made printable.
void PrintFields(const TextFields& fields, std::ostream& out);

// Write a row: the names of `fields`, their values.
void WriteNames(const TextFields& fields, CsvWriter& csv);
void WriteValues(const TextFields& fields, CsvWriter& csv);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_OUTPUT_H_
