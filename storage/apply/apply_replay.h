// Does again, on a restored copy, what the ledger says.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_REPLAY_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_REPLAY_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Erases again, or takes away, what the entry says, and enters it under its own id. A record or an
// activity that is not there gets its tombstone all the same, because it will be sent again; where
// its survey or kind is not there, the entry waits for that to be made. `changed` is 0 when the
// store has the entry already. Errors: STORE_DAMAGED; INTERNAL for an entry that says nothing.
CommandResult ApplyReplayLedger(const store::v1::ReplayLedgerCommand& command, WorkingState& state,
                                WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_REPLAY_H_
