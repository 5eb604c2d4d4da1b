#include "storage/read/customer_activities.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/activities.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

// Ids end before this time.
constexpr int64_t kEndOfTimeMs = int64_t{1} << 48;

// Behind every byte of an id: those of UUIDv7 have a variant of 10 behind their start.
constexpr char kPastIds = '\xff';

std::string KeyAt(const ActivityRange& range, int64_t unix_ms) {
  return CustomerActivitiesFrom(*range.customer_ordinal, range.kind_number,
                                std::clamp<int64_t>(unix_ms, 0, kEndOfTimeMs - 1));
}

// The entry of the activity that the range goes on behind, which other activities may share.
std::string KeyOfAfter(const ActivityRange& range) {
  return ActivityByCustomerKey{*range.customer_ordinal, range.kind_number, StartOf(*range.after)}
      .Encode();
}

std::string FirstKeyOf(const ActivityRange& range) {
  std::string first = KeyAt(range, range.start_ms);
  return range.after.has_value() && !range.newest_first ? std::max(first, KeyOfAfter(range))
                                                        : first;
}

std::string PastKeyOf(const ActivityRange& range) {
  std::string past = KeyAt(range, range.end_ms);
  return range.after.has_value() && range.newest_first
             ? std::min(past, absl::StrCat(KeyOfAfter(range), absl::string_view("\0", 1)))
             : past;
}

}  // namespace

CustomerActivityCursor::CustomerActivityCursor(const Engine& engine, const View& view,
                                               const ActivityRange& range)
    : engine_(engine),
      range_(range),
      entries_(engine, view, Family::kActivityByCustomer, FirstKeyOf(range), PastKeyOf(range),
               range.newest_first) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  records_.reset(engine.db()->NewIterator(options, engine.handle(Family::kActivity)));
}

absl::StatusOr<const ActivityRecord*> CustomerActivityCursor::Next() {
  while (true) {
    if (prefix_.empty()) {
      if (!entries_.Valid()) {
        RETURN_IF_ERROR(entries_.status());
        return nullptr;
      }
      const std::optional<ActivityByCustomerKey> entry =
          ActivityByCustomerKey::Decode(entries_.key());
      if (!entry.has_value()) {
        RETURN_IF_ERROR(PassDamaged("an entry of the index by customer cannot be decoded"));
        entries_.Next();
        continue;
      }
      prefix_ = ActivityKeyPrefix(range_.kind_number, entry->id_start);
      SeekRecord();
    } else {
      NextRecord();
    }
    if (!records_->Valid() || !absl::StartsWith(ToView(records_->key()), prefix_)) {
      RETURN_IF_ERROR(FromRocksDb(records_->status(), "reading a customer's activities"));
      prefix_.clear();
      entries_.Next();
      continue;
    }
    ASSIGN_OR_RETURN(const bool is_wanted, ReadRecord());
    if (is_wanted) {
      return &record_;
    }
  }
}

void CustomerActivityCursor::SeekRecord() {
  if (range_.newest_first) {
    records_->SeekForPrev(prefix_ + kPastIds);
  } else {
    records_->Seek(prefix_);
  }
}

void CustomerActivityCursor::NextRecord() {
  if (range_.newest_first) {
    records_->Prev();
  } else {
    records_->Next();
  }
}

absl::StatusOr<bool> CustomerActivityCursor::ReadRecord() {
  const std::optional<ActivityKey> key = ActivityKey::Decode(ToView(records_->key()));
  const absl::string_view value = ToView(records_->value());
  const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
  if (!key.has_value() || !header.has_value()) {
    RETURN_IF_ERROR(PassDamaged("an activity cannot be decoded"));
    return false;
  }
  if (header->is_erased || header->customer_ordinal != *range_.customer_ordinal ||
      (range_.after.has_value() &&
       (range_.newest_first ? key->id >= *range_.after : key->id <= *range_.after))) {
    return false;
  }
  if (!DecodeActivityBody(value, record_.body)) {
    RETURN_IF_ERROR(PassDamaged("an activity cannot be decoded"));
    return false;
  }
  record_.kind_number = key->kind_number;
  record_.id = key->id;
  record_.header = *header;
  return true;
}

absl::Status CustomerActivityCursor::PassDamaged(absl::string_view what) const {
  if (range_.fails_on_damage) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, what);
  }
  engine_.CountUndecodable();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint32_t>> KindsOfCustomer(const Engine& engine, const View& view,
                                                      uint32_t customer_ordinal) {
  std::vector<uint32_t> kinds;
  BoundedIterator it(engine, view, Family::kActivityByCustomer,
                     CustomerActivitiesPrefix(customer_ordinal),
                     CustomerActivitiesPrefix(customer_ordinal + 1), /*backward=*/false);
  while (it.Valid()) {
    const std::optional<ActivityByCustomerKey> entry = ActivityByCustomerKey::Decode(it.key());
    if (!entry.has_value()) {
      engine.CountUndecodable();
      it.Next();
      continue;
    }
    kinds.push_back(entry->kind_number);
    // Past whatever entries of the kind there can be.
    it.SkipTo(absl::StrCat(CustomerActivitiesPrefix(customer_ordinal, entry->kind_number),
                           std::string(sizeof(IdStart) + 1, kPastIds)));
  }
  RETURN_IF_ERROR(it.status());
  return kinds;
}

}  // namespace emptychair::storage
