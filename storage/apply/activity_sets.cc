#include "storage/apply/activity_sets.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_fold.h"
#include "storage/format/changes.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

RecordBuckets BucketsOf(const ActivityEntry& entry) {
  return storage::BucketsOf(entry.key.unix_ms(), entry.mark.zone_offset_seconds);
}

int32_t BucketIn(const RecordBuckets& buckets, CubeUnit unit) {
  return unit == CubeUnit::kMonth ? buckets.month : buckets.day;
}

// Days since 1970.
int64_t FirstDayOf(CubeUnit unit, int32_t bucket) {
  return unit == CubeUnit::kMonth
             ? absl::CivilDay(absl::CivilMonth(1970, 1) + bucket) - absl::CivilDay(1970, 1, 1)
             : bucket;
}

// The activities of one customer and kind, as a group has them, in the order of time. One of them
// can be left out.
class CustomerActivities {
 public:
  CustomerActivities(uint32_t kind_number, uint32_t customer_ordinal, const WriteGroup& group)
      : kind_number_(kind_number), customer_ordinal_(customer_ordinal), group_(group) {}

  // Goes without an activity. Of others that share its entry that stays.
  absl::Status LeaveOut(const ActivityKey& key, const ActivityEntry& entry) {
    left_out_ = key.id;
    ASSIGN_OR_RETURN(const std::vector<ActivityHeader> others, ActivitiesUnder(entry.key));
    left_out_entry_ = entry.key;
    if (!others.empty()) {
      left_mark_ = entry.mark;
      left_mark_->is_positive = std::any_of(others.begin(), others.end(),
                                            [](const auto& other) { return other.is_positive(); });
    }
    return absl::OkStatus();
  }

  // What is left of the entry of the activity that was left out.
  const std::optional<ActivityMark>& left_mark() const { return left_mark_; }

  // The first, or the first with a positive amount.
  absl::StatusOr<std::optional<ActivityEntry>> First(bool positive) const {
    std::optional<ActivityEntry> first;
    RETURN_IF_ERROR(Visit(0, [&](const ActivityEntry& entry) {
      if (positive && !entry.mark.is_positive) {
        return true;
      }
      first = entry;
      return false;
    }));
    return first;
  }

  // Whether the customer belongs into a row of a set.
  absl::StatusOr<bool> BelongsTo(const CustomerSetKey& row) const {
    const bool positive =
        row.set == CustomerSet::kActivePositive || row.set == CustomerSet::kFirstEverPositive;
    if (row.set == CustomerSet::kFirstEver || row.set == CustomerSet::kFirstEverPositive) {
      ASSIGN_OR_RETURN(const std::optional<ActivityEntry> first, First(positive));
      return first.has_value() && BucketIn(BucketsOf(*first), row.unit) == row.bucket;
    }
    std::vector<ActivityEntry> found;
    const size_t wanted = row.set == CustomerSet::kTwice ? 2 : 1;
    RETURN_IF_ERROR(VisitBucket(row.unit, row.bucket, [&](const ActivityEntry& entry) {
      if (!positive || entry.mark.is_positive) {
        found.push_back(entry);
      }
      return found.size() < wanted;
    }));
    if (found.size() != 1 || wanted == 1) {
      return found.size() >= wanted;
    }
    ASSIGN_OR_RETURN(const auto sharing, ActivitiesUnder(found.front().key));
    return sharing.size() >= wanted;
  }

 private:
  using OnEntry = absl::FunctionRef<bool(const ActivityEntry&)>;

  // Visits entries from a time on until the visit answers false.
  absl::Status Visit(int64_t from_ms, OnEntry on_entry) const {
    return group_.Visit(Family::kActivityByCustomer,
                        CustomerActivitiesPrefix(customer_ordinal_, kind_number_),
                        CustomerActivitiesFrom(customer_ordinal_, kind_number_, from_ms),
                        [&](const WriteGroup::Entry& listed) {
                          const auto key = ActivityByCustomerKey::Decode(listed.key);
                          std::optional<ActivityMark> mark = DecodeActivityMark(listed.value);
                          if (key.has_value() && key == left_out_entry_) {
                            mark = left_mark_;
                          }
                          // What does not decode is named by a check.
                          return !key.has_value() || !mark.has_value() || on_entry({*key, *mark});
                        });
  }

  // Visits entries of a bucket until the visit answers false.
  absl::Status VisitBucket(CubeUnit unit, int32_t bucket, OnEntry on_entry) const {
    // Offsets are less than a day. They can come from several time-zone databases, so that a later
    // activity can be in an earlier bucket.
    const int64_t from_ms = (FirstDayOf(unit, bucket) - 1) * kMsPerDay;
    const int64_t end_ms = (FirstDayOf(unit, bucket + 1) + 1) * kMsPerDay;
    return Visit(std::max<int64_t>(0, from_ms), [&](const ActivityEntry& entry) {
      return entry.key.unix_ms() < end_ms &&
             (BucketIn(BucketsOf(entry), unit) != bucket || on_entry(entry));
    });
  }

