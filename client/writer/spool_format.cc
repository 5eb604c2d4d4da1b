#include "client/writer/spool_format.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emptychair {
namespace {

constexpr absl::string_view kSuffix = ".spool";
constexpr size_t kDigits = 16;

uint32_t Crc32(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void PutLittleEndian(uint64_t value, size_t size, char* to) {
  for (size_t i = 0; i < size; ++i) {
    to[i] = static_cast<char>(value >> (8 * i));
  }
}

uint64_t GetLittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace

std::string SpoolFileName(uint64_t first) { return absl::StrFormat("%016x%s", first, kSuffix); }

std::optional<uint64_t> ParseSpoolFileName(absl::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !absl::EndsWith(name, kSuffix)) {
    return std::nullopt;
  }
  uint64_t number = 0;
  for (char c : name.substr(0, kDigits)) {
    const size_t digit = absl::string_view("0123456789abcdef").find(c);
    if (digit == absl::string_view::npos) {
      return std::nullopt;
    }
    number = number << 4 | digit;
  }
  return number;
}

std::array<char, kSpoolHeadSize> SpoolHead(absl::string_view serialized) {
  std::array<char, kSpoolHeadSize> head;
  PutLittleEndian(serialized.size(), 4, head.data());
  PutLittleEndian(Crc32(serialized), 4, head.data() + 4);
  return head;
}

std::string EncodeAcked(uint64_t number) {
  std::string bytes(12, '\0');
  PutLittleEndian(number, 8, bytes.data());
  PutLittleEndian(Crc32(absl::string_view(bytes).substr(0, 8)), 4, bytes.data() + 8);
  return bytes;
}

std::optional<uint64_t> DecodeAcked(absl::string_view bytes) {
  if (bytes.size() != 12 || GetLittleEndian(bytes.substr(8)) != Crc32(bytes.substr(0, 8))) {
    return std::nullopt;
  }
  return GetLittleEndian(bytes.substr(0, 8));
}

SpoolCursor::Step SpoolCursor::Next() {
  const absl::string_view left = bytes_.substr(offset_);
  if (left.size() < kSpoolHeadSize) {
    return Step::kEnd;
  }
  const uint64_t size = GetLittleEndian(left.substr(0, 4));
  if (size == 0 || size > kSpoolRecordBytesMax) {
    return Step::kWrong;
  }
  if (size > left.size() - kSpoolHeadSize) {
    return Step::kEnd;
  }
  const absl::string_view record = left.substr(kSpoolHeadSize, size);
  if (GetLittleEndian(left.substr(4, 4)) != Crc32(record)) {
    is_wrong_to_end_ = left.size() == kSpoolHeadSize + size;
    return Step::kWrong;
  }
  record_ = record;
  offset_ += kSpoolHeadSize + size;
  return Step::kRecord;
}

bool SpoolCursor::IsTorn() const {
  const absl::string_view left = bytes_.substr(offset_);
  if (is_wrong_to_end_ || std::all_of(left.begin(), left.end(), [](char c) { return c == 0; })) {
    return true;
  }
  const bool has_size = left.size() >= 4;
  const uint64_t size = has_size ? GetLittleEndian(left.substr(0, 4)) : 0;
  return !has_size ||
         (size > 0 && size <= kSpoolRecordBytesMax && left.size() < kSpoolHeadSize + size);
}

}  // namespace emptychair
