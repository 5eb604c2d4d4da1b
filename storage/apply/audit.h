// What was done, by whom.
#ifndef EMPTYCHAIR_STORAGE_APPLY_AUDIT_H_
#define EMPTYCHAIR_STORAGE_APPLY_AUDIT_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Adds an event to the end of the chain.
void AppendAudit(const store::v1::StoredAuditEvent& event, WorkingState& state, WriteGroup& group);

CommandResult ApplyNoteAudit(const store::v1::NoteAuditCommand& command, WorkingState& state,
                             WriteGroup& group);
CommandResult ApplyTrimAudit(const store::v1::TrimAuditCommand& command, WorkingState& state,
                             WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_AUDIT_H_
