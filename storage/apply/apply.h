// Decides what a command does to the store. Deterministic: the outcome depends on the command and
// the state before it, never on a clock, a random number, a flag or the time-zone database.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/apply/command_result.h"
#include "storage/apply/working_state.h"
#include "storage/apply/write_group.h"

namespace emptychair::storage {

// Applies `command` to `state` and `group`. A submission that is refused, and a command that ends
// in an error, leave both as they were. `want_records`: fill in the outcomes' records.
CommandResult Apply(const store::v1::Command& command, bool want_records, WorkingState& state,
                    WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_H_