  // The activities that share an entry, but for the one left out.
  absl::StatusOr<std::vector<ActivityHeader>> ActivitiesUnder(
      const ActivityByCustomerKey& entry) const {
    const std::string prefix = ActivityKeyPrefix(kind_number_, entry.id_start);
    std::vector<ActivityHeader> headers;
    RETURN_IF_ERROR(
        group_.Visit(Family::kActivity, prefix, prefix, [&](const WriteGroup::Entry& activity) {
          const std::optional<ActivityKey> key = ActivityKey::Decode(activity.key);
          const std::optional<ActivityHeader> header = DecodeActivityHeader(activity.value);
          if (key.has_value() && header.has_value() && !header->is_erased && key->id != left_out_ &&
              header->customer_ordinal == customer_ordinal_) {
            headers.push_back(*header);
          }
          return true;
        }));
    return headers;
  }

  const uint32_t kind_number_;
  const uint32_t customer_ordinal_;
  const WriteGroup& group_;
  std::optional<Uuid> left_out_;
  std::optional<ActivityByCustomerKey> left_out_entry_;
  std::optional<ActivityMark> left_mark_;
};

// Gathers changes of one customer's place in sets.
class ChangesOf {
 public:
  ChangesOf(uint32_t kind_number, uint32_t customer_ordinal, ActivityPlan& plan)
      : kind_number_(kind_number), customer_ordinal_(customer_ordinal), plan_(plan) {}

  CustomerSetKey Row(CustomerSet set, CubeUnit unit, const RecordBuckets& buckets) const {
    return {kind_number_, set, unit, BucketIn(buckets, unit),
            static_cast<uint16_t>(customer_ordinal_ / kCustomersPerChunk)};
  }

  void Add(const CustomerSetKey& row, bool comes) {
    plan_.changes.push_back(
        {row, static_cast<uint16_t>(customer_ordinal_ % kCustomersPerChunk), comes});
  }

  // In both units.
  void Add(CustomerSet set, const RecordBuckets& buckets, bool comes) {
    Add(Row(set, CubeUnit::kDay, buckets), comes);
    Add(Row(set, CubeUnit::kMonth, buckets), comes);
  }

 private:
  const uint32_t kind_number_;
  const uint32_t customer_ordinal_;
  ActivityPlan& plan_;
};

// Where the activity comes before `first` of those before it, the bucket of the first moves.
void AddFirst(CustomerSet set, const ActivityEntry& entry,
              const std::optional<ActivityEntry>& first, ChangesOf& changes) {
  if (first.has_value() && first->key.id_start <= entry.key.id_start) {
    return;
  }
  if (first.has_value()) {
    changes.Add(set, BucketsOf(*first), false);
  }
  changes.Add(set, BucketsOf(entry), true);
}

}  // namespace

ActivityEntry EntryOf(const ActivityKey& key, const ActivityHeader& header) {
  return {{header.customer_ordinal, key.kind_number, StartOf(key.id)},
          {header.is_positive(), header.zone_offset_seconds}};
}

absl::StatusOr<ActivityPlan> PlanToAdd(const ActivityKey& key, const ActivityHeader& header,
                                       bool is_new_customer, const WriteGroup& group) {
  const ActivityEntry entry = EntryOf(key, header);
  const RecordBuckets buckets = BucketsOf(entry);
  ActivityPlan plan{.entry_key = entry.key.Encode(), .entry = entry.mark, .changes = {}};
  ChangesOf changes(key.kind_number, header.customer_ordinal, plan);
  changes.Add(CustomerSet::kActive, buckets, true);
  if (entry.mark.is_positive) {
    changes.Add(CustomerSet::kActivePositive, buckets, true);
  }
  if (is_new_customer) {
    changes.Add(CustomerSet::kFirstEver, buckets, true);
    if (entry.mark.is_positive) {
      changes.Add(CustomerSet::kFirstEverPositive, buckets, true);
    }
    return plan;
  }
  const CustomerActivities before(key.kind_number, header.customer_ordinal, group);
  ASSIGN_OR_RETURN(std::optional<ActivityEntry> first, before.First(/*positive=*/false));
  AddFirst(CustomerSet::kFirstEver, entry, first, changes);
  if (entry.mark.is_positive) {
    if (first.has_value() && !first->mark.is_positive) {
      ASSIGN_OR_RETURN(first, before.First(/*positive=*/true));
    }
    AddFirst(CustomerSet::kFirstEverPositive, entry, first, changes);
  }
  ASSIGN_OR_RETURN(const bool has_another,
                   before.BelongsTo(changes.Row(CustomerSet::kActive, CubeUnit::kDay, buckets)));
  if (has_another) {
    changes.Add(changes.Row(CustomerSet::kTwice, CubeUnit::kDay, buckets), true);
  }
  // Another one may have the same entry.
  std::string stored;
  ASSIGN_OR_RETURN(const bool found,
                   has_another ? group.Get(Family::kActivityByCustomer, plan.entry_key, &stored)
                               : absl::StatusOr<bool>(false));
  const std::optional<ActivityMark> shared = DecodeActivityMark(stored);
  plan.entry->is_positive |= found && shared.has_value() && shared->is_positive;
  return plan;
}

