// The bytes of activities. docs/storage_format.md has the same as a specification, with test
// vectors.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_ACTIVITIES_H_
#define EMPTYCHAIR_STORAGE_FORMAT_ACTIVITIES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"

namespace emptychair::storage {

// An amount of money: `units` and billionths of a unit, both of one sign.
struct Amount {
  using Currency = std::array<char, 3>;  // Upper-case ASCII letters.

  int64_t units = 0;
  int32_t nanos = 0;
  Currency currency{};

  bool IsPositive() const { return units > 0 || nanos > 0; }
  friend bool operator==(const Amount&, const Amount&) = default;
};

// What is read of an activity without parsing its message.
struct ActivityHeader {
  // A tombstone: the activity was erased, of which only its id and `sequence` are left.
  bool is_erased = false;
  uint32_t customer_ordinal = kAnonymous;  // Of every activity that is not erased: a customer.
  int32_t zone_offset_seconds = 0;
  std::optional<Amount> amount;
  uint64_t sequence = 0;  // Of the newest change.

  bool is_positive() const { return amount.has_value() && amount->IsPositive(); }
  friend bool operator==(const ActivityHeader&, const ActivityHeader&) = default;
};

// Column family `activity`: header, whose fields take as few bytes as they need, then a
// StoredActivity. What stays of an erased one is EncodeTombstone.
std::string EncodeActivity(const ActivityHeader& header, const store::v1::StoredActivity& body);
std::optional<ActivityHeader> DecodeActivityHeader(absl::string_view value);
bool DecodeActivityBody(absl::string_view value, store::v1::StoredActivity& body);

// Column family `activity_by_customer`: what sets need of the activity, of several with one key
// together.
struct ActivityMark {
  bool is_positive = false;  // The amount of at least one.
  int32_t zone_offset_seconds = 0;

  friend bool operator==(const ActivityMark&, const ActivityMark&) = default;
};
std::string EncodeActivityMark(const ActivityMark& mark);
std::optional<ActivityMark> DecodeActivityMark(absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_ACTIVITIES_H_
