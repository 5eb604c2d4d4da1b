// The bytes of a spool: files of records, and how far they are answered. All clients read them.
#ifndef EMPTYCHAIR_CLIENT_WRITER_SPOOL_FORMAT_H_
#define EMPTYCHAIR_CLIENT_WRITER_SPOOL_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// What a file of records begins with. Each record follows as its length, the CRC-32 of zlib of its
// bytes, both 32 bits in little endian, and the bytes: a serialized Feedback, never empty.
inline constexpr absl::string_view kSpoolMagic = "ECSPOOL1";
inline constexpr size_t kSpoolHeadSize = 8;
inline constexpr size_t kSpoolRecordBytesMax = size_t{1} << 20;

// The name of the file whose first record has the number `first`: 16 hex digits and ".spool".
std::string SpoolFileName(uint64_t first);
// The number in such a name; nothing for any other.
std::optional<uint64_t> ParseSpoolFileName(absl::string_view name);

// What stands before the bytes of a record.
std::array<char, kSpoolHeadSize> SpoolHead(absl::string_view serialized);

// The file "acked": the number of the first record that is not answered, as 64 bits in little
// endian, and the CRC-32 of these.
std::string EncodeAcked(uint64_t number);
// Nothing for bytes that are no such file.
std::optional<uint64_t> DecodeAcked(absl::string_view bytes);

// Goes through the records in the bytes of a file, from behind the magic or behind any record.
class SpoolCursor {
 public:
  enum class Step {
    kRecord,
    // The bytes end before a record does, or behind one.
    kEnd,
    // What follows is no record.
    kWrong,
  };

  explicit SpoolCursor(absl::string_view bytes) : bytes_(bytes) {}

  // The next record, if there is one, is then `record()`, and `offset()` is behind it.
  Step Next();
  absl::string_view record() const { return record_; }
  size_t offset() const { return offset_; }

  // After kEnd or kWrong, when `bytes` go to the end of the newest file: whether what is left is
  // what a machine leaves that stops while it writes, which is a part of a record, one wrong record
  // or nothing but zeros.
  bool IsTorn() const;

 private:
  absl::string_view bytes_;
  absl::string_view record_;
  size_t offset_ = 0;
  bool is_wrong_to_end_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_SPOOL_FORMAT_H_
