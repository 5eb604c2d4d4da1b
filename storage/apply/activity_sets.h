// What an activity changes in sets of customers.
#ifndef EMPTYCHAIR_STORAGE_APPLY_ACTIVITY_SETS_H_
#define EMPTYCHAIR_STORAGE_APPLY_ACTIVITY_SETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/apply/apply_record.h"
#include "storage/format/activities.h"
#include "storage/format/keys.h"
#include "storage/state/activity_cache.h"
#include "storage/state/command_result.h"
#include "storage/state/working_kinds.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// The entry that an activity has in `activity_by_customer`.
struct ActivityEntry {
  ActivityByCustomerKey key;
  ActivityMark mark;
};
ActivityEntry EntryOf(const ActivityKey& key, const ActivityHeader& header);

// What is to be put when an activity comes or goes: its entry, and its customer's place in sets.
// Found before anything is put, because reading can fail.
struct ActivityPlan {
  std::string entry_key;
  std::optional<ActivityMark> entry;  // Nothing: the entry goes.
  struct Change {
    CustomerSetKey row;
    uint16_t member;
    bool comes;
  };
  std::vector<Change> changes;
  // Of one that comes: what is known of its customer's activities afterwards.
  KnownActivities known;
};

// The plan for a new activity of `kind`, with the subscriptions that are made of it.
// `is_new_customer`: who did nothing before.
absl::StatusOr<ActivityPlan> PlanToAdd(const ActivityKey& key, const ActivityHeader& header,
                                       bool is_new_customer, const WorkingKind& kind,
                                       const ActivityCache& cache, const WriteGroup& group);

// The plan for one that goes, which `group` still has.
absl::StatusOr<ActivityPlan> PlanToRemove(const ActivityKey& key, const ActivityHeader& header,
                                          const WorkingKind& kind, const WriteGroup& group);

// The plan for one that goes with all else that its customer did: no other activity is looked at,
// so that a customer with many takes no longer than others. Until the last of them is gone sets
// need not have the customer as the rest would make it.
ActivityPlan PlanToForget(const ActivityKey& key, const ActivityHeader& header,
                          const WorkingKind& kind);

void CarryOut(const ActivityPlan& plan, WriteGroup& group);

// Mends rows: each customer named is put in or taken out as the index by customer says now.
CommandResult ApplyCorrectCustomerSets(const store::v1::CorrectCustomerSetsCommand& command,
                                       WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_ACTIVITY_SETS_H_
