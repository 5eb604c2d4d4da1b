#include "storage/apply/apply_replay.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/apply/apply_access.h"
#include "storage/apply/apply_activity.h"
#include "storage/apply/apply_activity_kind.h"
#include "storage/apply/apply_erase_customer.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/apply_survey.h"
#include "storage/apply/ledger.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/activities.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredLedgerEntry;

CommandResult Failed(absl::Status error) {
  CommandResult result;
  result.error = std::move(error);
  return result;
}

absl::Status EraseRecordAgain(const StoredLedgerEntry& entry, WorkingSurvey& survey,
                              WorkingState& state, WriteGroup& group) {
  const std::optional<Uuid> id = Uuid::FromBytes(entry.record_id());
  if (!id.has_value()) {
    return absl::InternalError("an entry of the ledger without the record's id");
  }
  std::string value;
  const FeedbackKey key{survey.definition->survey_number(), *id};
  ASSIGN_OR_RETURN(const bool is_there, group.Get(Family::kFeedback, key.Encode(), &value));
  if (!is_there) {
    PutTombstone(entry, survey, state, group);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(FeedbackRecord record, DecodeFeedbackRecord(survey.all_series(), *id, value));
  if (record.header.is_erased) {
    return absl::OkStatus();
  }
  if (entry.mode() == v1::ERASE_MODE_ANONYMIZE) {
    AnonymizeRecord(std::move(record), survey, state, group);
  } else {
    EraseRecord(record, survey, state, group);
  }
  return absl::OkStatus();
}

absl::Status EraseActivityAgain(const StoredLedgerEntry& entry, WorkingKind& kind,
                                WorkingState& state, WriteGroup& group) {
  const std::optional<Uuid> id = Uuid::FromBytes(entry.record_id());
  if (!id.has_value()) {
    return absl::InternalError("an entry of the ledger without the activity's id");
  }
  std::string value;
  const ActivityKey key{kind.number(), *id};
  ASSIGN_OR_RETURN(const bool is_there, group.Get(Family::kActivity, key.Encode(), &value));
  if (!is_there) {
    PutTombstone(entry, kind, state, group);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(ActivityRecord activity, DecodeActivity(key, value));
  if (activity.header.is_erased) {
    return absl::OkStatus();
  }
  return entry.mode() == v1::ERASE_MODE_ANONYMIZE
             ? AnonymizeActivity(std::move(activity), kind, state, group)
             : EraseActivity(activity, kind, state, group);
}

CommandResult ReplayRecord(StoredLedgerEntry& entry, WorkingState& state, WriteGroup& group) {
  WorkingSurvey* survey = state.FindSurvey(entry.survey_id());
  if (survey == nullptr) {
    entry.set_is_waiting(true);
    return {};
  }
  return Failed(EraseRecordAgain(entry, *survey, state, group));
}

CommandResult ReplayActivity(StoredLedgerEntry& entry, WorkingState& state, WriteGroup& group) {
  WorkingKind* kind = state.kinds().Find(entry.activity_kind());
  if (kind == nullptr) {
    entry.set_is_waiting(true);
    return {};
  }
  return Failed(EraseActivityAgain(entry, *kind, state, group));
}

CommandResult ReplaySurveyDeletion(const StoredLedgerEntry& entry, WorkingState& state,
                                   WriteGroup& group) {
  if (const WorkingSurvey* survey = state.FindSurvey(entry.survey_id())) {
    store::v1::DeleteSurveyCommand command;
    command.set_survey_number(survey->definition->survey_number());
    command.set_delete_time_ms(entry.time_ms());
    return ApplyDeleteSurvey(command, state, group);
  }
  // What was erased of it went with it: another survey may get its name.
  absl::StatusOr<std::vector<LedgerItem>> waiting =
      WaitingForSurvey(entry.survey_id(), state, group);
  if (!waiting.ok()) {
    return Failed(waiting.status());
  }
  EndWaiting(*std::move(waiting), state, group);
  return {};
}

CommandResult ReplayKindDeletion(const StoredLedgerEntry& entry, WorkingState& state,
                                 WriteGroup& group) {
  if (const WorkingKind* kind = state.kinds().Find(entry.activity_kind())) {
    store::v1::DeleteActivityKindCommand command;
    command.set_delete_time_ms(entry.time_ms());
    // Of a subscription that is made of it nothing would be left. Its data is purged by the next
    // start.
    const std::vector<SubscriptionKinds> subscriptions = kind->subscriptions;
    for (const SubscriptionKinds& subscription : subscriptions) {
      command.set_kind_number(subscription.number);
      ApplyDeleteActivityKind(command, state, group);
    }
    command.set_kind_number(kind->number());
    return ApplyDeleteActivityKind(command, state, group);
  }
  absl::StatusOr<std::vector<LedgerItem>> waiting =
      WaitingForKind(entry.activity_kind(), state, group);
  if (!waiting.ok()) {
    return Failed(waiting.status());
  }
  EndWaiting(*std::move(waiting), state, group);
  return {};
}

CommandResult Replay(StoredLedgerEntry& entry, WorkingState& state, WriteGroup& group) {
  switch (entry.kind()) {
    case store::v1::LEDGER_KIND_RECORD_ERASED:
      return ReplayRecord(entry, state, group);
    case store::v1::LEDGER_KIND_CUSTOMER_ERASED:
      return EraseCustomerAgain(entry, state, group);
    case store::v1::LEDGER_KIND_SURVEY_DELETED:
      return ReplaySurveyDeletion(entry, state, group);
    case store::v1::LEDGER_KIND_ACTIVITY_ERASED:
      return ReplayActivity(entry, state, group);
    case store::v1::LEDGER_KIND_KIND_DELETED:
      return ReplayKindDeletion(entry, state, group);
    case store::v1::LEDGER_KIND_IMPORT_TAKEN_BACK:
      return {};
    case store::v1::LEDGER_KIND_KEY_REVOKED:
    case store::v1::LEDGER_KIND_KEY_ROTATED:
    case store::v1::LEDGER_KIND_KEY_NARROWED:
      return ReplayAccess(entry, state, group);
    default:
      return Failed(absl::InternalError("an entry of the ledger without a kind"));
  }
}

}  // namespace

CommandResult ApplyReplayLedger(const store::v1::ReplayLedgerCommand& command, WorkingState& state,
                                WriteGroup& group) {
  const std::optional<Uuid> id = Uuid::FromBytes(command.entry_id());
  if (!id.has_value()) {
    return Failed(absl::InternalError("an entry of the ledger without an id"));
  }
  std::string value;
  const absl::StatusOr<bool> is_held = group.Get(Family::kLedger, LedgerKey(*id), &value);
  if (!is_held.ok() || *is_held) {
    return Failed(is_held.status());
  }
  StoredLedgerEntry entry = command.entry();
  entry.set_is_waiting(false);
  CommandResult result = Replay(entry, state, group);
  if (!result.error.ok()) {
    return result;
  }
  store::v1::StoredCounters& counters = state.counters();
  entry.set_sequence(counters.sequence());
  group.Put(Family::kLedger, LedgerKey(*id), EncodeMessage(entry));
  counters.set_ledger_count(counters.ledger_count() + 1);
  if (entry.is_waiting()) {
    counters.set_ledger_waiting_count(counters.ledger_waiting_count() + 1);
  }
  result.changed = 1;
  return result;
}

}  // namespace emptychair::storage
