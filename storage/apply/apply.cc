#include "storage/apply/apply.h"

#include <optional>
#include <utility>
#include <vector>

#include "storage/apply/apply_feedback_commands.h"
#include "storage/apply/apply_submission.h"
#include "storage/apply/apply_survey.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

CommandResult ApplySubmitFeedback(const store::v1::SubmitFeedbackCommand& command,
                                  bool want_records, WorkingState& state, WriteGroup& group) {
  CommandResult result;
  result.outcomes.reserve(command.submissions_size());
  for (const store::v1::Submission& submission : command.submissions()) {
    result.outcomes.push_back(ApplySubmission(submission, want_records, state, group));
  }
  return result;
}

// The row that is corrected; nothing for a command that cannot be carried out.
std::optional<CubeRowKey> RowOf(const store::v1::CubeRowCorrection& correction) {
  if (correction.chunk() > UINT16_MAX || correction.unit() > UINT8_MAX) {
    return std::nullopt;
  }
  // Decoded again because that is where units are checked.
  return CubeRowKey::Decode(
      CubeRowKey{correction.survey_number(), static_cast<CubeUnit>(correction.unit()),
                 correction.bucket(), static_cast<uint16_t>(correction.chunk())}
          .Encode());
}

CommandResult ApplyCorrectCube(const store::v1::CorrectCubeCommand& command, WorkingState& state,
                               WriteGroup& group) {
  CommandResult result;
  std::vector<std::pair<CubeRowKey, CubeCounts>> corrections;
  for (const store::v1::CubeRowCorrection& correction : command.rows()) {
    const std::optional<CubeRowKey> row = RowOf(correction);
    std::optional<CubeCounts> added = DecodeCubeRow(correction.added());
    if (!row.has_value() || !added.has_value()) {
      result.error = absl::InternalError("a correction of the cube that does not decode");
      return result;
    }
    corrections.emplace_back(*row, *std::move(added));
  }
  for (auto& [row, added] : corrections) {
    // A survey that is gone took its rows with it.
    if (state.FindSurvey(row.survey_number) != nullptr) {
      group.CorrectRow(row, added);
    }
  }
  for (const std::string& key : command.stray_keys()) {
    const std::optional<CubeRowKey> row = CubeRowKey::Decode(key);
    if (!row.has_value() || state.FindSurvey(row->survey_number) == nullptr) {
      group.Delete(Family::kCubeRow, key);
    }
  }
  return result;
}

}  // namespace

CommandResult Apply(const store::v1::Command& command, bool want_records, WorkingState& state,
                    WriteGroup& group) {
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
    case store::v1::Command::kCorrectCube:
      result = ApplyCorrectCube(command.correct_cube(), state, group);
      break;
    case store::v1::Command::KIND_NOT_SET:
      result.error = absl::InternalError("a command without a kind");
      break;
  }
  result.sequence = state.counters().sequence();
  return result;
}

}  // namespace emptychair::storage
