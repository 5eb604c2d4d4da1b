// The text of a file, whatever it is encoded in, as UTF-8.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_SOURCE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair {

class Decoder;

// Reads a file in chunks and decodes them. Bytes that are no text in the file's encoding become
// bytes that are no UTF-8, so that the row they are in can be refused. Not thread-safe.
class TextSource {
 public:
  // How much of the start can be looked at before anything is read.
  static constexpr size_t kStartBytes = 64 << 10;

  // The names of encodings, as a sentence lists them.
  static std::string EncodingNames();

  // `encoding` is one of those names, in any case; empty: that of the byte order mark, else UTF-8,
  // and then a file that is not UTF-8 is refused with FIELD_INVALID, all of it where the file can
  // be read twice, else its start. `in` must outlive the source.
  static absl::StatusOr<std::unique_ptr<TextSource>> Open(std::istream& in,
                                                          absl::string_view encoding);
  ~TextSource();
  TextSource(const TextSource&) = delete;
  TextSource& operator=(const TextSource&) = delete;

  // The encoding's name, for people.
  const std::string& encoding() const { return encoding_; }

  // The start of the text, without its byte order mark.
  absl::string_view start() const { return start_; }

  // Appends more of the text, first its start; false at the end, or when it cannot be read further.
  bool ReadMore(std::string& text);

  // Whether reading ended because the file could not be read.
  bool failed() const { return in_.bad(); }

 private:
  explicit TextSource(std::istream& in);

  std::string ReadBytes();
  absl::Status CheckUtf8();

  std::istream& in_;
  std::string encoding_;
  std::unique_ptr<Decoder> decoder_;  // Null for UTF-8.
  std::string start_;
  bool start_was_read_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_SOURCE_H_
