#include "storage/apply/apply_activity.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/activity_sets.h"
#include "storage/apply/apply_activity_kind.h"
#include "storage/apply/apply_customer.h"
#include "storage/apply/apply_import.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/apply/sent_content.h"
#include "storage/format/activities.h"
#include "storage/format/changes.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/read/activities.h"

namespace emptychair::storage {
namespace {

using store::v1::RecordedActivity;
using store::v1::StoredActivity;

SubmissionOutcome Refused(absl::Status error) {
  SubmissionOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

absl::StatusOr<ActivityLookup> LookUp(const WorkingKind& kind, const std::string& activity_id,
                                      const WorkingState& state, const WriteGroup& group) {
  return LookUpActivity(*kind.definition, activity_id, state.hash(),
                        [&group](Family family, const std::string& key, std::string* value) {
                          return group.Get(family, key, value);
                        });
}

absl::Status ErasedError(const WorkingKind& kind, const std::string& activity_id) {
  return Error(v1::ERROR_REASON_ERASED,
               "activity_id: the activity was erased; its id cannot be used again",
               {{"kind", kind.definition->kind()}, {"activity_id", activity_id}});
}

std::optional<Amount> AmountOf(const RecordedActivity& activity) {
  if (!activity.has_amount()) {
    return std::nullopt;
  }
  Amount amount{.units = activity.amount().units(), .nanos = activity.amount().nanos()};
  const std::string& currency = activity.amount().currency_code();
  std::copy_n(currency.begin(), std::min(currency.size(), amount.currency.size()),
              amount.currency.begin());
  return amount;
}

// Names the fields of what was sent that are not those of the stored activity.
std::string DifferingFields(const RecordedActivity& sent, std::optional<uint32_t> customer_ordinal,
                            const ActivityRecord& stored) {
  std::vector<absl::string_view> fields;
  if (customer_ordinal != stored.header.customer_ordinal) {
    fields.push_back("customer_id");
  }
  if (sent.time_was_sent() && sent.id() != stored.id.AsBytes()) {
    fields.push_back("occur_time");
  }
  if (AmountOf(sent) != stored.header.amount) {
    fields.push_back("amount");
  }
  if (!SameLabels(sent.body().labels(), stored.body.labels())) {
    fields.push_back("labels");
  }
  return absl::StrJoin(fields, ", ");
}

SubmissionOutcome JudgeExisting(const RecordedActivity& activity, const WorkingKind& kind,
                                const ActivityRecord& stored, WorkingState& state,
                                const WriteGroup& group) {
  const absl::StatusOr<std::optional<KnownCustomer>> customer =
      FindCustomer(activity.customer_id(), state, group);
  if (!customer.ok()) {
    return Refused(customer.status());
  }
  const std::string fields = DifferingFields(
      activity, customer->has_value() ? std::optional((*customer)->ordinal) : std::nullopt, stored);
  if (!fields.empty()) {
    return Refused(Error(
        v1::ERROR_REASON_CONTENT_DIFFERS,
        absl::StrCat("the activity was recorded before under the same activity_id with another ",
                     fields, "; it stays as it is"),
        {{"kind", kind.definition->kind()}, {"activity_id", activity.body().activity_id()}}));
  }
  SubmissionOutcome outcome;
  outcome.kind = SubmissionOutcome::Kind::kAlreadyExisted;
  outcome.id = stored.id;
  outcome.receive_time_ms = stored.body.receive_time_ms();
  return outcome;
}

// Stores an activity that passed all checks. `sharing` are the entries of others whose ids share
// the start of the hash.
absl::StatusOr<SubmissionOutcome> Store(const store::v1::RecordActivitiesCommand& command,
                                        const RecordedActivity& activity, const Uuid& id,
                                        std::vector<ExternalIdEntry> sharing, WorkingKind& kind,
                                        WorkingState& state, WriteGroup& group) {
  store::v1::StoredCounters& counters = state.counters();
  const uint32_t last_ordinal = counters.last_customer_ordinal();
  ASSIGN_OR_RETURN(const KnownCustomer customer,
                   FindOrAddCustomer(activity.customer_id(), state, group));
  const ActivityKey key{kind.number(), id};
  ActivityHeader header{.customer_ordinal = customer.ordinal,
                        .zone_offset_seconds = activity.zone_offset_seconds(),
                        .amount = AmountOf(activity)};
  ASSIGN_OR_RETURN(const ActivityPlan plan, PlanToAdd(key, header, customer.ordinal > last_ordinal,
                                                      kind, state.activities(), group));
  StoredActivity body = activity.body();
  body.set_import_number(ImportNumberOf(command.import_id(), command.time_ms(),
                                        {.kind_number = kind.number()}, *kind.imports, state,
                                        group));
  kind.has_activities = true;
  counters.set_activity_count(counters.activity_count() + 1);
  header.sequence =
      TakeSequence({ChangeKind::kCreated, Entity::kActivity, key.kind_number, id}, state, group);
  group.Put(Family::kActivity, key.Encode(), EncodeActivity(header, body));
  sharing.push_back({.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = id.UnixMs()});
  group.Put(Family::kActivityById,
            ActivityIdKeyOf(state.hash(), key.kind_number, body.activity_id()),
            EncodeExternalIdEntries(sharing));
  CarryOut(plan, group);
  state.activities().Put(key.kind_number, customer.ordinal, plan.known);

  SubmissionOutcome outcome;
  outcome.kind = SubmissionOutcome::Kind::kAccepted;
  outcome.id = id;
  outcome.receive_time_ms = body.receive_time_ms();
  return outcome;
}

// Records an activity of a kind that is there.
SubmissionOutcome RecordOf(const store::v1::RecordActivitiesCommand& command,
                           const RecordedActivity& activity, WorkingKind& kind, WorkingState& state,
                           WriteGroup& group) {
  // Duplicates come before every other check, so that a retry ends as the first try did.
  absl::StatusOr<ActivityLookup> existing =
      LookUp(kind, activity.body().activity_id(), state, group);
  if (!existing.ok()) {
    return Refused(existing.status());
  }
  if (existing->is_erased) {
    return Refused(ErasedError(kind, activity.body().activity_id()));
  }
  if (existing->record.has_value() &&
      state.erasing().count(existing->record->header.customer_ordinal) != 0) {
    return Refused(ErasedError(kind, activity.body().activity_id()));
  }
  if (existing->record.has_value()) {
    return JudgeExisting(activity, kind, *existing->record, state, group);
  }
  // The offset of another zone would put the activity into the wrong day. Nothing is recorded on a
  // subscription, which whoever sends it again is told.
  const bool knew_kind = activity.kind_number() != 0;
  if (kind.is_subscription()) {
    return Refused(KindChangedError(kind.definition->kind()));
  }
  if (knew_kind ? kind.definition->zone_revision() != activity.zone_revision()
                : kind.definition->time_zone() != kUndeclaredKindZone) {
    return Refused(KindChangedError(kind.definition->kind()));
  }
  absl::StatusOr<SubmissionOutcome> stored =
      Store(command, activity, *Uuid::FromBytes(activity.id()), std::move(existing->sharing), kind,
            state, group);
  return stored.ok() ? *std::move(stored) : Refused(stored.status());
}

SubmissionOutcome Record(const store::v1::RecordActivitiesCommand& command,
                         const RecordedActivity& activity, WorkingState& state, WriteGroup& group,
                         std::vector<std::string>& created_kinds) {
  WorkingKind* kind = activity.kind_number() != 0 ? state.kinds().Find(activity.kind_number())
                                                  : state.kinds().Find(activity.kind());
  if (kind == nullptr && activity.kind_number() == 0) {
    const absl::StatusOr<WorkingKind*> added =
        AddKind(activity.kind(), std::string(kUndeclaredKindZone), command.time_ms(), state, group);
    if (!added.ok()) {
      return Refused(added.status());
    }
    kind = *added;
    created_kinds.push_back(activity.kind());
  }
  if (kind == nullptr || !Uuid::FromBytes(activity.id()).has_value()) {
    return Refused(KindNotFoundError(activity.kind()));
  }
  return RecordOf(command, activity, *kind, state, group);
}

// Takes an activity out of the sets and the index by customer; the caller replaces or deletes the
// activity and its entry by id.
void TakeOutActivity(const ActivityPlan& plan, WorkingState& state, WriteGroup& group) {
  CarryOut(plan, group);
  const std::optional<ActivityByCustomerKey> entry = ActivityByCustomerKey::Decode(plan.entry_key);
  state.activities().Forget(entry->kind_number, entry->customer_ordinal);
  store::v1::StoredCounters& counters = state.counters();
  counters.set_activity_count(counters.activity_count() - 1);
}

// The entries by id without that of the activity.
std::vector<ExternalIdEntry> WithoutEntry(std::vector<ExternalIdEntry> entries, int64_t unix_ms) {
  const ExternalIdEntry own{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = unix_ms};
  const auto found = std::find(entries.begin(), entries.end(), own);
  if (found != entries.end()) {
    entries.erase(found);
  }
  return entries;
}

void PutEntries(const std::string& key, const std::vector<ExternalIdEntry>& entries,
                WriteGroup& group) {
  if (entries.empty()) {
    group.Delete(Family::kActivityById, key);
  } else {
    group.Put(Family::kActivityById, key, EncodeExternalIdEntries(entries));
  }
}

// Makes the entry by id of an activity that of an erased one, if its id is known. Errors:
// STORE_DAMAGED.
absl::Status KeepIdUsed(const ActivityKey& key, const std::string& activity_id,
                        const WorkingKind& kind, WorkingState& state, WriteGroup& group) {
  if (activity_id.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const ActivityLookup found, LookUp(kind, activity_id, state, group));
  std::vector<ExternalIdEntry> entries = WithoutEntry(found.sharing, key.id.UnixMs());
  entries.push_back({.kind = ExternalIdEntry::Kind::kErased,
                     .feedback_id = key.id,
                     .hash = state.hash()(HashPurpose::kActivityId, activity_id)});
  PutEntries(ActivityIdKeyOf(state.hash(), key.kind_number, activity_id), entries, group);
  return absl::OkStatus();
}

// Carries out the plan for an activity that goes; its id stays used.
absl::Status LeaveTombstone(const ActivityRecord& activity, const ActivityPlan& plan,
                            const WorkingKind& kind, WorkingState& state, WriteGroup& group) {
  const ActivityKey key{activity.kind_number, activity.id};
  RETURN_IF_ERROR(KeepIdUsed(key, activity.body.activity_id(), kind, state, group));
  TakeOutActivity(plan, state, group);
  group.Put(Family::kActivity, key.Encode(),
            EncodeTombstone(TakeSequence(
                {ChangeKind::kErased, Entity::kActivity, key.kind_number, key.id}, state, group)));
  return absl::OkStatus();
}

absl::Status EraseById(const WorkingKind& kind, const std::string& activity_id, WorkingState& state,
                       WriteGroup& group) {
  ASSIGN_OR_RETURN(const ActivityLookup found, LookUp(kind, activity_id, state, group));
  if (found.is_erased) {
    return absl::OkStatus();
  }
  if (!found.record.has_value()) {
    return ActivityNotFoundError(kind.definition->kind(), activity_id);
  }
  RETURN_IF_ERROR(EraseActivity(*found.record, kind, state, group));
  EnterIntoLedger(ErasedActivityEntry(*found.record, kind, v1::ERASE_MODE_DELETE, state), state,
                  group);
  return absl::OkStatus();
}

// Removes one activity if it is there and of the import. True: it was.
absl::StatusOr<bool> TakeBack(const ActivityKey& key, const WorkingKind& kind,
                              uint32_t import_number, WorkingState& state, WriteGroup& group) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, group.Get(Family::kActivity, key.Encode(), &value));
  if (!found) {
    return false;
  }
  ASSIGN_OR_RETURN(const ActivityRecord record, DecodeActivity(key, value));
  if (record.header.is_erased || record.body.import_number() != import_number) {
    return false;
  }
  if (record.body.is_anonymized()) {
    RETURN_IF_ERROR(EraseActivity(record, kind, state, group));  // Its id is not known any more.
    return true;
  }
  ASSIGN_OR_RETURN(const ActivityLookup by_id,
                   LookUp(kind, record.body.activity_id(), state, group));
  ASSIGN_OR_RETURN(const ActivityPlan plan, PlanToRemove(key, record.header, kind, group));
  PutEntries(ActivityIdKeyOf(state.hash(), key.kind_number, record.body.activity_id()),
             WithoutEntry(by_id.sharing, key.id.UnixMs()), group);
  TakeOutActivity(plan, state, group);
  TakeSequence({ChangeKind::kErased, Entity::kActivity, key.kind_number, key.id}, state, group);
  group.Delete(Family::kActivity, key.Encode());
  return true;
}

}  // namespace

