#include "storage/apply/subscription_sets.h"

#include <algorithm>
#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_fold.h"
#include "storage/engine/fail_point.h"
#include "storage/format/activities.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;
constexpr int64_t kUuidTimeLimitMs = int64_t{1} << 48;
constexpr absl::CivilMonth kMonthZero(1970, 1);

// Small enough not to hold up the changes of others: each customer is looked up in the index.
constexpr uint32_t kKeysPerBuild = 500;

// A start or an end, in their order.
struct Event {
  int32_t day = 0;  // Local.
  int64_t unix_ms = 0;
  bool is_start = false;

  friend auto operator<=>(const Event&, const Event&) = default;
};
using MaybeEvent = std::optional<Event>;

bool IsSubscribedAfter(const MaybeEvent& last) { return last.has_value() && last->is_start; }

int32_t MonthOf(int32_t day) { return BucketsOf(day * kMsPerDay, 0).month; }

// The last local day of a bucket.
int64_t LastDayOf(CubeUnit unit, int64_t bucket) {
  return unit == CubeUnit::kDay
             ? bucket
             : absl::CivilDay(kMonthZero + bucket + 1) - absl::CivilDay(kMonthZero) - 1;
}

// The events of one customer in a subscription, as a group has them. An offset is less than a day,
// so that an event is on the day of its time or one beside it.
class CustomerEvents {
 public:
  CustomerEvents(const SubscriptionKinds& kinds, uint32_t customer_ordinal, const WriteGroup& group)
      : kinds_(kinds), customer_ordinal_(customer_ordinal), group_(group) {}

  Event EventOf(const ActivityByCustomerKey& key, const ActivityMark& mark) const {
    return {BucketsOf(key.unix_ms(), mark.zone_offset_seconds).day, key.unix_ms(),
            key.kind_number == kinds_.start};
  }

  // The last event up to the end of `day`; one under `except` does not count.
  absl::StatusOr<MaybeEvent> LastUpTo(int64_t day,
                                      const ActivityByCustomerKey* except = nullptr) const {
    MaybeEvent last;
    const int64_t end_ms = (day + 2) * kMsPerDay;
    for (const uint32_t kind : {kinds_.start, kinds_.end}) {
      if (end_ms <= 0) {
        break;
      }
      // None has a time at or behind the limit.
      const std::string end =
          CustomerActivitiesFrom(customer_ordinal_, kind, std::min(end_ms, kUuidTimeLimitMs - 1)) +
          std::string(end_ms < kUuidTimeLimitMs ? "" : "\xff\xff\xff");
      RETURN_IF_ERROR(group_.VisitBack(
          Family::kActivityByCustomer, CustomerActivitiesPrefix(customer_ordinal_, kind), end,
          [&](const WriteGroup::Entry& entry) {
            const std::optional<ActivityByCustomerKey> key =
                ActivityByCustomerKey::Decode(entry.key);
            const std::optional<ActivityMark> mark = DecodeActivityMark(entry.value);
            // What does not decode is named by a check.
            if (!key.has_value() || !mark.has_value() || (except != nullptr && *key == *except)) {
              return true;
            }
            const Event event = EventOf(*key, *mark);
            last = event.day <= day ? std::max(last, MaybeEvent(event)) : last;
            return !last.has_value() || key->unix_ms() > (last->day - int64_t{1}) * kMsPerDay;
          }));
    }
    return last;
  }

  // The first day behind `day` that has an event.
  absl::StatusOr<std::optional<int32_t>> NextDay(int32_t day) const {
    std::optional<int32_t> next;
    for (const uint32_t kind : {kinds_.start, kinds_.end}) {
      RETURN_IF_ERROR(Visit(kind, std::max<int64_t>(0, day * kMsPerDay), [&](const Event& event) {
        if (event.day > day && (!next.has_value() || event.day < *next)) {
          next = event.day;
        }
        return !next.has_value() || event.unix_ms < (*next + int64_t{1}) * kMsPerDay;
      }));
    }
    return next;
  }

  // All of them, in their order.
  absl::StatusOr<std::vector<Event>> All() const {
    std::vector<Event> events;
    for (const uint32_t kind : {kinds_.start, kinds_.end}) {
      RETURN_IF_ERROR(Visit(kind, 0, [&](const Event& event) {
        events.push_back(event);
        return true;
      }));
    }
    std::sort(events.begin(), events.end());
    return events;
  }

