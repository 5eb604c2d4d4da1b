#include "storage/format/activities.h"

#include <algorithm>

#include "storage/format/varint.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;
// Flags of a header. The second is that of a tombstone of feedback.
constexpr uint8_t kHasAmount = 1;
constexpr uint8_t kIsErased = 2;
constexpr uint8_t kIsPositive = 1;  // Of a mark.

constexpr size_t kHeaderSizeUsual = 32;
constexpr int32_t kNanosMax = 999'999'999;

bool ConsumeVersionAndFlags(absl::string_view& value, uint8_t& flags) {
  if (value.size() < 2 || value[0] != kVersion) {
    return false;
  }
  flags = static_cast<uint8_t>(value[1]);
  value.remove_prefix(2);
  return true;
}

bool ConsumeAmount(absl::string_view& value, Amount& amount) {
  if (value.size() < amount.currency.size()) {
    return false;
  }
  std::copy_n(value.begin(), amount.currency.size(), amount.currency.begin());
  value.remove_prefix(amount.currency.size());
  return std::all_of(amount.currency.begin(), amount.currency.end(),
                     [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         ConsumeSignedVarint(value, amount.units) && ConsumeSignedVarint(value, amount.nanos) &&
         amount.nanos >= -kNanosMax && amount.nanos <= kNanosMax &&
         (amount.units >= 0 || amount.nanos <= 0) && (amount.units <= 0 || amount.nanos >= 0);
}

bool ConsumeHeader(absl::string_view& value, ActivityHeader& header) {
  uint8_t flags = 0;
  if (!ConsumeVersionAndFlags(value, flags)) {
    return false;
  }
  header.is_erased = flags == kIsErased;
  if (header.is_erased) {
    return ConsumeVarint(value, header.sequence) && value.empty();
  }
  if ((flags & ~kHasAmount) != 0 || !ConsumeVarint(value, header.customer_ordinal) ||
      header.customer_ordinal == kAnonymous ||
      !ConsumeSignedVarint(value, header.zone_offset_seconds)) {
    return false;
  }
  return ((flags & kHasAmount) == 0 || ConsumeAmount(value, header.amount.emplace())) &&
         ConsumeVarint(value, header.sequence);
}

}  // namespace

std::string EncodeActivity(const ActivityHeader& header, const store::v1::StoredActivity& body) {
  std::string value;
  value.reserve(kHeaderSizeUsual + body.ByteSizeLong());
  value.push_back(kVersion);
  value.push_back(static_cast<char>(header.amount.has_value() ? kHasAmount : 0));
  AppendVarint(value, header.customer_ordinal);
  AppendSignedVarint(value, header.zone_offset_seconds);
  if (header.amount.has_value()) {
    value.append(header.amount->currency.data(), header.amount->currency.size());
    AppendSignedVarint(value, header.amount->units);
    AppendSignedVarint(value, header.amount->nanos);
  }
  AppendVarint(value, header.sequence);
  body.AppendToString(&value);
  return value;
}

std::optional<ActivityHeader> DecodeActivityHeader(absl::string_view value) {
  std::optional<ActivityHeader> header(std::in_place);
  if (!ConsumeHeader(value, *header)) {
    header.reset();
  }
  return header;
}

bool DecodeActivityBody(absl::string_view value, store::v1::StoredActivity& body) {
  ActivityHeader header;
  return ConsumeHeader(value, header) &&
         body.ParseFromArray(value.data(), static_cast<int>(value.size()));
}

std::string EncodeActivityMark(const ActivityMark& mark) {
  std::string value = {kVersion, static_cast<char>(mark.is_positive ? kIsPositive : 0)};
  AppendSignedVarint(value, mark.zone_offset_seconds);
  return value;
}

std::optional<ActivityMark> DecodeActivityMark(absl::string_view value) {
  uint8_t flags = 0;
  ActivityMark mark;
  if (!ConsumeVersionAndFlags(value, flags) || (flags & ~kIsPositive) != 0 ||
      !ConsumeSignedVarint(value, mark.zone_offset_seconds) || !value.empty()) {
    return std::nullopt;
  }
  mark.is_positive = flags == kIsPositive;
  return mark;
}

}  // namespace emptychair::storage
