#include "storage/read/activities.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/bounded_iterator.h"
#include "storage/read/customer_activities.h"

namespace emptychair::storage {
namespace {

// Ids end before this time.
constexpr int64_t kEndOfTimeMs = int64_t{1} << 48;

absl::Status Damaged(absl::string_view what) { return Error(v1::ERROR_REASON_STORE_DAMAGED, what); }

bool IsBehind(const Uuid& id, const ActivityRange& range) {
  return !range.after.has_value() || (range.newest_first ? id < *range.after : *range.after < id);
}

// The times that are left of the range, as [first, past).
std::pair<int64_t, int64_t> TimesOf(const ActivityRange& range) {
  int64_t first = std::max<int64_t>(range.start_ms, 0);
  int64_t past = std::min(range.end_ms, kEndOfTimeMs - 1);
  if (range.after.has_value()) {
    const int64_t after = range.after->UnixMs();
    if (range.newest_first) {
      past = std::min(past, after + 1);
    } else {
      first = std::max(first, after);
    }
  }
  return {first, past};
}

// The activities of a kind that come behind a position, newest first.
ActivityRange RangeBehind(const std::optional<ActivityPosition>& after, uint32_t customer_ordinal,
                          uint32_t kind_number) {
  ActivityRange range{
      .kind_number = kind_number, .customer_ordinal = customer_ordinal, .newest_first = true};
  if (!after.has_value()) {
    return range;
  }
  // Of activities of one time, those of higher kinds come before the position.
  range.end_ms = kind_number > after->kind_number ? after->time_ms : after->time_ms + 1;
  if (kind_number == after->kind_number) {
    range.after = after->id;
  }
  return range;
}

// One of several kinds whose activities are put in one order.
struct KindInOrder {
  const ActivityKindView* kind = nullptr;
  std::unique_ptr<CustomerActivityCursor> cursor;
  const ActivityRecord* record = nullptr;  // The cursor's newest.
};

}  // namespace

ActivityPosition PositionOf(const ActivityRecord& record) {
  return {record.id.UnixMs(), record.kind_number, record.id};
}

absl::StatusOr<ActivityRecord> DecodeActivity(const ActivityKey& key, absl::string_view value) {
  ActivityRecord record;
  record.kind_number = key.kind_number;
  record.id = key.id;
  std::optional<ActivityHeader> header = DecodeActivityHeader(value);
  if (!header.has_value() || (!header->is_erased && !DecodeActivityBody(value, record.body))) {
    return Damaged(absl::StrCat("the activity ", key.id.ToString(), " cannot be decoded"));
  }
  record.header = *std::move(header);
  return record;
}

std::string ActivityIdKeyOf(const KeyedHash& hash, uint32_t kind_number,
                            absl::string_view activity_id) {
  return ActivityIdKey{kind_number, Shortened(hash(HashPurpose::kActivityId, activity_id))}
      .Encode();
}

absl::StatusOr<ActivityLookup> LookUpActivity(const store::v1::StoredActivityKind& kind,
                                              absl::string_view activity_id, const KeyedHash& hash,
                                              GetEntry get) {
  ActivityLookup lookup;
  const IdHash whole_hash = hash(HashPurpose::kActivityId, activity_id);
  std::string value;
  ASSIGN_OR_RETURN(const bool found,
                   get(Family::kActivityById,
                       ActivityIdKey{kind.kind_number(), Shortened(whole_hash)}.Encode(), &value));
  if (!found) {
    return lookup;
  }
  std::optional<std::vector<ExternalIdEntry>> entries = DecodeExternalIdEntries(value);
  if (!entries.has_value()) {
    return Damaged("an entry of the index of activities by id cannot be decoded");
  }
  lookup.sharing = *std::move(entries);
  for (const ExternalIdEntry& entry : lookup.sharing) {
    if (entry.kind == ExternalIdEntry::Kind::kErased) {
      lookup.is_erased |= entry.hash == whole_hash;
      continue;
    }
    // Of another text with the same start of the hash follows another id.
    const ActivityKey key{kind.kind_number(),
                          DerivedActivityId(hash, kind.kind(), activity_id, entry.unix_ms)};
    ASSIGN_OR_RETURN(const bool has_record, get(Family::kActivity, key.Encode(), &value));
    if (!has_record) {
      continue;
    }
    ASSIGN_OR_RETURN(ActivityRecord record, DecodeActivity(key, value));
    if (!record.header.is_erased && record.body.activity_id() == activity_id) {
      lookup.record = std::move(record);
    }
  }
  return lookup;
}

absl::Status ActivityNotFoundError(absl::string_view kind, absl::string_view activity_id) {
  return Error(v1::ERROR_REASON_ACTIVITY_NOT_FOUND,
               absl::StrCat("activity_id: the kind ", kind, " has no activity ", activity_id),
               {{"kind", std::string(kind)}, {"activity_id", std::string(activity_id)}});
}

absl::Status ActivityReader::Scan(const View& view, const ActivityRange& range, Visit visit) const {
  return range.customer_ordinal.has_value() ? ScanCustomer(view, range, visit)
                                            : ScanKind(view, range, visit);
}

absl::StatusOr<bool> ActivityReader::VisitEntry(const View& view, const ActivityKey& key,
                                                absl::string_view value, const ActivityRange& range,
                                                Visit visit) const {
  if (!IsBehind(key.id, range)) {
    return true;
  }
  const absl::StatusOr<ActivityRecord> record = DecodeActivity(key, value);
  if (!record.ok()) {
    engine_.CountUndecodable();
    return true;
  }
  const bool is_hidden =
      record->header.is_erased || view.erasing->Has(record->header.customer_ordinal);
  return is_hidden ? absl::StatusOr<bool>(true) : visit(*record);
}

absl::Status ActivityReader::ScanKind(const View& view, const ActivityRange& range,
                                      Visit visit) const {
  const auto [first, past] = TimesOf(range);
  if (first >= past) {
    return absl::OkStatus();
  }
  BoundedIterator it(engine_, view, Family::kActivity,
                     ActivityKey{range.kind_number, Uuid::LowestAt(first)}.Encode(),
                     ActivityKey{range.kind_number, Uuid::LowestAt(past)}.Encode(),
                     range.newest_first);
  for (; it.Valid(); it.Next()) {
    const std::optional<ActivityKey> key = ActivityKey::Decode(it.key());
    if (!key.has_value()) {
      engine_.CountUndecodable();
      continue;
    }
    ASSIGN_OR_RETURN(const bool goes_on, VisitEntry(view, *key, it.value(), range, visit));
    if (!goes_on) {
      return absl::OkStatus();
    }
  }
  return it.status();
}

absl::Status ActivityReader::ScanCustomer(const View& view, const ActivityRange& range,
                                          Visit visit) const {
  if (view.erasing->Has(*range.customer_ordinal)) {
    return absl::OkStatus();
  }
  CustomerActivityCursor cursor(engine_, view, range);
  while (true) {
    ASSIGN_OR_RETURN(const ActivityRecord* record, cursor.Next());
    if (record == nullptr) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool goes_on, visit(*record));
    if (!goes_on) {
      return absl::OkStatus();
    }
  }
}

