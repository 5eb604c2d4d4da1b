#include "storage/apply/apply.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/apply/activity_sets.h"
#include "storage/apply/apply_access.h"
#include "storage/apply/apply_activity.h"
#include "storage/apply/apply_activity_kind.h"
#include "storage/apply/apply_customer.h"
#include "storage/apply/apply_derived.h"
#include "storage/apply/apply_erase_customer.h"
#include "storage/apply/apply_feedback_commands.h"
#include "storage/apply/apply_import.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/apply_replay.h"
#include "storage/apply/apply_submission.h"
#include "storage/apply/apply_survey.h"
#include "storage/apply/audit.h"
#include "storage/apply/outcome_digest.h"
#include "storage/apply/subscription_sets.h"
#include "storage/engine/fail_point.h"
#include "storage/format/changes.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

CommandResult ApplySubmitFeedback(const store::v1::SubmitFeedbackCommand& command,
                                  bool want_records, WorkingState& state, WriteGroup& group) {
  CommandResult result;
  result.outcomes.reserve(command.submissions_size());
  for (const store::v1::Submission& submission : command.submissions()) {
    result.outcomes.push_back(ApplySubmission(command, submission, want_records, state, group));
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
  std::set<uint32_t> corrected;
  for (auto& [row, added] : corrections) {
    // A survey that is gone took its rows with it.
    if (state.FindSurvey(row.survey_number) != nullptr) {
      group.CorrectRow(row, added);
      corrected.insert(row.survey_number);
    }
  }
  for (const uint32_t survey_number : corrected) {
    TakeSequence({ChangeKind::kCubeCorrected, Entity::kSurvey, survey_number, Uuid()}, state,
                 group);
  }
  for (const store::v1::SeriesCorrection& series : command.series()) {
    if (state.FindSurvey(series.survey_number()) != nullptr) {
      PutSeries({series.survey_number(), series.series()}, series.values(), group);
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

CommandResult ApplyKind(const store::v1::Command& command, bool want_records, WorkingState& state,
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
    case store::v1::Command::kResliceSurvey:
      result = ApplyResliceSurvey(command.reslice_survey(), state, group);
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
    case store::v1::Command::kTakeBackFeedback:
      result = ApplyTakeBackFeedback(command.take_back_feedback(), state, group);
      break;
    case store::v1::Command::kCorrectCube:
      result = ApplyCorrectCube(command.correct_cube(), state, group);
      break;
    case store::v1::Command::kUpsertCustomer:
      result = ApplyUpsertCustomer(command.upsert_customer(), state, group);
      break;
    case store::v1::Command::kPutDerived:
      result = ApplyPutDerived(command.put_derived(), state, group);
      break;
    case store::v1::Command::kDefineActivityKind:
      result = ApplyDefineActivityKind(command.define_activity_kind(), state, group);
      break;
    case store::v1::Command::kDeleteActivityKind:
      result = ApplyDeleteActivityKind(command.delete_activity_kind(), state, group);
      break;
    case store::v1::Command::kPurgeActivityKind:
      result = ApplyPurgeActivityKind(command.purge_activity_kind(), state, group);
      break;
    case store::v1::Command::kRecordActivities:
      result = ApplyRecordActivities(command.record_activities(), state, group);
      break;
    case store::v1::Command::kEraseActivity:
      result = ApplyEraseActivity(command.erase_activity(), state, group);
      break;
    case store::v1::Command::kTakeBackActivities:
      result = ApplyTakeBackActivities(command.take_back_activities(), state, group);
      break;
    case store::v1::Command::kCorrectCustomerSets:
      result = ApplyCorrectCustomerSets(command.correct_customer_sets(), state, group);
      break;
    case store::v1::Command::kEraseCustomer:
      result = ApplyEraseCustomer(command.erase_customer(), state, group);
      break;
    case store::v1::Command::kPurgeCustomer:
      result = ApplyPurgeCustomer(command.purge_customer(), state, group);
      break;
    case store::v1::Command::kBuildSubscription:
      result = ApplyBuildSubscription(command.build_subscription(), state, group);
      break;
    case store::v1::Command::kCreateAccess:
      result = ApplyCreateAccess(command.create_access(), state, group);
      break;
    case store::v1::Command::kUpdateAccess:
      result = ApplyUpdateAccess(command.update_access(), state, group);
      break;
    case store::v1::Command::kRotateAccess:
      result = ApplyRotateAccess(command.rotate_access(), state, group);
      break;
    case store::v1::Command::kRevokeAccess:
      result = ApplyRevokeAccess(command.revoke_access(), state, group);
      break;
    case store::v1::Command::kNoteAccess:
      result = ApplyNoteAccess(command.note_access(), state, group);
      break;
    case store::v1::Command::kNoteAudit:
      result = ApplyNoteAudit(command.note_audit(), state, group);
      break;
    case store::v1::Command::kTrimAudit:
      result = ApplyTrimAudit(command.trim_audit(), state, group);
      break;
    case store::v1::Command::kReplayLedger:
      result = ApplyReplayLedger(command.replay_ledger(), state, group);
      break;
    case store::v1::Command::KIND_NOT_SET:
      result.error = absl::InternalError("a command without a kind");
      break;
  }
  return result;
}

absl::Status CheckCommand(uint64_t index, const store::v1::Command& command,
                          const WorkingState& state) {
  if (command.version() != kCommandVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("OUTDATED: command ", index, " of the log has version ", command.version(),
                     ", but this server applies version ", kCommandVersion,
                     " alone. Start a server that knows it; what is stored stays as it is."));
  }
  if (index != state.applied_index() + 1) {
    return absl::InternalError(absl::StrCat(
        "GAP: command ", index, " of the log came behind command ", state.applied_index()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Apply(uint64_t index, const store::v1::Command& command, bool want_records,
                   WorkingState& state, WriteGroup& group, CommandResult& result) {
  if (absl::Status checked = CheckCommand(index, command, state); !checked.ok()) {
    return checked;
  }
  const uint64_t sequence_before = state.counters().sequence();
  state.BeginCommand(command.epoch());
  state.BeginLedger(command.ledger_entry_id());
  group.BeginCommand();
  result = ApplyKind(command, want_records, state, group);
  if (result.error.ok() && command.has_audit()) {
    AppendAudit(command.audit(), state, group);
  }
  result.sequence = state.counters().sequence();
  if (IsOn(FailPoint::kForgetIndex) && result.sequence == sequence_before) {
    return absl::OkStatus();
  }
  state.SetApplied(index, DigestOf(state.digest(), index, result));
  return absl::OkStatus();
}

}  // namespace emptychair::storage
