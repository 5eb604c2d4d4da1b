// The objects of JSON lines, or of a JSON array, one at a time.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_JSON_ELEMENTS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_JSON_ELEMENTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// What stands in one place of the file.
struct JsonElement {
  // The line on which it starts.
  int64_t line = 0;
  // As it stands there; valid until the next is read.
  absl::string_view text;
  // FIELD_INVALID: an array that ends too early, text behind it, or an element that is too long.
  absl::Status status;
};

// Splits a text into its elements without reading them. Memory is that of one element and of a
// chunk of text. Not thread-safe.
class JsonElements {
 public:
  static constexpr size_t kElementBytesMax = 4 << 20;

  // Appends more of the text; false at its end.
  using ReadMore = std::function<bool(std::string& text)>;

  JsonElements(ReadMore read_more, bool is_array);

  // The next line that is not empty, or the next element of the array; false at the end.
  bool Next(JsonElement& element);

 private:
  bool Fill();
  bool SkipTo(absl::string_view passed);
  bool NextLine(JsonElement& element);
  bool NextOfArray(JsonElement& element);
  bool BehindArray(JsonElement& element);
  bool Take(size_t size, JsonElement& element);
  bool Stop(absl::string_view problem, JsonElement& element);

  const ReadMore read_more_;
  const bool is_array_;
  std::string buffer_;
  size_t begin_ = 0;
  bool at_end_ = false;
  int64_t line_ = 1;
  // Within the array.
  bool is_open_ = false;
  bool is_over_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_JSON_ELEMENTS_H_
