#include "storage/apply.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/apply_feedback.h"
#include "storage/cube_row.h"
#include "storage/keys.h"
#include "storage/values.h"

namespace emptychair::storage {
namespace {

// Whether the two are the same but for what the store itself adds.
bool SameDefinition(const store::v1::StoredSurvey& stored, store::v1::StoredSurvey wanted) {
  wanted.set_survey_number(stored.survey_number());
  wanted.set_create_time_ms(stored.create_time_ms());
  wanted.set_archive_time_ms(stored.archive_time_ms());
  wanted.set_sequence(stored.sequence());
  return google::protobuf::util::MessageDifferencer::Equals(stored, wanted);
}

CommandResult ApplyCreateSurvey(const store::v1::CreateSurveyCommand& command, State& state,
                                Group& group) {
  CommandResult result;
  store::v1::StoredSurvey survey = command.survey();
  if (const WorkingSurvey* existing = state.FindSurvey(survey.survey_id())) {
    if (SameDefinition(*existing->definition, std::move(survey))) {
      result.survey = existing->definition;
    } else {
      result.error =
          Error(v1::ERROR_REASON_SURVEY_EXISTS,
                absl::StrCat("survey.survey_id: the survey ", existing->definition->survey_id(),
                             " exists with another definition; choose another id, or send what is "
                             "stored"),
                {{"survey_id", existing->definition->survey_id()}});
    }
    return result;
  }
  store::v1::StoredCounters& counters = state.counters();
  counters.set_last_survey_number(counters.last_survey_number() + 1);
  counters.set_sequence(counters.sequence() + 1);
  survey.set_survey_number(counters.last_survey_number());
  survey.set_sequence(counters.sequence());
  group.Put(Family::kMeta, SurveyKey(survey.survey_number()), EncodeMessage(survey));
  const uint32_t number = survey.survey_number();
  state.AddSurvey(std::move(survey));
  result.survey = state.FindSurvey(number)->definition;
  return result;
}

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

CommandResult ApplyCorrectCube(const store::v1::CorrectCubeCommand& command, State& state,
                               Group& group) {
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
      group.Delete(Family::kCell, key);
    }
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
    case store::v1::Command::kSubmitFeedback:
      result = ApplySubmitFeedback(command.submit_feedback(), want_records, state, group);
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
