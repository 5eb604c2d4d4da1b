#include "storage/format/values.h"

#include <utility>

#include "storage/format/little_endian.h"
#include "storage/format/varint.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;
// Flags of a record's header.
constexpr uint8_t kHasScore = 1;
constexpr uint8_t kIsErased = 2;
constexpr uint8_t kIsExcluded = 4;

constexpr uint8_t kExclusionReasonMax = 6;
constexpr size_t kHeaderSizeUsual = 20;

bool HasVersion(absl::string_view value) { return !value.empty() && value[0] == kVersion; }

// Takes one byte off the front.
bool ConsumeByte(absl::string_view& from, uint8_t& byte) {
  if (from.empty()) {
    return false;
  }
  byte = static_cast<uint8_t>(from[0]);
  from.remove_prefix(1);
  return true;
}

// Takes what counting needs off the front of a record's value.
bool ConsumeHeader(absl::string_view& value, FeedbackHeader& header) {
  uint8_t version = 0;
  uint8_t flags = 0;
  if (!ConsumeByte(value, version) || version != kVersion || !ConsumeByte(value, flags)) {
    return false;
  }
  header.is_erased = flags == kIsErased;
  if (header.is_erased) {
    return ConsumeVarint(value, header.sequence) && value.empty();
  }
  if ((flags & ~(kHasScore | kIsExcluded)) != 0) {
    return false;
  }
  header.exclusion_reason = 0;
  if ((flags & kIsExcluded) != 0 &&
      (!ConsumeByte(value, header.exclusion_reason) || header.exclusion_reason == 0 ||
       header.exclusion_reason > kExclusionReasonMax)) {
    return false;
  }
  header.score.reset();
  if ((flags & kHasScore) != 0) {
    int32_t score = 0;
    if (!ConsumeSignedVarint(value, score)) {
      return false;
    }
    header.score = score;
  }
  return ConsumeVarint(value, header.customer_ordinal) && ConsumeVarint(value, header.series) &&
         ConsumeSignedVarint(value, header.zone_offset_seconds) &&
         ConsumeVarint(value, header.sequence);
}

}  // namespace

std::string EncodeFormat(uint32_t version) {
  std::string value;
  AppendLittleEndian(value, version);
  return value;
}

std::optional<uint32_t> DecodeFormat(absl::string_view value) {
  if (value.size() != 4) {
    return std::nullopt;
  }
  return LoadLittleEndian<uint32_t>(value.data());
}

std::string EncodeMessage(const google::protobuf::MessageLite& message) {
  std::string value(1, kVersion);
  message.AppendToString(&value);
  return value;
}

bool DecodeMessage(absl::string_view value, google::protobuf::MessageLite& message) {
  return HasVersion(value) &&
         message.ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1));
}

std::string EncodeFeedback(const FeedbackHeader& header, const store::v1::StoredFeedback& body) {
  std::string value;
  value.reserve(kHeaderSizeUsual + body.ByteSizeLong());
  value.push_back(kVersion);
  const bool is_excluded = header.exclusion_reason != 0;
  value.push_back(static_cast<char>((header.score.has_value() ? kHasScore : 0) |
                                    (is_excluded ? kIsExcluded : 0)));
  if (is_excluded) {
    value.push_back(static_cast<char>(header.exclusion_reason));
  }
  if (header.score.has_value()) {
    AppendSignedVarint(value, *header.score);
  }
  AppendVarint(value, header.customer_ordinal);
  AppendVarint(value, header.series);
  AppendSignedVarint(value, header.zone_offset_seconds);
  AppendVarint(value, header.sequence);
  body.AppendToString(&value);
  return value;
}

std::string EncodeTombstone(uint64_t sequence) {
  std::string value = {kVersion, static_cast<char>(kIsErased)};
  AppendVarint(value, sequence);
  return value;
}

bool DecodeFeedbackHeader(absl::string_view value, FeedbackHeader& header) {
  return ConsumeHeader(value, header);
}

std::optional<FeedbackHeader> DecodeFeedbackHeader(absl::string_view value) {
  std::optional<FeedbackHeader> header(std::in_place);
  if (!DecodeFeedbackHeader(value, *header)) {
    header.reset();
  }
  return header;
}

bool DecodeFeedbackBody(absl::string_view value, store::v1::StoredFeedback& body) {
  FeedbackHeader header;
  if (!ConsumeHeader(value, header)) {
    return false;
  }
  return body.ParseFromArray(value.data(), static_cast<int>(value.size()));
}

std::string EncodeAccessId(uint64_t id) {
  std::string value(1, kVersion);
  AppendLittleEndian(value, id);
  return value;
}

std::optional<uint64_t> DecodeAccessId(absl::string_view value) {
  if (!HasVersion(value) || value.size() != 1 + sizeof(uint64_t)) {
    return std::nullopt;
  }
  return LoadLittleEndian<uint64_t>(value.data() + 1);
}

std::string EncodeOrdinals(const std::vector<uint32_t>& ordinals) {
  std::string value(1, kVersion);
  for (const uint32_t ordinal : ordinals) {
    AppendVarint(value, ordinal);
  }
  return value;
}

std::optional<std::vector<uint32_t>> DecodeOrdinals(absl::string_view value) {
  if (!HasVersion(value)) {
    return std::nullopt;
  }
  value.remove_prefix(1);
  std::vector<uint32_t> ordinals;
  while (!value.empty()) {
    uint32_t ordinal = 0;
    if (!ConsumeVarint(value, ordinal) || ordinal == kAnonymous ||
        (!ordinals.empty() && ordinal <= ordinals.back())) {
      return std::nullopt;
    }
    ordinals.push_back(ordinal);
  }
  return ordinals.empty() ? std::nullopt : std::optional(std::move(ordinals));
}

}  // namespace emptychair::storage