CommandResult ApplyRecordActivities(const store::v1::RecordActivitiesCommand& command,
                                    WorkingState& state, WriteGroup& group) {
  CommandResult result;
  result.outcomes.reserve(command.activities_size());
  for (const RecordedActivity& activity : command.activities()) {
    result.outcomes.push_back(Record(command, activity, state, group, result.created_kinds));
  }
  return result;
}

absl::Status EraseActivity(const ActivityRecord& activity, const WorkingKind& kind,
                           WorkingState& state, WriteGroup& group) {
  ASSIGN_OR_RETURN(const ActivityPlan plan,
                   PlanToRemove({activity.kind_number, activity.id}, activity.header, kind, group));
  return LeaveTombstone(activity, plan, kind, state, group);
}

absl::Status ForgetActivity(const ActivityRecord& activity, const WorkingKind& kind,
                            WorkingState& state, WriteGroup& group) {
  const ActivityPlan plan =
      PlanToForget({activity.kind_number, activity.id}, activity.header, kind);
  return LeaveTombstone(activity, plan, kind, state, group);
}

absl::Status AnonymizeActivity(ActivityRecord activity, const WorkingKind& kind,
                               WorkingState& state, WriteGroup& group) {
  if (activity.body.is_anonymized()) {
    return absl::OkStatus();
  }
  const ActivityKey key{activity.kind_number, activity.id};
  RETURN_IF_ERROR(KeepIdUsed(key, activity.body.activity_id(), kind, state, group));
  StoredActivity kept;
  kept.set_is_anonymized(true);
  kept.set_receive_time_ms(activity.body.receive_time_ms());
  kept.set_import_number(activity.body.import_number());
  activity.header.sequence = TakeSequence(
      {ChangeKind::kChanged, Entity::kActivity, key.kind_number, key.id}, state, group);
  group.Put(Family::kActivity, key.Encode(), EncodeActivity(activity.header, kept));
  return absl::OkStatus();
}

