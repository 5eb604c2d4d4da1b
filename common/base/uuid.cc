#include "common/base/uuid.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace emptychair {
namespace {

constexpr size_t kTextSize = 36;
constexpr size_t kTimeBytes = 6;

bool IsDash(size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::optional<Uuid> Uuid::FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSize) {
    return std::nullopt;
  }
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), bytes.data(), kSize);
  return uuid;
}

std::optional<Uuid> Uuid::Parse(absl::string_view text) {
  if (text.size() != kTextSize) {
    return std::nullopt;
  }
  std::string digits;
  digits.reserve(2 * kSize);
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') {
        return std::nullopt;
      }
    } else if (!absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return std::nullopt;
    } else {
      digits.push_back(text[i]);
    }
  }
  return FromBytes(absl::HexStringToBytes(digits));
}

Uuid Uuid::MakeV7(int64_t unix_ms, const std::array<uint8_t, 10>& entropy) {
  Uuid uuid = LowestAt(unix_ms);
  std::copy(entropy.begin(), entropy.end(), uuid.bytes.begin() + kTimeBytes);
  uuid.bytes[6] = static_cast<uint8_t>(0x70 | (uuid.bytes[6] & 0x0f));
  uuid.bytes[8] = static_cast<uint8_t>(0x80 | (uuid.bytes[8] & 0x3f));
  return uuid;
}

Uuid Uuid::LowestAt(int64_t unix_ms) {
  Uuid uuid;
  for (size_t i = 0; i < kTimeBytes; ++i) {
    uuid.bytes[i] = static_cast<uint8_t>(unix_ms >> (8 * (kTimeBytes - 1 - i)));
  }
  return uuid;
}

bool Uuid::IsV7() const { return (bytes[6] & 0xf0) == 0x70 && (bytes[8] & 0xc0) == 0x80; }

int64_t Uuid::UnixMs() const {
  int64_t unix_ms = 0;
  for (size_t i = 0; i < kTimeBytes; ++i) {
    unix_ms = (unix_ms << 8) | bytes[i];
  }
  return unix_ms;
}

std::string Uuid::ToString() const {
  const std::string hex = absl::BytesToHexString(AsBytes());
  const absl::string_view digits = hex;
  return absl::StrCat(digits.substr(0, 8), "-", digits.substr(8, 4), "-", digits.substr(12, 4), "-",
                      digits.substr(16, 4), "-", digits.substr(20));
}

}  // namespace emptychair
