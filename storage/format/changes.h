// Entries of the change log. docs/storage_format.md has their bytes, with test vectors.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_CHANGES_H_
#define EMPTYCHAIR_STORAGE_FORMAT_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/uuid.h"

namespace emptychair::storage {

// What a change is about. On disk: DO NOT CHANGE; docs/storage_format.md has the numbers that are
// set aside for what is to come.
enum class Entity : uint8_t {
  kFeedback = 1,      // `number` is that of the survey, `id` the feedback_id.
  kSurvey = 2,        // `number` is that of the survey, `id` all zero.
  kCustomer = 3,      // `number` is that of the customer, `id` all zero.
  kActivity = 4,      // `number` is that of the kind, `id` the activity's own.
  kActivityKind = 5,  // `number` is that of the kind, `id` all zero.
  kEffects = 6,  // How much customers repeat themselves: `number` of the survey, `id` all zero.
  kAccess = 7,   // A key or certificate: `number` is 0, `id` ends with its own.
};

// What was done by a change that took a sequence. Kinds below 16 mean the same for all entities,
// the others are an entity's own. On disk: DO NOT CHANGE.
enum class ChangeKind : uint8_t {
  kCreated = 1,
  kChanged = 2,
  kExcluded = 3,
  kIncluded = 4,
  kErased = 5,
  kDeleted = 6,
  kCubeCorrected = 16,  // Of a survey: its rows of the cube were mended.
  kSetsCorrected = 16,  // Of an activity kind: its sets of customers were mended.
};

// A change as the change log has it.
struct ChangeLogEntry {
  ChangeKind kind = ChangeKind::kCreated;
  Entity entity = Entity::kFeedback;
  uint32_t number = 0;
  Uuid id;

  friend bool operator==(const ChangeLogEntry&, const ChangeLogEntry&) = default;
};

// Column family `change`: changes of one command, 1 to kChangesPerEntry, whose numbers follow each
// other.
inline constexpr size_t kChangesPerEntry = 1000;
std::string EncodeChanges(absl::Span<const ChangeLogEntry> changes);
std::optional<std::vector<ChangeLogEntry>> DecodeChanges(absl::string_view value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_CHANGES_H_
