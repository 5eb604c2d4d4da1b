// Validates changes of a stored record and turns them into commands.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_COMMANDS_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_COMMANDS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair {

// The commands that requests ask for, their syntax checked and their survey found. Whether there is
// such a record, in which state, and whether the survey takes the score, is judged later, when they
// are applied. Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND.
absl::StatusOr<storage::CommandPtr> PrepareAmend(const v1::AmendFeedbackRequest& request,
                                                 absl::Time now, const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareExclude(const v1::ExcludeFeedbackRequest& request,
                                                   absl::Time now, const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareInclude(const v1::IncludeFeedbackRequest& request,
                                                   const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareErase(const v1::EraseFeedbackRequest& request,
                                                 const storage::View& view);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_COMMANDS_H_
