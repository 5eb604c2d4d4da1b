#include "storage/apply.h"

#include "storage/apply_change.h"
#include "storage/apply_feedback.h"
#include "storage/apply_survey.h"

namespace emptychair::storage {
namespace {

CommandResult ApplySubmitFeedback(const store::v1::SubmitFeedbackCommand& command,
                                  bool want_records, State& state, Group& group) {
  CommandResult result;
  result.outcomes.reserve(command.submissions_size());
  for (const store::v1::Submission& submission : command.submissions()) {
    result.outcomes.push_back(
        ApplySubmission(submission, command.receive_time_ms(), want_records, state, group));
  }
  return result;
}

}  // namespace

CommandResult Apply(const store::v1::Command& command, bool want_records, State& state,
                    Group& group) {
  CommandResult result;
  switch (command.kind_case()) {
    case store::v1::Command::kCreateSurvey:
      result = ApplyCreateSurvey(command.create_survey(), state, group);
      break;
    case store::v1::Command::kUpdateSurvey:
      result = ApplyUpdateSurvey(command.update_survey(), state, group);
      break;
    case store::v1::Command::kArchiveSurvey:
      result = ApplyArchiveSurvey(command.archive_survey(), state, group);
      break;
    case store::v1::Command::kDeleteSurvey:
      result = ApplyDeleteSurvey(command.delete_survey(), state, group);
      break;
    case store::v1::Command::kPurgeSurvey:
      result = ApplyPurgeSurvey(command.purge_survey(), state, group);
      break;
    case store::v1::Command::kSubmitFeedback:
      result = ApplySubmitFeedback(command.submit_feedback(), want_records, state, group);
      break;
    case store::v1::Command::kAmendFeedback:
      result = ApplyAmendFeedback(command.amend_feedback(), state, group);
      break;
    case store::v1::Command::kExcludeFeedback:
      result = ApplyExcludeFeedback(command.exclude_feedback(), state, group);
      break;
    case store::v1::Command::kIncludeFeedback:
      result = ApplyIncludeFeedback(command.include_feedback(), state, group);
      break;
    case store::v1::Command::kEraseFeedback:
      result = ApplyEraseFeedback(command.erase_feedback(), state, group);
      break;
    case store::v1::Command::KIND_NOT_SET:
      result.error = absl::InternalError("a command without a kind");
      break;
  }
  result.sequence = state.counters().sequence();
  return result;
}

}  // namespace emptychair::storage
