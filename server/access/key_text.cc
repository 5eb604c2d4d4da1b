#include "server/access/key_text.h"

#include <isa-l/crc.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/key_id.h"
#include "storage/format/keyed_hash.h"

namespace emptychair {
namespace {

constexpr absl::string_view kPrefix = "eck_";
constexpr absl::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t kIdSize = 12;
constexpr size_t kSecretSize = 43;
constexpr size_t kCheckSize = 6;
constexpr size_t kSecretAt = kPrefix.size() + kIdSize + 1;
constexpr size_t kCheckAt = kSecretAt + kSecretSize;
constexpr size_t kTextSize = kCheckAt + kCheckSize;
// The largest multiple of 62 in a byte: what is not below would make some digits more likely.
constexpr unsigned kUniformEnd = 248;

std::string CheckOf(absl::string_view text) {
  uint32_t crc =
      crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::string check(kCheckSize, '0');
  for (size_t i = kCheckSize; i-- > 0; crc /= kDigits.size()) {
    check[i] = kDigits[crc % kDigits.size()];
  }
  return check;
}

}  // namespace

std::string MakeKeyText(uint64_t id) { return MakeKeyText(id, storage::RandomBytes); }

std::string MakeKeyText(uint64_t id, const std::function<std::string(size_t size)>& random) {
  std::string text = absl::StrCat(kPrefix, KeyIdText(id), "_");
  while (text.size() < kCheckAt) {
    for (const char c : random(kCheckAt - text.size())) {
      if (const auto byte = static_cast<uint8_t>(c); byte < kUniformEnd && text.size() < kCheckAt) {
        text.push_back(kDigits[byte % kDigits.size()]);
      }
    }
  }
  return text + CheckOf(text);
}

std::optional<uint64_t> ParseKeyText(absl::string_view text) {
  if (text.size() != kTextSize || !absl::StartsWith(text, kPrefix) || text[kSecretAt - 1] != '_') {
    return std::nullopt;
  }
  for (const char c : text.substr(kSecretAt)) {
    if (!absl::StrContains(kDigits, c)) {
      return std::nullopt;
    }
  }
  if (text.substr(kCheckAt) != CheckOf(text.substr(0, kCheckAt))) {
    return std::nullopt;
  }
  return ParseKeyId(text.substr(kPrefix.size(), kIdSize));
}

uint64_t NewKeyId() {
  uint64_t id = 0;
  for (const char c : storage::RandomBytes(sizeof(id))) {
    id = id << 8 | static_cast<uint8_t>(c);
  }
  return id & kKeyIdMax;
}

}  // namespace emptychair