 private:
  // Visits events of a kind from a time on, in the order of time, until the visit answers false.
  template <typename OnEvent>
  absl::Status Visit(uint32_t kind_number, int64_t from_ms, OnEvent on_event) const {
    return group_.Visit(
        Family::kActivityByCustomer, CustomerActivitiesPrefix(customer_ordinal_, kind_number),
        CustomerActivitiesFrom(customer_ordinal_, kind_number, from_ms),
        [&](const WriteGroup::Entry& entry) {
          const std::optional<ActivityByCustomerKey> key = ActivityByCustomerKey::Decode(entry.key);
          const std::optional<ActivityMark> mark = DecodeActivityMark(entry.value);
          return !key.has_value() || !mark.has_value() || on_event(EventOf(*key, *mark));
        });
  }

  const SubscriptionKinds kinds_;
  const uint32_t customer_ordinal_;
  const WriteGroup& group_;
};

// A customer's status at the start and at the end of a bucket.
struct Statuses {
  bool at_start = false;
  bool at_end = false;

  // The set that makes of the bucket; nothing: neither.
  std::optional<CustomerSet> set() const {
    return at_start == at_end
               ? std::nullopt
               : std::make_optional(at_end ? CustomerSet::kEntered : CustomerSet::kLeft);
  }
};

CustomerSetKey RowOf(uint32_t kind_number, CustomerSet set, CubeUnit unit, int32_t bucket,
                     uint32_t customer_ordinal) {
  return {kind_number, set, unit, bucket,
          static_cast<uint16_t>(customer_ordinal / kCustomersPerChunk)};
}

// Takes a customer out of the set that a bucket made before, and puts it into that which it makes.
class BucketChanges {
 public:
  BucketChanges(uint32_t kind_number, uint32_t customer_ordinal, ActivityPlan& plan)
      : kind_number_(kind_number), customer_ordinal_(customer_ordinal), plan_(plan) {}

  void Add(CubeUnit unit, int32_t bucket, const Statuses& before, const Statuses& after) {
    Add(unit, bucket, before, /*comes=*/false);
    Add(unit, bucket, after, /*comes=*/true);
  }

 private:
  void Add(CubeUnit unit, int32_t bucket, const Statuses& statuses, bool comes) {
    if (const std::optional<CustomerSet> set = statuses.set()) {
      plan_.changes.push_back({RowOf(kind_number_, *set, unit, bucket, customer_ordinal_),
                               static_cast<uint16_t>(customer_ordinal_ % kCustomersPerChunk),
                               comes});
    }
  }

  const uint32_t kind_number_;
  const uint32_t customer_ordinal_;
  ActivityPlan& plan_;
};

// What the entry that a plan changes is in the group now.
absl::StatusOr<MaybeEvent> StoredEvent(const CustomerEvents& events, const std::string& entry_key,
                                       const ActivityByCustomerKey& key, const WriteGroup& group) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, group.Get(Family::kActivityByCustomer, entry_key, &value));
  const std::optional<ActivityMark> mark = found ? DecodeActivityMark(value) : std::nullopt;
  return mark.has_value() ? MaybeEvent(events.EventOf(key, *mark)) : std::nullopt;
}

// Puts a customer into all sets that the events make. Answers how many events there are.
absl::StatusOr<size_t> Build(const SubscriptionKinds& kinds, uint32_t customer_ordinal,
                             WriteGroup& group) {
  ASSIGN_OR_RETURN(const std::vector<Event> events,
                   CustomerEvents(kinds, customer_ordinal, group).All());
  for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
    const auto bucket_of = [unit](const Event& event) {
      return unit == CubeUnit::kMonth ? MonthOf(event.day) : event.day;
    };
    Statuses statuses;
    for (size_t i = 0; i < events.size(); ++i) {
      statuses.at_end = events[i].is_start;
      if (i + 1 < events.size() && bucket_of(events[i + 1]) == bucket_of(events[i])) {
        continue;
      }
      if (const std::optional<CustomerSet> set = statuses.set()) {
        group.sets().Change(RowOf(kinds.number, *set, unit, bucket_of(events[i]), customer_ordinal),
                            static_cast<uint16_t>(customer_ordinal % kCustomersPerChunk),
                            /*comes=*/true);
      }
      statuses.at_start = statuses.at_end;
    }
  }
  return events.size();
}

}  // namespace