CommandResult ApplyEraseActivity(const store::v1::EraseActivityCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingKind* kind = state.kinds().Find(command.kind_number());
  result.error = kind == nullptr ? KindNotFoundError("")
                                 : EraseById(*kind, command.activity_id(), state, group);
  return result;
}

CommandResult ApplyTakeBackActivities(const store::v1::TakeBackActivitiesCommand& command,
                                      WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingKind* kind = state.kinds().Find(command.kind_number());
  if (kind == nullptr) {
    result.error = KindNotFoundError("");
    return result;
  }
  for (const std::string& id_bytes : command.ids()) {
    const std::optional<Uuid> id = Uuid::FromBytes(id_bytes);
    if (!id.has_value()) {
      continue;
    }
    const absl::StatusOr<bool> removed =
        TakeBack({kind->number(), *id}, *kind, command.import_number(), state, group);
    if (!removed.ok()) {
      result.error = removed.status();
      return result;
    }
    result.changed += *removed ? 1 : 0;
  }
  if (result.changed > 0 && command.import_number() != kNoImport) {
    store::v1::StoredLedgerEntry entry =
        ActivityKindEntry(store::v1::LEDGER_KIND_IMPORT_TAKEN_BACK, *kind);
    entry.set_import_id(std::string(kind->imports->IdOf(command.import_number())));
    EnterIntoLedger(std::move(entry), state, group);
  }
  return result;
}

}  // namespace emptychair::storage
