// The part of apply.h for activities.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_H_

#include "absl/status/status.h"
#include "emptychair/store/v1/command.pb.h"
#include "storage/read/activities.h"
#include "storage/state/command_result.h"
#include "storage/state/working_kinds.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Judges and stores activities, each by itself. An outcome's errors: CONTENT_DIFFERS, ERASED,
// KIND_NOT_FOUND, KIND_CHANGED, LIMIT_REACHED, STORE_DAMAGED.
CommandResult ApplyRecordActivities(const store::v1::RecordActivitiesCommand& command,
                                    WorkingState& state, WriteGroup& group);

// Leaves a tombstone. Erased already: nothing is changed. Errors: KIND_NOT_FOUND,
// ACTIVITY_NOT_FOUND, STORE_DAMAGED.
CommandResult ApplyEraseActivity(const store::v1::EraseActivityCommand& command,
                                 WorkingState& state, WriteGroup& group);

// Removes activities of an import, each as a change of its own. Errors: KIND_NOT_FOUND,
// STORE_DAMAGED for one that cannot be decoded; what came before it is removed.
CommandResult ApplyTakeBackActivities(const store::v1::TakeBackActivitiesCommand& command,
                                      WorkingState& state, WriteGroup& group);

// Leaves a tombstone of an activity that is not erased. Errors: STORE_DAMAGED, which changed
// nothing.
absl::Status EraseActivity(const ActivityRecord& activity, const WorkingKind& kind,
                           WorkingState& state, WriteGroup& group);

// The same of one whose customer is erased with all activities.
absl::Status ForgetActivity(const ActivityRecord& activity, const WorkingKind& kind,
                            WorkingState& state, WriteGroup& group);

// Takes away all of an activity, which is not erased, that numbers are not made of; its id stays
// used. One that is anonymized already stays as it is. Errors: the same.
absl::Status AnonymizeActivity(ActivityRecord activity, const WorkingKind& kind,
                               WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_H_