absl::StatusOr<std::vector<std::shared_ptr<const ActivityKindView>>> ActivityReader::KindsOf(
    const View& view, uint32_t customer_ordinal) const {
  std::vector<std::shared_ptr<const ActivityKindView>> kinds;
  if (view.erasing->Has(customer_ordinal)) {
    return kinds;
  }
  ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers,
                   KindsOfCustomer(engine_, view, customer_ordinal));
  for (const auto& [name, kind] : *view.kinds) {
    if (std::find(numbers.begin(), numbers.end(), kind->number()) != numbers.end()) {
      kinds.push_back(kind);
    }
  }
  return kinds;
}

absl::Status ActivityReader::ScanAllKinds(const View& view, uint32_t customer_ordinal,
                                          const std::optional<ActivityPosition>& after,
                                          VisitOfKind visit) const {
  ASSIGN_OR_RETURN(const auto kinds, KindsOf(view, customer_ordinal));
  std::vector<KindInOrder> left;
  for (const std::shared_ptr<const ActivityKindView>& kind : kinds) {
    KindInOrder next{.kind = kind.get()};
    next.cursor = std::make_unique<CustomerActivityCursor>(
        engine_, view, RangeBehind(after, customer_ordinal, kind->number()));
    ASSIGN_OR_RETURN(next.record, next.cursor->Next());
    if (next.record != nullptr) {
      left.push_back(std::move(next));
    }
  }
  while (!left.empty()) {
    const auto newest = std::max_element(
        left.begin(), left.end(),
        [](const auto& a, const auto& b) { return PositionOf(*a.record) < PositionOf(*b.record); });
    ASSIGN_OR_RETURN(const bool goes_on, visit(*newest->record, *newest->kind));
    if (!goes_on) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(newest->record, newest->cursor->Next());
    if (newest->record == nullptr) {
      left.erase(newest);
    }
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
