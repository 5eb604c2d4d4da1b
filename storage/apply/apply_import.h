// The part of apply.h for imports.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_

#include <cstdint>

#include "emptychair/store/v1/command.pb.h"
#include "storage/apply/command_result.h"
#include "storage/apply/working_state.h"
#include "storage/apply/write_group.h"

namespace emptychair::storage {

// Returns the number of the command's import in the survey, newly given when the import is new;
// kNoImport for a command without one.
uint32_t ImportNumberOf(const store::v1::SubmitFeedbackCommand& command, WorkingSurvey& survey,
                        WorkingState& state, WriteGroup& group);

// Removes records of an import, each as a change of its own. Errors: SURVEY_NOT_FOUND,
// STORE_DAMAGED for a record that cannot be decoded.
CommandResult ApplyTakeBackFeedback(const store::v1::TakeBackFeedbackCommand& command,
                                    WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_IMPORT_H_
