// The bytes of values, other than the cube's rows (cube_row.h), the change log's entries
// (changes.h), the indexes by the caller's ids (external_ids.h), activities (activities.h) and sets
// of customers (customer_set.h). docs/storage_format.md has the same as a specification, with test
// vectors.
//
// Every value starts with a version byte. Decoders answer nothing for bytes that the encoder of
// that version could not have made; the caller says which value is damaged.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_VALUES_H_
#define EMPTYCHAIR_STORAGE_FORMAT_VALUES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// Version of the whole layout, in the value of FormatKey(). Opening a store brings it to this one;
// a newer one is refused, and so are those before the oldest, which were never released.
inline constexpr uint32_t kFormatVersion = 8;
inline constexpr uint32_t kOldestFormatVersion = 5;

std::string EncodeFormat(uint32_t version);
std::optional<uint32_t> DecodeFormat(absl::string_view value);

// A message behind the version byte. Used for identity, counters, surveys, activity kinds, imports,
// series and customers.
std::string EncodeMessage(const google::protobuf::MessageLite& message);
bool DecodeMessage(absl::string_view value, google::protobuf::MessageLite& message);

// Column family `access`, by the name of a certificate: the id of its entry.
std::string EncodeAccessId(uint64_t id);
std::optional<uint64_t> DecodeAccessId(absl::string_view value);

// No customer: an anonymous answer.
inline constexpr uint32_t kAnonymous = 0;

// The series of answers whose combination came after the survey had reached `max_series`.
inline constexpr uint32_t kOtherSeries = 0;

// What is read of a record without parsing its message: all that counting needs.
struct FeedbackHeader {
  // A tombstone: the record was erased, of which only ids and `sequence` are left.
  bool is_erased = false;
  std::optional<int32_t> score;
  uint8_t exclusion_reason = 0;  // v1.ExclusionReason; 0 while the record counts.
  uint32_t customer_ordinal = kAnonymous;
  uint32_t series = kOtherSeries;
  int32_t zone_offset_seconds = 0;
  uint64_t sequence = 0;  // Of the newest change to the record.

  friend bool operator==(const FeedbackHeader&, const FeedbackHeader&) = default;
};

// Column family `feedback`: header, whose fields take as few bytes as they need, then a
// StoredFeedback.
std::string EncodeFeedback(const FeedbackHeader& header, const store::v1::StoredFeedback& body);
std::optional<FeedbackHeader> DecodeFeedbackHeader(absl::string_view value);
// The same into a header that is at hand, which costs scans less than a copy. Of a tombstone it has
// only what that has; what else was there before stays. After false it is not to be used.
bool DecodeFeedbackHeader(absl::string_view value, FeedbackHeader& header);
bool DecodeFeedbackBody(absl::string_view value, store::v1::StoredFeedback& body);

// What stays of a record that was erased by the change `sequence`.
std::string EncodeTombstone(uint64_t sequence);

// Column family `customer`, by id: the ordinals of those whose ids share the hash, ascending; at
// least one.
std::string EncodeOrdinals(const std::vector<uint32_t>& ordinals);
std::optional<std::vector<uint32_t>> DecodeOrdinals(absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_VALUES_H_
