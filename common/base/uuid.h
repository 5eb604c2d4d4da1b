// UUIDs, and the time that version 7 carries (RFC 9562, section 5.7).
#ifndef EMPTYCHAIR_COMMON_BASE_UUID_H_
#define EMPTYCHAIR_COMMON_BASE_UUID_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// 16 bytes in network order: of two version 7 UUIDs the later sorts behind.
struct Uuid {
  static constexpr size_t kSize = 16;

  std::array<uint8_t, kSize> bytes{};

  absl::string_view AsBytes() const {
    return absl::string_view(reinterpret_cast<const char*>(bytes.data()), kSize);
  }

  // The UUID of exactly 16 bytes; nothing for any other size.
  static std::optional<Uuid> FromBytes(absl::string_view bytes);

  // The UUID written as 8-4-4-4-12 hexadecimal digits in either case; nothing for any other text.
  static std::optional<Uuid> Parse(absl::string_view text);

  // A version 7 UUID of `unix_ms` (0 to 2^48 - 1) whose other 74 bits are taken from `entropy`.
  static Uuid MakeV7(int64_t unix_ms, const std::array<uint8_t, 10>& entropy);

  // The lowest 16 bytes that carry `unix_ms`: a bound for key ranges, not itself a version 7 UUID.
  static Uuid LowestAt(int64_t unix_ms);

  // Whether version and variant are those of a version 7 UUID.
  bool IsV7() const;

  // The time in a version 7 UUID, in milliseconds since 1970.
  int64_t UnixMs() const;

  // 36 characters, lower case.
  std::string ToString() const;

  friend bool operator==(const Uuid&, const Uuid&) = default;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Uuid& uuid) {
    return H::combine(std::move(h), uuid.bytes);
  }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_UUID_H_
