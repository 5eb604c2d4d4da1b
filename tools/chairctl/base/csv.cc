#include "tools/chairctl/base/csv.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr int kEnd = -1;
constexpr size_t kChunkBytes = 64 << 10;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::Status Malformed(absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row", description);
}

absl::Status CheckFields(const CsvRow& row, size_t wanted) {
  for (const std::string& field : row.fields) {
    if (!IsValidUtf8(field)) {
      return Malformed(absl::StrCat("has ", Quoted(field), "; wanted UTF-8"));
    }
  }
  if (row.fields.size() != wanted) {
    return Malformed(
        absl::StrCat("has ", row.fields.size(), " fields; wanted ", wanted, " as in the header"));
  }
  return absl::OkStatus();
}

}  // namespace

int CsvReader::Peek() {
  if (chunk_position_ == chunk_.size()) {
    chunk_.resize(kChunkBytes);
    in_.read(chunk_.data(), static_cast<std::streamsize>(chunk_.size()));
    chunk_.resize(static_cast<size_t>(in_.gcount()));
    chunk_position_ = 0;
  }
  return chunk_.empty() ? kEnd : static_cast<unsigned char>(chunk_[chunk_position_]);
}

int CsvReader::Get() {
  const int c = Peek();
  if (c != kEnd) {
    ++chunk_position_;
    ++row_bytes_;
    line_ += c == '\n';
  }
  return c;
}

// Whether the next is a comma, the end of a line or of the file.
bool CsvReader::AtEndOfField() {
  const int c = Peek();
  return c == ',' || c == '\n' || c == kEnd;
}

void CsvReader::ReadToEndOfLine(std::string& field) {
  while (Peek() != '\n' && Peek() != kEnd) {
    field.push_back(static_cast<char>(Get()));
  }
  if (!field.empty() && field.back() == '\r') {
    field.pop_back();
  }
}

absl::Status CsvReader::ReadQuotedField(std::string& field) {
  Get();
  for (;;) {
    const int c = Get();
    if (c == kEnd) {
      return Malformed("has a quoted field that is not closed before the end of the file");
    }
    if (row_bytes_ > kRowBytesMax) {
      ReadToEndOfLine(field);
      return Malformed(
          absl::StrCat("is longer than ", kRowBytesMax, " bytes; is a quote not closed?"));
    }
    if (c != '"') {
      field.push_back(static_cast<char>(c));
      continue;
    }
    if (Peek() == '"') {
      field.push_back(static_cast<char>(Get()));
      continue;
    }
    if (AtEndOfField()) {
      return absl::OkStatus();
    }
    std::string rest;
    ReadToEndOfLine(rest);
    if (rest.empty()) {
      return absl::OkStatus();  // The CR of a CRLF.
    }
    absl::StrAppend(&field, rest);
    return Malformed(absl::StrCat("has text after a closing quote, ", Quoted(rest, 32)));
  }
}

absl::Status CsvReader::ReadField(std::string& field) {
  if (Peek() == '"') {
    return ReadQuotedField(field);
  }
  while (!AtEndOfField()) {
    if (Peek() == '"') {
      absl::Status status =
          Malformed(absl::StrCat("has a quote inside a field without quotes, ", Quoted(field, 32)));
      ReadToEndOfLine(field);
      return status;
    }
    if (row_bytes_ > kRowBytesMax) {
      ReadToEndOfLine(field);
      return Malformed(absl::StrCat("is longer than ", kRowBytesMax, " bytes"));
    }
    field.push_back(static_cast<char>(Get()));
  }
  if (Peek() != ',' && !field.empty() && field.back() == '\r') {
    field.pop_back();
  }
  return absl::OkStatus();
}

std::optional<CsvRow> CsvReader::ReadRow() {
  if (Peek() == kEnd) {
    return std::nullopt;
  }
  CsvRow row;
  row.line = line_;
  row_bytes_ = 0;
  do {
    row.status = ReadField(row.fields.emplace_back());
  } while (row.status.ok() && Peek() == ',' && Get() == ',');
  Get();  // The LF, or nothing at the end of the file.
  if (failed()) {
    return std::nullopt;  // The row may lack its end.
  }
  return row;
}

absl::Status CsvReader::ReadHeader() {
  Peek();
  if (absl::string_view(chunk_).substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    chunk_position_ = kByteOrderMark.size();
  }
  std::optional<CsvRow> header = ReadRow();
  if (!header.has_value() || (header->fields.size() == 1 && header->fields[0].empty())) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                      "has no header; wanted the names of the columns on line 1");
  }
  RETURN_IF_ERROR(header->status);
  RETURN_IF_ERROR(CheckFields(*header, header->fields.size()));
  columns_ = std::move(header->fields);
  return absl::OkStatus();
}

std::optional<CsvRow> CsvReader::Next() {
  for (;;) {
    std::optional<CsvRow> row = ReadRow();
    if (!row.has_value()) {
      return std::nullopt;
    }
    if (row->status.ok() && columns_.size() > 1 && row->fields.size() == 1 &&
        row->fields[0].empty() && row_bytes_ <= 2) {
      continue;
    }
    if (row->status.ok()) {
      row->status = CheckFields(*row, columns_.size());
    }
    return row;
  }
}

void AppendCsvField(absl::string_view field, std::string& line) {
  const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(field.begin(), field.end(), is_special)) {
    line.append(field.data(), field.size());
    return;
  }
  line.push_back('"');
  for (const char c : field) {
    line.append(c == '"' ? 2 : 1, c);
  }
  line.push_back('"');
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) {
      line.push_back(',');
    }
    AppendCsvField(fields[i], line);
  }
  line.push_back('\n');
  return line;
}

}  // namespace emptychair
