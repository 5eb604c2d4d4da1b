// The part of apply.h for imports.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_

#include <cstdint>
#include <string>

#include "emptychair/store/v1/command.pb.h"
#include "storage/read/import_table.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// What an import is part of.
struct ImportOwner {
  uint32_t survey_number = 0;
  uint32_t kind_number = 0;  // Of the two one is not 0.
};

// Returns the number of an import of a survey or an activity kind, newly given when the import is
// new; kNoImport for an empty id. `time_ms` is when it was made, if it is new.
uint32_t ImportNumberOf(const std::string& import_id, int64_t time_ms, const ImportOwner& owner,
                        ImportTable& imports, WorkingState& state, WriteGroup& group);

// Removes records of an import, each as a change of its own. Errors: SURVEY_NOT_FOUND,
// STORE_DAMAGED for a record that cannot be decoded.
CommandResult ApplyTakeBackFeedback(const store::v1::TakeBackFeedbackCommand& command,
                                    WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_
