#include "storage/read/activities.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/keyed_hash.h"

namespace emptychair::storage {
namespace {

// Ids end before this time.
constexpr int64_t kEndOfTimeMs = int64_t{1} << 48;

absl::Status Damaged(absl::string_view what) { return Error(v1::ERROR_REASON_STORE_DAMAGED, what); }

// Walks the entries of a family in [first, past) at a snapshot, forward or backward.
class BoundedIterator {
 public:
  BoundedIterator(const Engine& engine, const View& view, Family family, std::string first,
                  std::string past, bool backward)
      : first_(std::move(first)), past_(std::move(past)), backward_(backward) {
    lower_bound_ = ToSlice(first_);
    upper_bound_ = ToSlice(past_);
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot->get();
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    it_.reset(engine.db()->NewIterator(options, engine.handle(family)));
    if (backward_) {
      it_->SeekToLast();
    } else {
      it_->SeekToFirst();
    }
  }

  bool Valid() const { return first_ < past_ && it_->Valid(); }
  absl::string_view key() const { return ToView(it_->key()); }
  absl::string_view value() const { return ToView(it_->value()); }
  void Next() {
    if (backward_) {
      it_->Prev();
    } else {
      it_->Next();
    }
  }
  absl::Status status() const { return FromRocksDb(it_->status(), "reading activities"); }

 private:
  const std::string first_;
  const std::string past_;
  const bool backward_;
  rocksdb::Slice lower_bound_;
  rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

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

}  // namespace

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

absl::StatusOr<bool> ActivityReader::VisitEntry(const ActivityKey& key, absl::string_view value,
                                                const ActivityRange& range, Visit visit) const {
  if (!IsBehind(key.id, range)) {
    return true;
  }
  const absl::StatusOr<ActivityRecord> record = DecodeActivity(key, value);
  if (!record.ok()) {
    engine_.CountUndecodable();
    return true;
  }
  return record->header.is_erased ? absl::StatusOr<bool>(true) : visit(*record);
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
    ASSIGN_OR_RETURN(const bool goes_on, VisitEntry(*key, it.value(), range, visit));
    if (!goes_on) {
      return absl::OkStatus();
    }
  }
  return it.status();
}

absl::Status ActivityReader::ScanCustomer(const View& view, const ActivityRange& range,
                                          Visit visit) const {
  const auto [first, past] = TimesOf(range);
  if (first >= past) {
    return absl::OkStatus();
  }
  BoundedIterator it(engine_, view, Family::kActivityByCustomer,
                     CustomerActivitiesFrom(*range.customer_ordinal, range.kind_number, first),
                     CustomerActivitiesFrom(*range.customer_ordinal, range.kind_number, past),
                     range.newest_first);
  for (; it.Valid(); it.Next()) {
    const std::optional<ActivityByCustomerKey> entry = ActivityByCustomerKey::Decode(it.key());
    if (!entry.has_value()) {
      engine_.CountUndecodable();
      continue;
    }
    const std::string prefix = ActivityKeyPrefix(range.kind_number, entry->id_start);
    // Ids of UUIDv7 have a variant of 10 behind the start, so that nothing is past this.
    BoundedIterator activities(engine_, view, Family::kActivity, prefix,
                               absl::StrCat(prefix, "\xff"), range.newest_first);
    for (; activities.Valid(); activities.Next()) {
      const std::optional<ActivityKey> key = ActivityKey::Decode(activities.key());
      const std::optional<ActivityHeader> header = DecodeActivityHeader(activities.value());
      if (!key.has_value() || (header.has_value() && !header->is_erased &&
                               header->customer_ordinal != *range.customer_ordinal)) {
        continue;
      }
      ASSIGN_OR_RETURN(const bool goes_on, VisitEntry(*key, activities.value(), range, visit));
      if (!goes_on) {
        return absl::OkStatus();
      }
    }
    RETURN_IF_ERROR(activities.status());
  }
  return it.status();
}

}  // namespace emptychair::storage
