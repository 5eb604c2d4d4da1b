#include "storage/apply/ledger.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply_record.h"
#include "storage/format/changes.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredLedgerEntry;

std::string ToBytes(const IdHash& hash) {
  return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

std::optional<IdHash> ToHash(const std::string& bytes) {
  IdHash hash{};
  if (bytes.size() != hash.size()) {
    return std::nullopt;
  }
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

absl::StatusOr<std::vector<LedgerItem>> WaitingWhere(
    absl::FunctionRef<bool(const StoredLedgerEntry&)> fits, WorkingState& state,
    const WriteGroup& group) {
  std::vector<LedgerItem> items;
  if (state.counters().ledger_waiting_count() == 0) {
    return items;
  }
  bool is_sound = true;
  RETURN_IF_ERROR(group.Visit(Family::kLedger, "", "", [&](const WriteGroup::Entry& stored) {
    LedgerItem item;
    const std::optional<Uuid> id = DecodeLedgerKey(stored.key);
    is_sound = id.has_value() && DecodeMessage(stored.value, item.entry);
    if (is_sound && item.entry.is_waiting() && fits(item.entry)) {
      item.id = *id;
      items.push_back(std::move(item));
    }
    return is_sound;
  }));
  if (!is_sound) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "an entry of the ledger cannot be decoded");
  }
  return items;
}

// Enters that an id was used, unless that is there.
void KeepHash(Family family, const std::string& key, const Uuid& id, const IdHash& hash,
              WriteGroup& group) {
  std::string value;
  const absl::StatusOr<bool> found = group.Get(family, key, &value);
  std::vector<ExternalIdEntry> entries;
  if (found.ok() && *found) {
    std::optional<std::vector<ExternalIdEntry>> sharing = DecodeExternalIdEntries(value);
    if (!sharing.has_value()) {
      return;  // Damage, which a check names.
    }
    entries = *std::move(sharing);
  }
  const auto is_same = [&](const ExternalIdEntry& entry) {
    return entry.kind == ExternalIdEntry::Kind::kErased && entry.hash == hash;
  };
  if (std::none_of(entries.begin(), entries.end(), is_same)) {
    entries.push_back({.kind = ExternalIdEntry::Kind::kErased, .feedback_id = id, .hash = hash});
    group.Put(family, key, EncodeExternalIdEntries(entries));
  }
}

template <typename Owner>
void EraseWaitingOf(std::vector<LedgerItem> items, Owner& owner, WorkingState& state,
                    WriteGroup& group) {
  for (const LedgerItem& item : items) {
    PutTombstone(item.entry, owner, state, group);
  }
  EndWaiting(std::move(items), state, group);
}

}  // namespace

StoredLedgerEntry SurveyEntry(store::v1::LedgerKind kind, const WorkingSurvey& survey) {
  StoredLedgerEntry entry;
  entry.set_kind(kind);
  entry.set_survey_id(survey.definition->survey_id());
  entry.set_survey_number(survey.definition->survey_number());
  return entry;
}

StoredLedgerEntry ActivityKindEntry(store::v1::LedgerKind kind, const WorkingKind& of) {
  StoredLedgerEntry entry;
  entry.set_kind(kind);
  entry.set_activity_kind(of.definition->kind());
  entry.set_kind_number(of.number());
  return entry;
}

StoredLedgerEntry ErasedRecordEntry(const FeedbackRecord& record, const WorkingSurvey& survey,
                                    v1::EraseMode mode, const WorkingState& state) {
  StoredLedgerEntry entry = SurveyEntry(store::v1::LEDGER_KIND_RECORD_ERASED, survey);
  entry.set_record_id(std::string(record.feedback_id.AsBytes()));
  if (const std::string& external_id = record.body.external_id(); !external_id.empty()) {
    entry.set_id_hash(ToBytes(state.hash()(HashPurpose::kExternalId, external_id)));
  }
  entry.set_mode(mode);
  return entry;
}

StoredLedgerEntry ErasedActivityEntry(const ActivityRecord& activity, const WorkingKind& kind,
                                      v1::EraseMode mode, const WorkingState& state) {
  StoredLedgerEntry entry = ActivityKindEntry(store::v1::LEDGER_KIND_ACTIVITY_ERASED, kind);
  entry.set_record_id(std::string(activity.id.AsBytes()));
  if (const std::string& activity_id = activity.body.activity_id(); !activity_id.empty()) {
    entry.set_id_hash(ToBytes(state.hash()(HashPurpose::kActivityId, activity_id)));
  }
  entry.set_mode(mode);
  return entry;
}