absl::StatusOr<ActivityPlan> PlanToRemove(const ActivityKey& key, const ActivityHeader& header,
                                          const WriteGroup& group) {
  const ActivityEntry entry = EntryOf(key, header);
  const RecordBuckets buckets = BucketsOf(entry);
  CustomerActivities after(key.kind_number, header.customer_ordinal, group);
  RETURN_IF_ERROR(after.LeaveOut(key, entry));
  ActivityPlan plan{.entry_key = entry.key.Encode(), .entry = after.left_mark(), .changes = {}};
  ChangesOf changes(key.kind_number, header.customer_ordinal, plan);
  for (const CustomerSet set : kCustomerSets) {
    const bool is_first = set == CustomerSet::kFirstEver || set == CustomerSet::kFirstEverPositive;
    for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
      if (set == CustomerSet::kTwice && unit == CubeUnit::kMonth) {
        continue;
      }
      const CustomerSetKey row = changes.Row(set, unit, buckets);
      ASSIGN_OR_RETURN(const bool belongs, after.BelongsTo(row));
      if (!belongs) {
        changes.Add(row, false);
      }
    }
    if (is_first) {
      ASSIGN_OR_RETURN(const std::optional<ActivityEntry> first,
                       after.First(set == CustomerSet::kFirstEverPositive));
      if (first.has_value()) {
        changes.Add(set, BucketsOf(*first), true);
      }
    }
  }
  return plan;
}

void CarryOut(const ActivityPlan& plan, WriteGroup& group) {
  if (plan.entry.has_value()) {
    group.Put(Family::kActivityByCustomer, plan.entry_key, EncodeActivityMark(*plan.entry));
  } else {
    group.Delete(Family::kActivityByCustomer, plan.entry_key);
  }
  for (const ActivityPlan::Change& change : plan.changes) {
    group.sets().Change(change.row, change.member, change.comes);
  }
}

CommandResult ApplyCorrectCustomerSets(const store::v1::CorrectCustomerSetsCommand& command,
                                       WorkingState& state, WriteGroup& group) {
  CommandResult result;
  std::vector<ActivityPlan::Change> changes;
  std::vector<CustomerSetKey> rows;
  std::set<uint32_t> corrected;
  for (const store::v1::CustomerSetCorrection& correction : command.rows()) {
    // Decoded again because that is where sets and units are checked.
    const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(
        CustomerSetKey{correction.kind_number(), static_cast<CustomerSet>(correction.set()),
                       static_cast<CubeUnit>(correction.unit()), correction.bucket(),
                       static_cast<uint16_t>(correction.chunk())}
            .Encode());
    if (!row.has_value() || correction.chunk() > UINT16_MAX) {
      result.error = absl::InternalError("a correction of a set that does not decode");
      return result;
    }
    // A kind that is gone took its rows with it.
    if (state.kinds().Find(row->kind_number) == nullptr) {
      continue;
    }
    for (const uint32_t member : correction.members()) {
      const uint32_t ordinal = row->chunk * kCustomersPerChunk + member % kCustomersPerChunk;
      const CustomerActivities activities(row->kind_number, ordinal, group);
      const absl::StatusOr<bool> belongs = activities.BelongsTo(*row);
      if (!belongs.ok()) {
        result.error = belongs.status();
        return result;
      }
      changes.push_back({*row, static_cast<uint16_t>(member % kCustomersPerChunk), *belongs});
    }
    rows.push_back(*row);
    corrected.insert(row->kind_number);
  }
  for (const ActivityPlan::Change& change : changes) {
    group.sets().Change(change.row, change.member, change.comes);
  }
  for (const CustomerSetKey& row : rows) {
    group.RewriteSet(row);
  }
  for (const uint32_t kind_number : corrected) {
    TakeSequence({ChangeKind::kSetsCorrected, Entity::kActivityKind, kind_number, Uuid()}, state,
                 group);
  }
  for (const std::string& key : command.stray_keys()) {
    const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(key);
    if (!row.has_value() || state.kinds().FindAny(row->kind_number) == nullptr) {
      group.Delete(Family::kActiveSet, key);
    }
  }
  return result;
}

}  // namespace emptychair::storage
