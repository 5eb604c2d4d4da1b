// The part of apply.h for activity kinds.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_KIND_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_KIND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/state/command.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Declares a kind that is not there. Errors: LIMIT_REACHED.
absl::StatusOr<WorkingKind*> AddKind(const std::string& kind, const std::string& time_zone,
                                     int64_t create_time_ms, WorkingState& state,
                                     WriteGroup& group);

// The error for a change of a kind that came on the way of `kind`'s; to be sent again.
absl::Status KindChangedError(const std::string& kind);

// The error for a kind that is not there, or not any more. `kind` may be empty: not known.
absl::Status KindNotFoundError(absl::string_view kind);

// Errors: FIELD_INVALID for another start or end than the kind has; KIND_HAS_ACTIVITIES; IN_USE for
// another zone of a kind that a subscription is made of; KIND_CHANGED for a subscription of kinds
// that were deleted or changed meanwhile; LIMIT_REACHED.
CommandResult ApplyDefineActivityKind(const store::v1::DefineActivityKindCommand& command,
                                      WorkingState& state, WriteGroup& group);

// Hides the kind; a PurgeActivityKindCommand follows. Errors: KIND_NOT_FOUND, IN_USE.
CommandResult ApplyDeleteActivityKind(const store::v1::DeleteActivityKindCommand& command,
                                      WorkingState& state, WriteGroup& group);

// Removes a part of a deleted kind's data. Another such command follows until there is nothing
// left.
CommandResult ApplyPurgeActivityKind(const store::v1::PurgeActivityKindCommand& command,
                                     WorkingState& state, WriteGroup& group);

// The command with which the purge of a deleted kind begins, now or anew after a start.
CommandPtr FirstKindPurge(uint32_t kind_number);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_ACTIVITY_KIND_H_
