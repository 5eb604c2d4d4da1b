// Activities as the rest of the program sees them.
#ifndef EMPTYCHAIR_STORAGE_READ_ACTIVITIES_H_
#define EMPTYCHAIR_STORAGE_READ_ACTIVITIES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/activities.h"
#include "storage/format/keys.h"
#include "storage/read/external_ids.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// The zone of a kind that is used before it is declared.
inline constexpr absl::string_view kUndeclaredKindZone = "UTC";

// A stored activity. Its time is that of its id.
struct ActivityRecord {
  uint32_t kind_number = 0;
  Uuid id;
  ActivityHeader header;
  store::v1::StoredActivity body;
};

// The activity `value` under the given key. Errors: STORE_DAMAGED.
absl::StatusOr<ActivityRecord> DecodeActivity(const ActivityKey& key, absl::string_view value);

// The key in `activity_by_id` of an activity of the kind.
std::string ActivityIdKeyOf(const KeyedHash& hash, uint32_t kind_number,
                            absl::string_view activity_id);

// What is under the hash of an activity's id.
struct ActivityLookup {
  // The activity that has the id.
  std::optional<ActivityRecord> record;
  bool is_erased = false;  // The one that had it is.
  // The entries of all whose ids share the start of the hash.
  std::vector<ExternalIdEntry> sharing;
};

// Looks up the activity of the kind that has or had the id. Compares texts, and whole hashes where
// the text is gone. Errors: STORE_DAMAGED, those of `get`.
absl::StatusOr<ActivityLookup> LookUpActivity(const store::v1::StoredActivityKind& kind,
                                              absl::string_view activity_id, const KeyedHash& hash,
                                              GetEntry get);

absl::Status ActivityNotFoundError(absl::string_view kind, absl::string_view activity_id);

// Selects activities, and their order: by time and id.
struct ActivityRange {
  uint32_t kind_number = 0;
  std::optional<uint32_t> customer_ordinal;  // Nothing: of all customers.
  // Activities whose time is in [start_ms, end_ms).
  int64_t start_ms = 0;
  int64_t end_ms = INT64_MAX;
  bool newest_first = false;
  // Goes on behind this one, which need not be there any more.
  std::optional<Uuid> after;
  // Of a customer's: what cannot be decoded is an error instead of being counted and left out. For
  // sums, which would be wrong.
  bool fails_on_damage = false;
};

// Position of an activity among those of several kinds: by time, then by kind and id.
struct ActivityPosition {
  int64_t time_ms = 0;
  uint32_t kind_number = 0;
  Uuid id;

  friend bool operator==(const ActivityPosition&, const ActivityPosition&) = default;
  friend auto operator<=>(const ActivityPosition&, const ActivityPosition&) = default;
};
ActivityPosition PositionOf(const ActivityRecord& record);

// Reads activities at a view; erased ones are not there. Thread-safe.
class ActivityReader {
 public:
  explicit ActivityReader(const Engine& engine) : engine_(engine) {}

  // Visits activities until the visit answers false or an error. Those that cannot be decoded are
  // counted and left out. Errors: those of `visit`, STORE_DAMAGED.
  using Visit = absl::FunctionRef<absl::StatusOr<bool>(const ActivityRecord&)>;
  absl::Status Scan(const View& view, const ActivityRange& range, Visit visit) const;

  // The kinds that the customer has activities of, by name. Reads one entry of each. Errors:
  // STORE_DAMAGED.
  absl::StatusOr<std::vector<std::shared_ptr<const ActivityKindView>>> KindsOf(
      const View& view, uint32_t customer_ordinal) const;

  // Visits what a customer did of all kinds, in descending order of positions, behind `after` if it
  // is given, as Scan does. Reads no more than it visits and one activity of each kind.
  using VisitOfKind =
      absl::FunctionRef<absl::StatusOr<bool>(const ActivityRecord&, const ActivityKindView&)>;
  absl::Status ScanAllKinds(const View& view, uint32_t customer_ordinal,
                            const std::optional<ActivityPosition>& after, VisitOfKind visit) const;

 private:
  absl::Status ScanKind(const View& view, const ActivityRange& range, Visit visit) const;
  absl::Status ScanCustomer(const View& view, const ActivityRange& range, Visit visit) const;
  absl::StatusOr<bool> VisitEntry(const View& view, const ActivityKey& key, absl::string_view value,
                                  const ActivityRange& range, Visit visit) const;

  const Engine& engine_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_ACTIVITIES_H_
