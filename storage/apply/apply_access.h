// What is done to keys and certificates of callers.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_ACCESS_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_ACCESS_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

CommandResult ApplyCreateAccess(const store::v1::CreateAccessCommand& command, WorkingState& state,
                                WriteGroup& group);
CommandResult ApplyUpdateAccess(const store::v1::UpdateAccessCommand& command, WorkingState& state,
                                WriteGroup& group);
CommandResult ApplyRotateAccess(const store::v1::RotateAccessCommand& command, WorkingState& state,
                                WriteGroup& group);
CommandResult ApplyRevokeAccess(const store::v1::RevokeAccessCommand& command, WorkingState& state,
                                WriteGroup& group);
CommandResult ApplyNoteAccess(const store::v1::NoteAccessCommand& command, WorkingState& state,
                              WriteGroup& group);

// Does again to a restored key what the ledger says: revoked, rotated or narrowed. A key that is
// not there is younger than the copy; one never gets more surveys by it than it has.
CommandResult ReplayAccess(const store::v1::StoredLedgerEntry& entry, WorkingState& state,
                           WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_ACCESS_H_