StoredLedgerEntry AccessEntry(store::v1::LedgerKind kind, const store::v1::StoredAccess& left) {
  StoredLedgerEntry entry;
  entry.set_kind(kind);
  entry.set_access_id(left.id());
  if (kind != store::v1::LEDGER_KIND_KEY_REVOKED) {
    *entry.mutable_access() = left;
  }
  return entry;
}

void EnterIntoLedger(StoredLedgerEntry entry, WorkingState& state, WriteGroup& group) {
  const std::optional<Uuid> id = state.NextLedgerId();
  if (!id.has_value()) {
    return;
  }
  store::v1::StoredCounters& counters = state.counters();
  entry.set_time_ms(id->UnixMs());
  entry.set_sequence(counters.sequence());
  group.Put(Family::kLedger, LedgerKey(*id), EncodeMessage(entry));
  counters.set_ledger_count(counters.ledger_count() + 1);
}

absl::StatusOr<std::vector<LedgerItem>> WaitingForSurvey(absl::string_view survey_id,
                                                         WorkingState& state,
                                                         const WriteGroup& group) {
  return WaitingWhere(
      [&](const StoredLedgerEntry& entry) {
        return entry.kind() == store::v1::LEDGER_KIND_RECORD_ERASED &&
               entry.survey_id() == survey_id;
      },
      state, group);
}

absl::StatusOr<std::vector<LedgerItem>> WaitingForKind(absl::string_view activity_kind,
                                                       WorkingState& state,
                                                       const WriteGroup& group) {
  return WaitingWhere(
      [&](const StoredLedgerEntry& entry) {
        return entry.kind() == store::v1::LEDGER_KIND_ACTIVITY_ERASED &&
               entry.activity_kind() == activity_kind;
      },
      state, group);
}

void EndWaiting(std::vector<LedgerItem> items, WorkingState& state, WriteGroup& group) {
  store::v1::StoredCounters& counters = state.counters();
  for (LedgerItem& item : items) {
    item.entry.set_is_waiting(false);
    group.Put(Family::kLedger, LedgerKey(item.id), EncodeMessage(item.entry));
    counters.set_ledger_waiting_count(counters.ledger_waiting_count() - 1);
  }
}

void EraseWaiting(std::vector<LedgerItem> items, WorkingSurvey& survey, WorkingState& state,
                  WriteGroup& group) {
  EraseWaitingOf(std::move(items), survey, state, group);
}

void EraseWaiting(std::vector<LedgerItem> items, WorkingKind& kind, WorkingState& state,
                  WriteGroup& group) {
  EraseWaitingOf(std::move(items), kind, state, group);
}

void PutTombstone(const StoredLedgerEntry& entry, WorkingSurvey& survey, WorkingState& state,
                  WriteGroup& group) {
  const std::optional<Uuid> id = Uuid::FromBytes(entry.record_id());
  if (!id.has_value()) {
    return;
  }
  const FeedbackKey key{survey.definition->survey_number(), *id};
  if (const std::optional<IdHash> hash = ToHash(entry.id_hash())) {
    KeepHash(Family::kFeedbackByExternalId,
             ExternalIdKey{key.survey_number, Shortened(*hash)}.Encode(), *id, *hash, group);
  }
  group.Put(Family::kFeedback, key.Encode(),
            EncodeTombstone(TakeSequence(
                {ChangeKind::kErased, Entity::kFeedback, key.survey_number, *id}, state, group)));
  state.recent_ids().Add(key.survey_number, *id);
  survey.has_answers = true;
}

void PutTombstone(const StoredLedgerEntry& entry, WorkingKind& kind, WorkingState& state,
                  WriteGroup& group) {
  const std::optional<Uuid> id = Uuid::FromBytes(entry.record_id());
  if (!id.has_value()) {
    return;
  }
  const ActivityKey key{kind.number(), *id};
  if (const std::optional<IdHash> hash = ToHash(entry.id_hash())) {
    KeepHash(Family::kActivityById, ActivityIdKey{key.kind_number, Shortened(*hash)}.Encode(), *id,
             *hash, group);
  }
  group.Put(Family::kActivity, key.Encode(),
            EncodeTombstone(TakeSequence(
                {ChangeKind::kErased, Entity::kActivity, key.kind_number, *id}, state, group)));
  kind.has_activities = true;
}

}  // namespace emptychair::storage
