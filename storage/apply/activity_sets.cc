#include "storage/apply/activity_sets.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "storage/apply/subscription_sets.h"
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

// As KnownActivities has it.
int32_t UtcDayOf(const ActivityEntry& entry) {
  return static_cast<int32_t>(entry.key.unix_ms() / kMsPerDay);
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

  // What there is from a local day on.
  struct Later {
    bool is_on_day = false;
    // The last local day with an activity, the asked one at least, and the last time of one;
    // unknown where there are many.
    int32_t last_day = KnownActivities::kUnknown;
    int64_t last_ms = KnownActivities::kUnknownMs;
  };
  absl::StatusOr<Later> LookFrom(int32_t day) const {
    constexpr int kEntriesMax = 64;
    Later later{.last_day = day, .last_ms = 0};
    int entries = 0;
    bool is_complete = true;
    RETURN_IF_ERROR(Visit(StartMs(day), [&](const ActivityEntry& entry) {
      const int32_t entry_day = BucketsOf(entry).day;
      later.is_on_day |= entry_day == day;
      later.last_day = std::max(later.last_day, entry_day);
      later.last_ms = entry.key.unix_ms();
      is_complete =
          ++entries < kEntriesMax || (!later.is_on_day && entry.key.unix_ms() < EndMs(day));
      return is_complete;
    }));
    return is_complete ? later : Later{.is_on_day = later.is_on_day};
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

  // Between these is whatever can be on a local day. Offsets are less than a day. They can come
  // from several time-zone databases, so that a later activity can be in an earlier bucket.
  static int64_t StartMs(int64_t day) { return std::max<int64_t>(0, (day - 1) * kMsPerDay); }
  static int64_t EndMs(int64_t day) { return (day + 2) * kMsPerDay; }

  // Visits entries of a bucket until the visit answers false.
  absl::Status VisitBucket(CubeUnit unit, int32_t bucket, OnEntry on_entry) const {
    const int64_t end_ms = EndMs(FirstDayOf(unit, bucket + 1) - 1);
    return Visit(StartMs(FirstDayOf(unit, bucket)), [&](const ActivityEntry& entry) {
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

// Where the customer's earlier activities are known not to matter: whether one is on the same local
// day.
std::optional<bool> HasAnotherByWhatIsKnown(const ActivityEntry& entry,
                                            const KnownActivities& known) {
  const int32_t utc_day = UtcDayOf(entry);
  const int32_t day = BucketsOf(entry).day;
  const bool is_later = known.first_day < utc_day && known.last_day <= day &&
                        (!entry.mark.is_positive || known.first_positive_day < utc_day);
  return is_later ? std::optional<bool>(known.last_day == day) : std::nullopt;
}

// The same from the index; adds what the activity changes of first ones, and to `known` what was
// found.
absl::StatusOr<bool> HasAnotherByIndex(const ActivityEntry& entry, const CustomerActivities& before,
                                       ChangesOf& changes, KnownActivities& known) {
  const auto earlier_day = [&](const std::optional<ActivityEntry>& first) {
    return std::min(UtcDayOf(entry), UtcDayOf(first.value_or(entry)));
  };
  ASSIGN_OR_RETURN(std::optional<ActivityEntry> first, before.First(/*positive=*/false));
  const bool is_only = !first.has_value();
  AddFirst(CustomerSet::kFirstEver, entry, first, changes);
  known.first_day = earlier_day(first);
  if (entry.mark.is_positive) {
    if (first.has_value() && !first->mark.is_positive) {
      ASSIGN_OR_RETURN(first, before.First(/*positive=*/true));
    }
    AddFirst(CustomerSet::kFirstEverPositive, entry, first, changes);
    known.first_positive_day = earlier_day(first);
  }
  const RecordBuckets buckets = BucketsOf(entry);
  if (is_only) {
    known.last_day = buckets.day;
    known.last_ms = entry.key.unix_ms();
    return false;
  }
  if (known.last_day == KnownActivities::kUnknown) {
    ASSIGN_OR_RETURN(const CustomerActivities::Later later, before.LookFrom(buckets.day));
    known.last_day = later.last_day;
    known.last_ms = std::max(later.last_ms, entry.key.unix_ms());
    return later.is_on_day;
  }
  known.last_day = std::max(known.last_day, buckets.day);
  known.last_ms = std::max(known.last_ms, entry.key.unix_ms());
  return before.BelongsTo(changes.Row(CustomerSet::kActive, CubeUnit::kDay, buckets));
}

// The plan for a new activity without subscriptions.
absl::StatusOr<ActivityPlan> PlanOwnSetsToAdd(const ActivityKey& key, const ActivityHeader& header,
                                              bool is_new_customer, const ActivityCache& cache,
                                              const WriteGroup& group) {
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
      plan.known.first_positive_day = UtcDayOf(entry);
    }
    plan.known.first_day = UtcDayOf(entry);
    plan.known.last_day = buckets.day;
    plan.known.last_ms = entry.key.unix_ms();
    return plan;
  }
  plan.known = cache.Find(key.kind_number, header.customer_ordinal);
  const bool shares_no_entry = plan.known.last_ms < entry.key.unix_ms();
  std::optional<bool> has_another = HasAnotherByWhatIsKnown(entry, plan.known);
  if (has_another.has_value()) {
    plan.known.last_day = buckets.day;
    plan.known.last_ms = std::max(plan.known.last_ms, entry.key.unix_ms());
  } else {
    const CustomerActivities before(key.kind_number, header.customer_ordinal, group);
    ASSIGN_OR_RETURN(has_another, HasAnotherByIndex(entry, before, changes, plan.known));
  }
  if (*has_another) {
    changes.Add(changes.Row(CustomerSet::kTwice, CubeUnit::kDay, buckets), true);
  }
  // Another one may have the same entry.
  const bool reads_entry = *has_another && !shares_no_entry;
  std::string stored;
  ASSIGN_OR_RETURN(const bool found,
                   reads_entry ? group.Get(Family::kActivityByCustomer, plan.entry_key, &stored)
                               : absl::StatusOr<bool>(false));
  const std::optional<ActivityMark> shared = DecodeActivityMark(stored);
  plan.entry->is_positive |= found && shared.has_value() && shared->is_positive;
  return plan;
}

// The plan for one that goes without subscriptions.
absl::StatusOr<ActivityPlan> PlanOwnSetsToRemove(const ActivityKey& key,
                                                 const ActivityHeader& header,
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

absl::Status PlanSubscriptions(const WorkingKind& kind, bool is_new_customer,
                               const WriteGroup& group, ActivityPlan& plan) {
  for (const SubscriptionKinds& subscription : kind.subscriptions) {
    RETURN_IF_ERROR(PlanSubscription(subscription, is_new_customer, group, plan));
  }
  return absl::OkStatus();
}

// Whether a customer belongs into a row of a set of `kind`.
absl::StatusOr<bool> BelongsTo(const CustomerSetKey& row, uint32_t customer_ordinal,
                               const WorkingKind& kind, const WriteGroup& group) {
  return kind.is_subscription()
             ? BelongsToSubscriptionSet(kind.as_subscription(), row, customer_ordinal, group)
             : CustomerActivities(row.kind_number, customer_ordinal, group).BelongsTo(row);
}

}  // namespace

ActivityEntry EntryOf(const ActivityKey& key, const ActivityHeader& header) {
  return {{header.customer_ordinal, key.kind_number, StartOf(key.id)},
          {header.is_positive(), header.zone_offset_seconds}};
}

absl::StatusOr<ActivityPlan> PlanToAdd(const ActivityKey& key, const ActivityHeader& header,
                                       bool is_new_customer, const WorkingKind& kind,
                                       const ActivityCache& cache, const WriteGroup& group) {
  ASSIGN_OR_RETURN(ActivityPlan plan, PlanOwnSetsToAdd(key, header, is_new_customer, cache, group));
  RETURN_IF_ERROR(PlanSubscriptions(kind, is_new_customer, group, plan));
  return plan;
}

absl::StatusOr<ActivityPlan> PlanToRemove(const ActivityKey& key, const ActivityHeader& header,
                                          const WorkingKind& kind, const WriteGroup& group) {
  ASSIGN_OR_RETURN(ActivityPlan plan, PlanOwnSetsToRemove(key, header, group));
  RETURN_IF_ERROR(PlanSubscriptions(kind, /*is_new_customer=*/false, group, plan));
  return plan;
}

// A customer is in sets only in buckets of own activities, those of subscriptions included.
ActivityPlan PlanToForget(const ActivityKey& key, const ActivityHeader& header,
                          const WorkingKind& kind) {
  const ActivityEntry entry = EntryOf(key, header);
  const RecordBuckets buckets = BucketsOf(entry);
  ActivityPlan plan{.entry_key = entry.key.Encode(), .entry = std::nullopt, .changes = {}};
  ChangesOf changes(key.kind_number, header.customer_ordinal, plan);
  for (const CustomerSet set : kCustomerSets) {
    changes.Add(changes.Row(set, CubeUnit::kDay, buckets), false);
    if (set != CustomerSet::kTwice) {
      changes.Add(changes.Row(set, CubeUnit::kMonth, buckets), false);
    }
  }
  for (const SubscriptionKinds& subscription : kind.subscriptions) {
    ChangesOf status(subscription.number, header.customer_ordinal, plan);
    status.Add(CustomerSet::kEntered, buckets, false);
    status.Add(CustomerSet::kLeft, buckets, false);
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
    const WorkingKind* kind = state.kinds().Find(row->kind_number);
    if (kind == nullptr || kind->is_subscription() != IsOfSubscription(row->set)) {
      continue;
    }
    for (const uint32_t member : correction.members()) {
      const uint32_t ordinal = row->chunk * kCustomersPerChunk + member % kCustomersPerChunk;
      const absl::StatusOr<bool> belongs = BelongsTo(*row, ordinal, *kind, group);
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
    const WorkingKind* kind = row.has_value() ? state.kinds().FindAny(row->kind_number) : nullptr;
    if (kind == nullptr || kind->is_subscription() != IsOfSubscription(row->set)) {
      group.Delete(Family::kActiveSet, key);
    }
  }
  return result;
}

}  // namespace emptychair::storage
