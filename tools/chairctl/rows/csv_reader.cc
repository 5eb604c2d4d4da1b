#include "tools/chairctl/rows/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/utf8.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

absl::Status Malformed(absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row", description);
}

}  // namespace

CsvReader::CsvReader(ReadMore read_more, char delimiter, int64_t first_line)
    : read_more_(std::move(read_more)), delimiter_(delimiter), line_(first_line) {
  for (const char c : {delimiter, '"', '\r', '\n'}) {
    is_special_[static_cast<unsigned char>(c)] = true;
  }
}

bool CsvReader::Next(CsvRow& row) {
  row.status = absl::OkStatus();
  row.cells.clear();
  for (;;) {
    if (begin_ == buffer_.size()) {
      if (at_end_) {
        return false;
      }
      Fill();
      continue;
    }
    row.line = line_;
    if (ScanRow(row) != Scan::kIncomplete) {
      return true;
    }
    if (buffer_.size() - begin_ > kRowBytesMax) {
      row.status = Malformed(
          absl::StrCat("is longer than ", kRowBytesMax, " bytes; is a quote not closed?"));
      row.cells.clear();
      SkipTooLongRow();
      return true;
    }
    Fill();
  }
}

// Reads at least as much as is there already, so that a long row is scanned only a few times.
void CsvReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t wanted = 2 * buffer_.size() + 1;
  while (!at_end_ && buffer_.size() < wanted) {
    at_end_ = !read_more_(buffer_);
  }
}

CsvReader::Scan CsvReader::ScanRow(CsvRow& row) {
  spans_.clear();
  scan_end_ = std::min(buffer_.size(), begin_ + kRowBytesMax + 1);
  is_last_ = at_end_ && scan_end_ == buffer_.size();
  size_t position = begin_;
  for (;;) {
    Span cell;
    const bool quoted = position < scan_end_ && buffer_[position] == '"';
    const Scan scan = quoted ? ScanQuoted(position, cell, row) : ScanPlain(position, cell, row);
    if (scan != Scan::kDone) {
      return scan;
    }
    spans_.push_back(cell);
    if (position < scan_end_ && buffer_[position] == delimiter_) {
      ++position;
      continue;
    }
    const size_t end = position;
    if (!SkipLineEnd(position)) {
      return Scan::kIncomplete;
    }
    Finish(end, row);
    line_ += end != position;
    begin_ = position;
    return Scan::kDone;
  }
}

// Passes the end of a line, or the end of the text. False when more text is needed to tell.
bool CsvReader::SkipLineEnd(size_t& position) {
  if (position == scan_end_) {
    return is_last_;
  }
  if (buffer_[position] == '\r') {
    if (position + 1 == scan_end_ && !is_last_) {
      return false;
    }
    const bool crlf = position + 1 < scan_end_ && buffer_[position + 1] == '\n';
    lines_end_with_cr_ = !crlf;
    position += crlf ? 2 : 1;
    return true;
  }
  lines_end_with_cr_ = false;
  ++position;
  return true;
}

CsvReader::Scan CsvReader::ScanPlain(size_t& position, Span& cell, CsvRow& row) {
  cell.begin = position;
  const size_t size = scan_end_;
  while (position < size && !is_special_[static_cast<unsigned char>(buffer_[position])]) {
    ++position;
  }
  if (position == size && !is_last_) {
    return Scan::kIncomplete;
  }
  cell.end = position;
  if (position < size && buffer_[position] == '"') {
    return EndRowAtLine(position, cell.begin, "has a quote inside a field without quotes, ", cell,
                        row);
  }
  return Scan::kDone;
}

