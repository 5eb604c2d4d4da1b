// Integers of stored values in as few bytes as they need: seven bits a byte, the lowest first, the
// highest bit set where another byte follows (LEB128). Signed ones are zigzag: 0, -1, 1, -2 …
#ifndef EMPTYCHAIR_STORAGE_FORMAT_VARINT_H_
#define EMPTYCHAIR_STORAGE_FORMAT_VARINT_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

inline constexpr size_t kVarintSizeMax = 10;

inline void AppendVarint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    to.push_back(static_cast<char>(value | 0x80));
  }
  to.push_back(static_cast<char>(value));
}

inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

inline void AppendSignedVarint(std::string& to, int64_t value) { AppendVarint(to, ZigZag(value)); }

// Takes a varint off the front of `from`. False when there is none, when it is past the values of
// `Int`, or when it is longer than it need be.
template <typename Int>
bool ConsumeVarint(absl::string_view& from, Int& value) {
  if (!from.empty() && static_cast<uint8_t>(from[0]) < 0x80) {  // Most are small.
    value = static_cast<Int>(from[0]);
    from.remove_prefix(1);
    return true;
  }
  uint64_t read = 0;
  for (size_t i = 0; i < from.size() && i < kVarintSizeMax; ++i) {
    const auto byte = static_cast<uint8_t>(from[i]);
    const uint64_t bits = byte & 0x7F;
    if (i == kVarintSizeMax - 1 && byte > 1) {
      return false;
    }
    read |= bits << (7 * i);
    if (byte < 0x80) {
      if ((byte == 0 && i > 0) || read > static_cast<uint64_t>(std::numeric_limits<Int>::max())) {
        return false;
      }
      value = static_cast<Int>(read);
      from.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

template <typename Int>
bool ConsumeSignedVarint(absl::string_view& from, Int& value) {
  uint64_t read = 0;
  if (!ConsumeVarint(from, read)) {
    return false;
  }
  const int64_t wide = UnZigZag(read);
  value = static_cast<Int>(wide);
  return value == wide;
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_VARINT_H_
