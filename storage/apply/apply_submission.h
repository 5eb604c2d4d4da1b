// The part of apply.h for feedback.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_SUBMISSION_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_SUBMISSION_H_

#include "absl/status/statusor.h"
#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Stores one of the command's submissions, or finds out why not.
SubmissionOutcome ApplySubmission(const store::v1::SubmitFeedbackCommand& command,
                                  const store::v1::Submission& submission, bool want_record,
                                  WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_SUBMISSION_H_