CsvReader::Scan CsvReader::ScanQuoted(size_t& position, Span& cell, CsvRow& row) {
  cell.is_quoted = true;
  cell.begin = position + 1;
  for (size_t from = cell.begin;;) {
    const char* data = buffer_.data();
    const auto* quote = static_cast<const char*>(std::memchr(data + from, '"', scan_end_ - from));
    if (quote == nullptr) {
      if (!is_last_) {
        return Scan::kIncomplete;
      }
      cell.end = scan_end_;
      spans_.push_back(cell);
      Finish(cell.end, row);
      row.status = Malformed("has a quoted field that is not closed before the end of the file");
      begin_ = scan_end_;
      return Scan::kMalformed;
    }
    cell.end = static_cast<size_t>(quote - data);
    const size_t next = cell.end + 1;
    if (next == scan_end_ && !is_last_) {
      return Scan::kIncomplete;
    }
    if (next < scan_end_ && buffer_[next] == '"') {
      cell.is_escaped = true;
      from = next + 1;
      continue;
    }
    position = next;
    const char c = next < scan_end_ ? buffer_[next] : '\n';
    return c == delimiter_ || c == '\r' || c == '\n'
               ? Scan::kDone
               : EndRowAtLine(next, next, "has text after a closing quote, ", cell, row);
  }
}

// Ends a row at the end of the line because of what is at `error`; all up to there is the text of
// its last cell.
CsvReader::Scan CsvReader::EndRowAtLine(size_t position, size_t error, absl::string_view problem,
                                        Span cell, CsvRow& row) {
  const size_t end = buffer_.find_first_of("\r\n", position);
  if (end >= scan_end_ && !is_last_) {
    return Scan::kIncomplete;
  }
  size_t next = std::min(end, scan_end_);
  const size_t line_end = next;
  if (!SkipLineEnd(next)) {
    return Scan::kIncomplete;
  }
  if (cell.is_quoted) {
    // The closing quote goes, what follows moves up.
    buffer_.erase(cell.end, 1);
    --scan_end_;
    --next;
    cell.end = line_end - 1;
    --error;
  } else {
    cell.end = line_end;
  }
  const std::string text = buffer_.substr(error, std::min<size_t>(cell.end - error, 64));
  const std::string shown =
      cell.is_quoted ? text : buffer_.substr(cell.begin, position - cell.begin);
  spans_.push_back(cell);
  Finish(cell.end, row);
  row.status = Malformed(absl::StrCat(problem, Quoted(shown, 32)));
  line_ += next != cell.end;
  begin_ = next;
  return Scan::kMalformed;
}

void CsvReader::SkipTooLongRow() {
  size_t from = begin_ + kRowBytesMax;
  for (;;) {
    const size_t end = buffer_.find_first_of("\r\n", from);
    line_ += std::count(
        buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
        buffer_.begin() + static_cast<std::ptrdiff_t>(std::min(end, buffer_.size())), '\n');
    begin_ = std::min(end, buffer_.size());
    if (end != std::string::npos || at_end_) {
      break;
    }
    Fill();
    from = begin_;
  }
  size_t next = begin_;
  for (scan_end_ = buffer_.size(), is_last_ = at_end_; !SkipLineEnd(next); next = begin_) {
    Fill();
    scan_end_ = buffer_.size();
    is_last_ = at_end_;
  }
  line_ += next != begin_;
  begin_ = next;
}

// Makes the cells of the spans, up to the row's last byte before `end`.
void CsvReader::Finish(size_t end, CsvRow& row) {
  const bool is_utf8 = IsValidUtf8(absl::string_view(buffer_).substr(begin_, end - begin_));
  row.cells.reserve(spans_.size());
  for (Span& span : spans_) {
    char* const begin = buffer_.data() + span.begin;
    char* last = buffer_.data() + span.end;
    if (span.is_quoted) {
      line_ += std::count(begin, last, '\n');
      if (lines_end_with_cr_) {
        line_ += std::count(begin, last, '\r');
      }
    }
    if (span.is_escaped) {
      char* to = begin;
      for (const char* from = begin; from < last; ++from) {
        *to++ = *from;
        from += *from == '"' && from + 1 < last && from[1] == '"';
      }
      last = to;
    }
    row.cells.emplace_back(begin, static_cast<size_t>(last - begin));
    if (!is_utf8 && row.status.ok() && !IsValidUtf8(row.cells.back())) {
      row.status = Malformed(absl::StrCat("has ", Quoted(row.cells.back()), "; wanted UTF-8"));
    }
  }
}

}  // namespace emptychair