absl::Status PlanSubscription(const SubscriptionKinds& kinds, bool is_new_customer,
                              const WriteGroup& group, ActivityPlan& plan) {
  const std::optional<ActivityByCustomerKey> key = ActivityByCustomerKey::Decode(plan.entry_key);
  const uint32_t ordinal = key->customer_ordinal;
  const CustomerEvents events(kinds, ordinal, group);
  BucketChanges changes(kinds.number, ordinal, plan);
  const MaybeEvent now =
      plan.entry.has_value() ? MaybeEvent(events.EventOf(*key, *plan.entry)) : std::nullopt;
  if (is_new_customer) {
    const Statuses after{false, IsSubscribedAfter(now)};
    changes.Add(CubeUnit::kDay, now->day, {}, after);
    changes.Add(CubeUnit::kMonth, MonthOf(now->day), {}, after);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const MaybeEvent was, StoredEvent(events, plan.entry_key, *key, group));
  if (!was.has_value() && !now.has_value()) {
    return absl::OkStatus();
  }
  const int32_t day = now.has_value() ? now->day : was->day;
  ASSIGN_OR_RETURN(const MaybeEvent other, events.LastUpTo(day, &*key));
  const bool end_before = IsSubscribedAfter(std::max(other, was));
  const bool end_now = IsSubscribedAfter(std::max(other, now));
  // Where the day ends as before, so does its month, and nothing behind it changes.
  if (end_before == end_now) {
    return absl::OkStatus();
  }
  const auto status_after = [&](CubeUnit unit, int64_t bucket) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const MaybeEvent last, events.LastUpTo(LastDayOf(unit, bucket)));
    return IsSubscribedAfter(last);
  };
  ASSIGN_OR_RETURN(const std::optional<int32_t> next, events.NextDay(day));
  for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
    const bool is_month = unit == CubeUnit::kMonth;
    const int32_t bucket = is_month ? MonthOf(day) : day;
    // The next event of all decides the status from there on.
    if (is_month && next.has_value() && MonthOf(*next) == bucket) {
      break;
    }
    // Where the last one of the others is before the bucket, it is the last before it.
    const bool is_before =
        !other.has_value() || (is_month ? MonthOf(other->day) : other->day) < bucket;
    ASSIGN_OR_RETURN(const bool at_start, is_before ? absl::StatusOr<bool>(IsSubscribedAfter(other))
                                                    : status_after(unit, int64_t{bucket} - 1));
    changes.Add(unit, bucket, {at_start, end_before}, {at_start, end_now});
    if (next.has_value() && !IsOn(FailPoint::kForgetNextStatus)) {
      const int32_t next_bucket = is_month ? MonthOf(*next) : *next;
      ASSIGN_OR_RETURN(const bool at_end, status_after(unit, next_bucket));
      changes.Add(unit, next_bucket, {end_before, at_end}, {end_now, at_end});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> BelongsToSubscriptionSet(const SubscriptionKinds& kinds,
                                              const CustomerSetKey& row, uint32_t customer_ordinal,
                                              const WriteGroup& group) {
  const CustomerEvents events(kinds, customer_ordinal, group);
  ASSIGN_OR_RETURN(const MaybeEvent last, events.LastUpTo(LastDayOf(row.unit, row.bucket)));
  ASSIGN_OR_RETURN(const MaybeEvent before,
                   events.LastUpTo(LastDayOf(row.unit, int64_t{row.bucket} - 1)));
  return Statuses{IsSubscribedAfter(before), IsSubscribedAfter(last)}.set() == row.set;
}

CommandPtr NextBuild(const store::v1::StoredActivityKind& subscription) {
  auto command = NewCommand();
  store::v1::BuildSubscriptionCommand& build = *command->mutable_build_subscription();
  build.set_kind_number(subscription.kind_number());
  build.set_keys_max(kKeysPerBuild);
  build.set_start_ordinal(subscription.build_ordinal());
  return command;
}

CommandResult ApplyBuildSubscription(const store::v1::BuildSubscriptionCommand& command,
                                     WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingKind* kind = state.kinds().Find(command.kind_number());
  if (kind == nullptr || kind->definition->build_ordinal() == 0 ||
      kind->definition->build_ordinal() != command.start_ordinal()) {
    return result;
  }
  const uint32_t last_ordinal = state.counters().last_customer_ordinal();
  uint32_t ordinal = command.start_ordinal();
  size_t keys = 0;
  for (; ordinal <= last_ordinal && keys < std::max(command.keys_max(), 1u); ++ordinal) {
    const absl::StatusOr<size_t> events = Build(kind->as_subscription(), ordinal, group);
    if (!events.ok()) {
      result.error = events.status();
      return result;
    }
    keys += 1 + *events;
  }
  store::v1::StoredActivityKind definition = *kind->definition;
  definition.set_build_ordinal(ordinal <= last_ordinal ? ordinal : 0);
  if (definition.build_ordinal() != 0) {
    result.follow_up = NextBuild(definition);
  }
  group.Put(Family::kMeta, ActivityKindKey(definition.kind_number()), EncodeMessage(definition));
  state.kinds().Put(std::move(definition));
  return result;
}

}  // namespace emptychair::storage
