#include "common/base/key_id.h"

namespace emptychair {
namespace {

constexpr absl::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kBitsPerDigit = 5;
constexpr size_t kTextSize = 12;

}  // namespace

std::string KeyIdText(uint64_t id) {
  std::string text(kTextSize, '0');
  for (size_t i = kTextSize; i-- > 0; id >>= kBitsPerDigit) {
    text[i] = kDigits[id & (kDigits.size() - 1)];
  }
  return text;
}

std::optional<uint64_t> ParseKeyId(absl::string_view text) {
  if (text.size() != kTextSize) {
    return std::nullopt;
  }
  uint64_t id = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == absl::string_view::npos) {
      return std::nullopt;
    }
    id = id << kBitsPerDigit | digit;
  }
  return id;
}

}  // namespace emptychair
