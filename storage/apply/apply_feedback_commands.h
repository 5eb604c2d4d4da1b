// The part of apply.h for changes of single records.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_FEEDBACK_COMMANDS_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_FEEDBACK_COMMANDS_H_

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Each answers the record as it is then. A change whose outcome holds already is carried out by
// doing nothing, whatever etag it asks for. Errors: SURVEY_NOT_FOUND, FEEDBACK_NOT_FOUND, ERASED,
// ETAG_MISMATCH, STORE_DAMAGED.
CommandResult ApplyExcludeFeedback(const store::v1::ExcludeFeedbackCommand& command,
                                   WorkingState& state, WriteGroup& group);
CommandResult ApplyIncludeFeedback(const store::v1::IncludeFeedbackCommand& command,
                                   WorkingState& state, WriteGroup& group);

// Also: SCORE_NOT_ALLOWED, SCORE_OUT_OF_RANGE.
CommandResult ApplyAmendFeedback(const store::v1::AmendFeedbackCommand& command,
                                 WorkingState& state, WriteGroup& group);

// Leaves tombstones of the record's ids. Answers no record, and never ERASED.
CommandResult ApplyEraseFeedback(const store::v1::EraseFeedbackCommand& command,
                                 WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_FEEDBACK_COMMANDS_H_
