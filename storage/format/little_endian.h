// Fixed-width integers of stored values: little-endian, two's complement.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_LITTLE_ENDIAN_H_
#define EMPTYCHAIR_STORAGE_FORMAT_LITTLE_ENDIAN_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace emptychair::storage {

// Writes `value` to the sizeof(Int) bytes at `to`.
template <typename Int>
void StoreLittleEndian(char* to, Int value) {
  for (size_t i = 0; i < sizeof(Int); ++i) {
    to[i] = static_cast<char>(static_cast<std::make_unsigned_t<Int>>(value) >> (8 * i));
  }
}

template <typename Int>
void AppendLittleEndian(std::string& to, Int value) {
  char bytes[sizeof(Int)];
  StoreLittleEndian(bytes, value);
  to.append(bytes, sizeof(Int));
}

// Reads the sizeof(Int) bytes at `from`.
template <typename Int>
Int LoadLittleEndian(const char* from) {
  if constexpr (std::endian::native == std::endian::little) {
    // One load: the compiler does not always make one of the loop below.
    Int value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  } else {
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(Int); ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
    }
    return static_cast<Int>(value);
  }
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_LITTLE_ENDIAN_H_
