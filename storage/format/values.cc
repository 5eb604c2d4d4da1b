#include "storage/format/values.h"

#include <cstring>

#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;
constexpr uint8_t kHasScore = 1;
constexpr uint8_t kIsErased = 2;

bool HasVersion(absl::string_view value) { return !value.empty() && value[0] == kVersion; }

// Offsets in the header.
constexpr size_t kFlagsAt = 1;
constexpr size_t kExclusionAt = 2;
constexpr size_t kReservedAt = 3;
constexpr size_t kScoreAt = 4;
constexpr size_t kCustomerAt = 8;
constexpr size_t kSeriesAt = 12;
constexpr size_t kZoneOffsetAt = 16;
constexpr size_t kSequenceAt = 20;
constexpr uint8_t kExclusionReasonMax = 6;

static_assert(kSequenceAt + sizeof(uint64_t) == FeedbackHeader::kSize);

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
  value.reserve(FeedbackHeader::kSize + body.ByteSizeLong());
  value.push_back(kVersion);
  AppendLittleEndian<uint8_t>(value, header.score.has_value() ? kHasScore : 0);
  AppendLittleEndian<uint8_t>(value, header.exclusion_reason);
  AppendLittleEndian<uint8_t>(value, 0);
  AppendLittleEndian<int32_t>(value, header.score.value_or(0));
  AppendLittleEndian<uint32_t>(value, header.customer_ordinal);
  AppendLittleEndian<uint32_t>(value, header.series);
  AppendLittleEndian<int32_t>(value, header.zone_offset_seconds);
  AppendLittleEndian<uint64_t>(value, header.sequence);
  body.AppendToString(&value);
  return value;
}

std::string EncodeTombstone(uint64_t sequence) {
  std::string value = EncodeFeedback({.sequence = sequence}, store::v1::StoredFeedback());
  value[kFlagsAt] = kIsErased;
  return value;
}

bool DecodeFeedbackHeader(absl::string_view value, FeedbackHeader& header) {
  if (value.size() < FeedbackHeader::kSize || !HasVersion(value)) {
    return false;
  }
  const auto flags = LoadLittleEndian<uint8_t>(value.data() + kFlagsAt);
  header.is_erased = flags == kIsErased;
  header.sequence = LoadLittleEndian<uint64_t>(value.data() + kSequenceAt);
  if (header.is_erased) {
    return value == EncodeTombstone(header.sequence);
  }
  header.exclusion_reason = LoadLittleEndian<uint8_t>(value.data() + kExclusionAt);
  const auto score = LoadLittleEndian<int32_t>(value.data() + kScoreAt);
  if ((flags & ~kHasScore) != 0 || header.exclusion_reason > kExclusionReasonMax ||
      LoadLittleEndian<uint8_t>(value.data() + kReservedAt) != 0 || (flags == 0 && score != 0)) {
    return false;
  }
  header.score = flags == kHasScore ? std::optional(score) : std::nullopt;
  header.customer_ordinal = LoadLittleEndian<uint32_t>(value.data() + kCustomerAt);
  header.series = LoadLittleEndian<uint32_t>(value.data() + kSeriesAt);
  header.zone_offset_seconds = LoadLittleEndian<int32_t>(value.data() + kZoneOffsetAt);
  return true;
}

std::optional<FeedbackHeader> DecodeFeedbackHeader(absl::string_view value) {
  std::optional<FeedbackHeader> header(std::in_place);
  if (!DecodeFeedbackHeader(value, *header)) {
    header.reset();
  }
  return header;
}

bool DecodeFeedbackBody(absl::string_view value, store::v1::StoredFeedback& body) {
  if (value.size() < FeedbackHeader::kSize) {
    return false;
  }
  value.remove_prefix(FeedbackHeader::kSize);
  return body.ParseFromArray(value.data(), static_cast<int>(value.size()));
}

std::string EncodeExternalIdEntry(const Uuid& feedback_id, absl::string_view external_id) {
  std::string value(1, kVersion);
  value.append(feedback_id.AsBytes().data(), Uuid::kSize);
  value.append(external_id.data(), external_id.size());
  return value;
}

std::optional<ExternalIdEntry> DecodeExternalIdEntry(absl::string_view value) {
  if (value.size() < 1 + Uuid::kSize || !HasVersion(value)) {
    return std::nullopt;
  }
  return ExternalIdEntry{*Uuid::FromBytes(value.substr(1, Uuid::kSize)),
                         std::string(value.substr(1 + Uuid::kSize))};
}

std::string EncodeCustomerHash(const IdHash& customer_id_hash) {
  std::string value(1, kVersion);
  value.append(reinterpret_cast<const char*>(customer_id_hash.data()), customer_id_hash.size());
  return value;
}

std::optional<IdHash> DecodeCustomerHash(absl::string_view value) {
  IdHash hash;
  if (value.size() != 1 + hash.size() || !HasVersion(value)) {
    return std::nullopt;
  }
  std::memcpy(hash.data(), value.data() + 1, hash.size());
  return hash;
}

}  // namespace emptychair::storage
