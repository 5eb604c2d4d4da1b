#include "tools/chairctl/base/output.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "google/protobuf/util/json_util.h"

namespace emptychair {
namespace {

constexpr size_t kGap = 2;

}  // namespace

std::optional<OutputFormat> ParseOutputFormat(absl::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "csv") return OutputFormat::kCsv;
  if (name == "json") return OutputFormat::kJson;
  return std::nullopt;
}

namespace {

std::string ToJson(const google::protobuf::Message& message, bool add_whitespace) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = add_whitespace;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for an Any of unknown type or a Timestamp out of range, which answers do not hold.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) { return ToJson(message, true); }

std::string ToJsonLine(const google::protobuf::Message& message) {
  return ToJson(message, false) + "\n";
}

std::string ToJsonList(absl::string_view name,
                       const std::vector<const google::protobuf::Message*>& messages) {
  std::string json = absl::StrCat("{\n \"", name, "\": [");
  for (size_t i = 0; i < messages.size(); ++i) {
    std::string element = ToJson(*messages[i]);
    absl::StripTrailingAsciiWhitespace(&element);
    // Strings in JSON hold no line breaks: every one is between tokens.
    absl::StrAppend(&json, i == 0 ? "\n  " : ",\n  ",
                    absl::StrReplaceAll(element, {{"\n", "\n  "}}));
  }
  absl::StrAppend(&json, messages.empty() ? "]\n}\n" : "\n ]\n}\n");
  return json;
}

std::string ExactNumber(double number) {
  char text[400];  // The longest double takes fewer.
  const auto end =
      std::to_chars(std::begin(text), std::end(text), number, std::chars_format::fixed).ptr;
  return std::string(std::begin(text), end);
}

std::string JsonNumber(double number) {
  std::string text = absl::StrFormat("%.15g", number);
  double read = 0;
  if (!absl::SimpleAtod(text, &read) || read != number) {
    text = absl::StrFormat("%.17g", number);
  }
  return text;
}

std::string RoundedNumber(double number) {
  const std::string text = absl::StrFormat("%.2f", number);
  return text == "-0.00" ? "0.00" : text;
}

std::string NumberText(double number, int decimals) {
  std::string text = absl::StrFormat("%.*f", decimals, number);
  if (text.find_first_not_of("-0.") == std::string::npos) {
    return absl::StrFormat("%.*f", decimals, 0.0);
  }
  return text[0] == '-' ? absl::StrCat("−", text.substr(1)) : text;
}

size_t DisplayWidth(absl::string_view text) {
  // Every byte but the continuations of UTF-8 starts a character.
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Printable(absl::string_view text) { return Visible(text); }

void Table::AddColumn(absl::string_view heading, Align align) {
  columns_.push_back({std::string(heading), align, DisplayWidth(heading)});
}

void Table::AddRow(std::vector<std::string> cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = Printable(cells[i]);
    if (!has_fixed_widths_) {
      columns_[i].width = std::max(columns_[i].width, DisplayWidth(cells[i]));
    }
  }
  rows_.push_back(std::move(cells));
}

size_t Table::Width() const {
  size_t width = 0;
  for (const Column& column : columns_) {
    width += column.width + (&column == &columns_.front() ? 0 : kGap);
  }
  return width;
}

void Table::PrintLine(const std::vector<std::string>& cells, std::ostream& out) const {
  std::string line;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t width = DisplayWidth(cells[i]);
    const std::string padding(std::max(columns_[i].width, width) - width, ' ');
    const bool right = columns_[i].align == Align::kRight;
    absl::StrAppend(&line, i == 0 ? "" : std::string(kGap, ' '), right ? padding : "", cells[i],
                    right ? "" : padding);
  }
  absl::StripTrailingAsciiWhitespace(&line);
  out << line << "\n";
}

void Table::PrintHeadings(std::ostream& out) const {
  std::vector<std::string> headings;
  for (const Column& column : columns_) {
    headings.push_back(column.heading);
  }
  PrintLine(headings, out);
}

void Table::Print(std::ostream& out) const {
  PrintHeadings(out);
  for (const std::vector<std::string>& row : rows_) {
    PrintLine(row, out);
  }
}

void Table::PrintPiece(std::ostream& out) {
  if (!has_fixed_widths_) {
    PrintHeadings(out);
    has_fixed_widths_ = true;
  }
  for (const std::vector<std::string>& row : rows_) {
    PrintLine(row, out);
  }
  rows_.clear();
}

void PrintFields(const TextFields& fields, std::ostream& out) {
  size_t width = 0;
  for (const auto& [name, value] : fields) {
    width = std::max(width, DisplayWidth(name));
  }
  for (const auto& [name, value] : fields) {
    const std::string& text = TextOf(value);
    out << name << std::string(width - DisplayWidth(name) + kGap, ' ')
        << (text.empty() ? std::string(kAbsent) : Printable(text)) << "\n";
  }
}

void WriteNames(const TextFields& fields, CsvWriter& csv) {
  std::vector<CsvCell> names;
  for (const auto& [name, value] : fields) {
    names.emplace_back(name);
  }
  csv.Write(names);
}

void WriteValues(const TextFields& fields, CsvWriter& csv) {
  std::vector<CsvCell> values;
  for (const auto& [name, value] : fields) {
    values.push_back(value);
  }
  csv.Write(values);
}

}  // namespace emptychair
