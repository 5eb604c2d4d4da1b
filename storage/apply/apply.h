// Decides what a command does to the store. Deterministic: the outcome depends on the command and
// the state before it, never on a clock, a random number, a flag or the time-zone database.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Applies the command with this index in the log to `state` and `group`, and fills in `result`,
// which is empty. A submission that is refused, and a command that ends in an error, leave both as
// they were but for the index and the digest of outcomes. `want_records`: fill in the outcomes'
// records.
//
// An error is no outcome: this server cannot apply the command, nor any behind it, and must stop.
// Errors: FAILED_PRECONDITION for a command of a version that this server does not know, INTERNAL
// for an index that does not follow the one before.
absl::Status Apply(uint64_t index, const store::v1::Command& command, bool want_records,
                   WorkingState& state, WriteGroup& group, CommandResult& result);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_H_
