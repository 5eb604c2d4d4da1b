// Stores what was computed behind the writes.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_DERIVED_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_DERIVED_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Does nothing for what was computed from an older state than what is stored. Errors:
// SURVEY_NOT_FOUND.
CommandResult ApplyPutDerived(const store::v1::PutDerivedCommand& command, WorkingState& state,
                              WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_DERIVED_H_
