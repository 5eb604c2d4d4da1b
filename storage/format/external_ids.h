// Entries of the indexes by the caller's ids of feedback and activities. docs/storage_format.md has
// their bytes, with test vectors.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_EXTERNAL_IDS_H_
#define EMPTYCHAIR_STORAGE_FORMAT_EXTERNAL_IDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// The id of a record that came with an external id alone: the same submission makes the same.
Uuid DerivedFeedbackId(const KeyedHash& hash, absl::string_view survey_id,
                       absl::string_view external_id, int64_t unix_ms);

// The id of an activity: the same kind, `activity_id` and time make the same.
Uuid DerivedActivityId(const KeyedHash& hash, absl::string_view kind, absl::string_view activity_id,
                       int64_t unix_ms);

// Leads to a record that has or had an external id with the hash of the key. The text is in the
// record, to compare with; once that is erased, all of the hash stands here.
struct ExternalIdEntry {
  // On disk: DO NOT CHANGE.
  enum class Kind : uint8_t {
    kDerived = 1,  // The record's id follows from its external id and `unix_ms`.
    kGiven = 2,
    kErased = 3,
  };

  Kind kind = Kind::kGiven;
  int64_t unix_ms = 0;  // kDerived.
  Uuid feedback_id;     // kGiven, kErased.
  IdHash hash{};        // kErased.

  friend bool operator==(const ExternalIdEntry&, const ExternalIdEntry&) = default;
};

// The entry of a record that is not erased.
ExternalIdEntry ExternalIdEntryOf(const KeyedHash& hash, absl::string_view survey_id,
                                  absl::string_view external_id, const Uuid& feedback_id);

// The record that an entry, which is not erased, leads to if it is that of `external_id`.
Uuid FeedbackIdOf(const ExternalIdEntry& entry, const KeyedHash& hash, absl::string_view survey_id,
                  absl::string_view external_id);

// Column families `feedback_by_external_id` and `activity_by_id`, all of whose ids are derived or
// erased: the entries of all who share the key; at least one.
std::string EncodeExternalIdEntries(const std::vector<ExternalIdEntry>& entries);
std::optional<std::vector<ExternalIdEntry>> DecodeExternalIdEntries(absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_EXTERNAL_IDS_H_
