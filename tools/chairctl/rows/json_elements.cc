#include "tools/chairctl/rows/json_elements.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

constexpr absl::string_view kBlanks = " \t\r\n";

// Finds the end of the value with which a text begins, as the text comes.
class ValueScanner {
 public:
  // Goes on behind what was scanned before. Whether the value ends within `text`; then `size` is
  // its number of bytes.
  bool Scan(absl::string_view text, size_t& size) {
    for (; position_ < text.size(); ++position_) {
      const char c = text[position_];
      if (is_string_) {
        is_string_ = is_escaped_ || c != '"';
        is_escaped_ = !is_escaped_ && c == '\\';
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth_ == 0 && position_ > 0 && (c == ',' || closes)) {
        size = position_;
        return true;
      }
      is_string_ = c == '"';
      depth_ += (c == '{' || c == '[') - closes;
      if (closes && depth_ == 0) {
        size = position_ + 1;
        return true;
      }
    }
    return false;
  }

 private:
  size_t position_ = 0;
  int depth_ = 0;
  bool is_string_ = false;
  bool is_escaped_ = false;
};

}  // namespace

JsonElements::JsonElements(ReadMore read_more, bool is_array)
    : read_more_(std::move(read_more)), is_array_(is_array) {}

bool JsonElements::Next(JsonElement& element) {
  element.status = absl::OkStatus();
  return is_array_ ? NextOfArray(element) : NextLine(element);
}

// False when there is nothing more.
bool JsonElements::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t before = buffer_.size();
  const size_t wanted = 2 * before + 1;
  while (!at_end_ && buffer_.size() < wanted) {
    at_end_ = !read_more_(buffer_);
  }
  return buffer_.size() > before;
}

// Passes over the characters of `passed`; false at the end of the text.
bool JsonElements::SkipTo(absl::string_view passed) {
  for (;;) {
    for (; begin_ < buffer_.size(); ++begin_) {
      if (passed.find(buffer_[begin_]) == absl::string_view::npos) {
        return true;
      }
      line_ += buffer_[begin_] == '\n';
    }
    if (!Fill()) {
      return false;
    }
  }
}

bool JsonElements::Take(size_t size, JsonElement& element) {
  element.line = line_;
  element.text = absl::string_view(buffer_).substr(begin_, size);
  line_ += std::count(element.text.begin(), element.text.end(), '\n');
  begin_ += size;
  return true;
}

bool JsonElements::Stop(absl::string_view problem, JsonElement& element) {
  element.status = FieldError(v1::ERROR_REASON_FIELD_INVALID, "row", problem);
  is_over_ = true;
  return Take(buffer_.size() - begin_, element);
}

bool JsonElements::NextLine(JsonElement& element) {
  if (is_over_ || !SkipTo(kBlanks)) {
    return false;
  }
  for (size_t scanned = 0;;) {
    const size_t end = buffer_.find('\n', begin_ + scanned);
    if (end != std::string::npos || at_end_) {
      Take(std::min(end, buffer_.size()) - begin_, element);
      element.text = absl::StripTrailingAsciiWhitespace(element.text);
      return true;
    }
    scanned = buffer_.size() - begin_;
    if (scanned > kElementBytesMax) {
      return Stop(absl::StrCat("is longer than ", kElementBytesMax,
                               " bytes; the rest of the file was not read"),
                  element);
    }
    Fill();
  }
}

bool JsonElements::BehindArray(JsonElement& element) {
  ++begin_;  // The bracket.
  is_over_ = true;
  return SkipTo(kBlanks) && Stop("stands behind the end of the array", element);
}

bool JsonElements::NextOfArray(JsonElement& element) {
  if (is_over_) {
    return false;
  }
  if (!is_open_) {
    is_open_ = true;
    if (SkipTo(kBlanks)) {
      ++begin_;  // The bracket that made it an array.
    }
  }
  if (!SkipTo(" \t\r\n,")) {
    return Stop("is cut off: the file ends within the array", element);
  }
  if (buffer_[begin_] == ']') {
    return BehindArray(element);
  }
  ValueScanner scanner;
  size_t size = 0;
  while (!scanner.Scan(absl::string_view(buffer_).substr(begin_), size)) {
    if (buffer_.size() - begin_ > kElementBytesMax) {
      return Stop(absl::StrCat("is longer than ", kElementBytesMax,
                               " bytes; the rest of the file was not read"),
                  element);
    }
    if (!Fill()) {
      return Stop("is cut off: the file ends within the array", element);
    }
  }
  return Take(size, element);
}

}  // namespace emptychair
