// What activities change in the sets of a subscription: who is subscribed at the end of a local day
// or month and was not at its start, and the other way round.
//
// Events are ordered by local day, then by time, at equal times the end before the start. (Days
// come first because offsets of two time-zone databases can put a later event into an earlier day.)
// A customer is subscribed after a start and not after an end, so that the last of all events up to
// a day tells the status at its end.
#ifndef EMPTYCHAIR_STORAGE_APPLY_SUBSCRIPTION_SETS_H_
#define EMPTYCHAIR_STORAGE_APPLY_SUBSCRIPTION_SETS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/command.pb.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/apply/activity_sets.h"
#include "storage/format/keys.h"
#include "storage/state/command.h"
#include "storage/state/command_result.h"
#include "storage/state/working_kinds.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Adds to the plan for an activity, which has what becomes of its entry, what that changes in the
// sets of a subscription that the activity's kind starts or ends. `group` does not have the change
// yet. `is_new_customer`: who did nothing before. Sets that a build has not come to are so changed
// that they never have more than they should. Errors: STORE_DAMAGED.
absl::Status PlanSubscription(const SubscriptionKinds& kinds, bool is_new_customer,
                              const WriteGroup& group, ActivityPlan& plan);

// Whether the customer belongs into a row of the subscription's sets, as `group` has the events.
// Errors: STORE_DAMAGED.
absl::StatusOr<bool> BelongsToSubscriptionSet(const SubscriptionKinds& kinds,
                                              const CustomerSetKey& row, uint32_t customer_ordinal,
                                              const WriteGroup& group);

// Puts some customers into the sets of a subscription that is being built; `follow_up` is the next
// step, until there are none left. Errors: STORE_DAMAGED; the build then goes on with the store's
// next start.
CommandResult ApplyBuildSubscription(const store::v1::BuildSubscriptionCommand& command,
                                     WorkingState& state, WriteGroup& group);

// The next step of the build, which can come again: what is done is not done twice.
CommandPtr NextBuild(const store::v1::StoredActivityKind& subscription);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_SUBSCRIPTION_SETS_H_
