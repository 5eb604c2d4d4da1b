#include "tools/chairctl/rows/dialect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

// In the order in which they win a tie.
constexpr absl::string_view kDelimiters = ",;\t|";

absl::Status Invalid(absl::string_view flag, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag, description);
}

// Takes the first line off `text`, with its end.
absl::string_view ConsumeLine(absl::string_view& text) {
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const absl::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (!absl::ConsumePrefix(&text, "\r\n") && !text.empty()) {
    text.remove_prefix(1);
  }
  return line;
}

// Whether a line has nothing but delimiters and blanks.
bool IsBlankLine(absl::string_view line) {
  std::string rest;
  for (const char c : line) {
    if (c != '"' && kDelimiters.find(c) == absl::string_view::npos) {
      rest.push_back(c);
    }
  }
  return WithoutBlanks(rest).empty();
}

// The first row of `text`: up to the first end of line outside quotes.
absl::string_view FirstRow(absl::string_view text) {
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    is_quoted ^= text[i] == '"';
    if (!is_quoted && (text[i] == '\r' || text[i] == '\n')) {
      return text.substr(0, i);
    }
  }
  return text;
}

int64_t CountOutsideQuotes(absl::string_view row, char wanted) {
  bool is_quoted = false;
  int64_t count = 0;
  for (const char c : row) {
    is_quoted ^= c == '"';
    count += !is_quoted && c == wanted;
  }
  return count;
}

char BestDelimiter(absl::string_view header) {
  char best = kDelimiters.front();
  for (const char delimiter : kDelimiters) {
    if (CountOutsideQuotes(header, delimiter) > CountOutsideQuotes(header, best)) {
      best = delimiter;
    }
  }
  return best;
}

bool CanDelimit(char c) {
  return absl::ascii_isascii(static_cast<unsigned char>(c)) && c != '"' && c != '\r' && c != '\n' &&
         c != '\0';
}

absl::StatusOr<char> ParseDelimiter(absl::string_view text) {
  if (text == "tab" || text == "\\t") {
    return '\t';
  }
  if (text.size() != 1 || !CanDelimit(text.front())) {
    return Invalid("--delimiter",
                   absl::StrCat("is ", Quoted(text), "; wanted one ASCII character, or tab"));
  }
  return text.front();
}

// The character of a first line `sep=X`.
std::optional<char> SeparatorOf(absl::string_view line) {
  absl::ConsumePrefix(&line, "\"");
  absl::ConsumeSuffix(&line, "\"");
  if (line.size() != 5 || !absl::StartsWithIgnoreCase(line, "sep=") || !CanDelimit(line.back())) {
    return std::nullopt;
  }
  return line.back();
}

std::string LineEndsOf(absl::string_view text) {
  const absl::string_view row = FirstRow(text);
  const absl::string_view rest = text.substr(row.size());
  return rest.empty()                     ? ""
         : absl::StartsWith(rest, "\r\n") ? "CRLF"
         : rest.front() == '\r'           ? "CR"
                                          : "LF";
}

bool IsJsonName(absl::string_view file_name) {
  return absl::EndsWithIgnoreCase(file_name, ".json") ||
         absl::EndsWithIgnoreCase(file_name, ".jsonl") ||
         absl::EndsWithIgnoreCase(file_name, ".ndjson");
}

FileForm FindForm(absl::string_view start, absl::string_view file_name, const std::string& format) {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(start);
  const char first = text.empty() ? '\0' : text.front();
  const bool is_json =
      format.empty() ? first == '[' || first == '{' || (first == '\0' && IsJsonName(file_name))
                     : format != "csv";
  return !is_json ? FileForm::kCsv : first == '[' ? FileForm::kJsonArray : FileForm::kJsonLines;
}

absl::Status FindHeader(absl::string_view start, const DialectFlags& flags, Dialect& dialect) {
  absl::string_view rest = start;
  int64_t line = 1;
  absl::string_view behind = rest;
  const std::optional<char> separator = SeparatorOf(ConsumeLine(behind));
  if (separator.has_value()) {
    rest = behind;
    ++line;
  }
  const int64_t wanted = flags.header_row.value_or(0);
  while (!rest.empty()) {
    behind = rest;
    const bool is_blank = IsBlankLine(ConsumeLine(behind));
    if (wanted > 0 ? line >= wanted : !is_blank) {
      break;
    }
    rest = behind;
    ++line;
  }
  if (wanted > 0 && (rest.empty() || line != wanted)) {
    return Invalid(
        "--header-row",
        absl::StrCat("is ", wanted, ", and no header begins there; wanted the number of ",
                     "a line within the first 64 KiB"));
  }
  dialect.header_offset = start.size() - rest.size();
  dialect.header_line = line;
  if (flags.delimiter.has_value()) {
    ASSIGN_OR_RETURN(dialect.delimiter, ParseDelimiter(*flags.delimiter));
  } else {
    dialect.delimiter = separator.has_value() ? *separator : BestDelimiter(FirstRow(rest));
  }
  dialect.line_ends = LineEndsOf(rest);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Dialect> FindDialect(absl::string_view start, absl::string_view file_name,
                                    const DialectFlags& flags) {
  Dialect dialect;
  dialect.form = FindForm(start, file_name, flags.format);
  if (dialect.form == FileForm::kCsv) {
    RETURN_IF_ERROR(FindHeader(start, flags, dialect));
    return dialect;
  }
  for (const auto& [flag, is_given] : {std::pair("--delimiter", flags.delimiter.has_value()),
                                       std::pair("--header-row", flags.header_row.has_value())}) {
    if (is_given) {
      return Invalid(flag, "is for CSV, and the file is JSON; --format csv says otherwise");
    }
  }
  const size_t end = start.find('\n');
  dialect.line_ends = end == absl::string_view::npos                ? ""
                      : end > 0 && start.substr(end - 1, 1) == "\r" ? "CRLF"
                                                                    : "LF";
  return dialect;
}

std::string FormName(FileForm form) {
  return form == FileForm::kCsv         ? "csv"
         : form == FileForm::kJsonArray ? "json array"
                                        : "json lines";
}

std::string DelimiterName(char delimiter) {
  return delimiter == '\t' ? "tab" : std::string(1, delimiter);
}

}  // namespace emptychair
