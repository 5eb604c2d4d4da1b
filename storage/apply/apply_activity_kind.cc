#include "storage/apply/apply_activity_kind.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/apply/subscription_sets.h"
#include "storage/format/activities.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredActivityKind;

// Small enough not to hold up the changes of others.
constexpr uint32_t kKeysPerPurge = 1'000;

// By then the state that the change left is published.
constexpr absl::Duration kKindChangedDelay = absl::Milliseconds(10);

// In this order; the sets go last, at once.
constexpr Family kFamilies[] = {Family::kActivity, Family::kActivityById};

// Gives the kind its new definition under the next sequence.
WorkingKind& PutDefinition(ChangeKind change, StoredActivityKind definition, WorkingState& state,
                           WriteGroup& group) {
  const uint32_t number = definition.kind_number();
  definition.set_sequence(
      TakeSequence({change, Entity::kActivityKind, number, Uuid()}, state, group));
  group.Put(Family::kMeta, ActivityKindKey(number), EncodeMessage(definition));
  return state.kinds().Put(std::move(definition));
}

CommandPtr PurgeFrom(uint32_t kind_number, size_t stage, std::string start_key) {
  auto command = NewCommand();
  store::v1::PurgeActivityKindCommand& purge = *command->mutable_purge_activity_kind();
  purge.set_kind_number(kind_number);
  purge.set_keys_max(kKeysPerPurge);
  purge.set_stage(static_cast<uint32_t>(stage));
  purge.set_start_key(std::move(start_key));
  return command;
}

// Takes an activity out of the index by customer and the count. Sets are dropped whole.
void Unindex(const WriteGroup::Entry& entry, WorkingState& state, WriteGroup& group) {
  const std::optional<ActivityKey> key = ActivityKey::Decode(entry.key);
  const std::optional<ActivityHeader> header = DecodeActivityHeader(entry.value);
  if (!key.has_value() || !header.has_value() || header->is_erased) {
    return;
  }
  group.Delete(
      Family::kActivityByCustomer,
      ActivityByCustomerKey{header->customer_ordinal, key->kind_number, StartOf(key->id)}.Encode());
  store::v1::StoredCounters& counters = state.counters();
  counters.set_activity_count(counters.activity_count() - 1);
}

// Declares a kind that is not there, under the next number. Errors: LIMIT_REACHED.
absl::StatusOr<WorkingKind*> Add(StoredActivityKind definition, WorkingState& state,
                                 WriteGroup& group) {
  if (state.kinds().size() >= kActivityKindsMax) {
    return Error(v1::ERROR_REASON_LIMIT_REACHED,
                 absl::StrCat("kind: there are ", kActivityKindsMax,
                              " activity kinds already, which is as many as there may be"),
                 {{"what", "activity_kinds"}, {"limit", absl::StrCat(kActivityKindsMax)}});
  }
  ASSIGN_OR_RETURN(std::vector<LedgerItem> waiting,
                   WaitingForKind(definition.kind(), state, group));
  store::v1::StoredCounters& counters = state.counters();
  counters.set_last_kind_number(counters.last_kind_number() + 1);
  definition.set_kind_number(counters.last_kind_number());
  WorkingKind& kind = PutDefinition(ChangeKind::kCreated, std::move(definition), state, group);
  EraseWaiting(std::move(waiting), kind, state, group);
  return &kind;
}

// The error for what cannot be done with a kind that subscriptions are made of.
absl::Status InUseError(const WorkingKind& kind, absl::string_view field, absl::string_view what,
                        WorkingState& state) {
  const std::string& by =
      state.kinds().FindAny(kind.subscriptions.front().number)->definition->kind();
  return FieldError(v1::ERROR_REASON_IN_USE, field,
                    absl::StrCat("the subscription ", by, " is made of the activity kind ",
                                 kind.definition->kind(), ", which so cannot ", what),
                    {{"kind", kind.definition->kind()}, {"by", by}});
}

// Whether a subscription can be made of the kinds as they are now. Whoever proposed it saw kinds
// that were.
bool AreSound(const store::v1::DefineActivityKindCommand& command, WorkingState& state) {
  const auto is_sound = [&](uint32_t number) {
    const WorkingKind* kind = state.kinds().Find(number);
    return kind != nullptr && !kind->is_subscription() &&
           kind->definition->time_zone() == command.time_zone();
  };
  return command.start_kind_number() != command.end_kind_number() &&
         is_sound(command.start_kind_number()) && is_sound(command.end_kind_number());
}

// Declares a kind that is not there.
absl::Status Define(const store::v1::DefineActivityKindCommand& command, WorkingState& state,
                    WriteGroup& group, CommandPtr& follow_up) {
  StoredActivityKind definition;
  definition.set_kind(command.kind());
  definition.set_time_zone(command.time_zone());
  definition.set_create_time_ms(command.create_time_ms());
  if (command.start_kind_number() != 0 || command.end_kind_number() != 0) {
    if (!AreSound(command, state)) {
      return KindChangedError(command.kind());
    }
    definition.set_start_kind_number(command.start_kind_number());
    definition.set_end_kind_number(command.end_kind_number());
    if (state.kinds().Find(command.start_kind_number())->has_activities ||
        state.kinds().Find(command.end_kind_number())->has_activities) {
      definition.set_build_ordinal(1);
    }
  }
  ASSIGN_OR_RETURN(const WorkingKind* kind, Add(std::move(definition), state, group));
  if (kind->definition->build_ordinal() != 0) {
    follow_up = NextBuild(*kind->definition);
  }
  return absl::OkStatus();
}

// Declares a kind again that is there, perhaps with another zone.
absl::Status Redefine(const store::v1::DefineActivityKindCommand& command, WorkingKind& kind,
                      WorkingState& state, WriteGroup& group) {
  StoredActivityKind definition = *kind.definition;
  if (definition.start_kind_number() != command.start_kind_number() ||
      definition.end_kind_number() != command.end_kind_number()) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID,
        definition.start_kind_number() != command.start_kind_number() ? "start_kind" : "end_kind",
        absl::StrCat("got another one than the activity kind ", command.kind(),
                     " was declared with, wanted the same or another name"));
  }
  if (definition.time_zone() == command.time_zone()) {
    return absl::OkStatus();
  }
  if (kind.is_subscription()) {
    return KindChangedError(command.kind());
  }
  if (kind.has_activities) {
    return FieldError(v1::ERROR_REASON_KIND_HAS_ACTIVITIES, "time_zone",
                      absl::StrCat("the activity kind ", command.kind(), " counts in the days of ",
                                   definition.time_zone(),
                                   " and has activities, so this cannot be changed any more"),
                      {{"kind", command.kind()}});
  }
  if (!kind.subscriptions.empty()) {
    return InUseError(kind, "time_zone", "get another time zone", state);
  }
  definition.set_time_zone(command.time_zone());
  definition.set_zone_revision(definition.zone_revision() + 1);
  PutDefinition(ChangeKind::kChanged, std::move(definition), state, group);
  return absl::OkStatus();
}

}  // namespace

absl::Status KindNotFoundError(absl::string_view kind) {
  return Error(v1::ERROR_REASON_KIND_NOT_FOUND,
               kind.empty() ? "kind: the activity kind is not there any more"
                            : absl::StrCat("kind: there is no activity kind ", kind),
               {{"kind", std::string(kind)}});
}

absl::Status KindChangedError(const std::string& kind) {
  return RetryableError(v1::ERROR_REASON_KIND_CHANGED,
                        absl::StrCat("kind: the activity kind ", kind,
                                     " was declared or changed meanwhile; send it again"),
                        kKindChangedDelay, {{"kind", kind}});
}

absl::StatusOr<WorkingKind*> AddKind(const std::string& kind, const std::string& time_zone,
                                     int64_t create_time_ms, WorkingState& state,
                                     WriteGroup& group) {
  StoredActivityKind definition;
  definition.set_kind(kind);
  definition.set_time_zone(time_zone);
  definition.set_create_time_ms(create_time_ms);
  return Add(std::move(definition), state, group);
}

CommandResult ApplyDefineActivityKind(const store::v1::DefineActivityKindCommand& command,
                                      WorkingState& state, WriteGroup& group) {
  CommandResult result;
  WorkingKind* kind = state.kinds().Find(command.kind());
  if (kind != nullptr) {
    result.error = Redefine(command, *kind, state, group);
  } else {
    result.error = Define(command, state, group, result.follow_up);
  }
  if (result.error.ok()) {
    result.activity_kind = state.kinds().Find(command.kind())->definition;
  }
  return result;
}

CommandResult ApplyDeleteActivityKind(const store::v1::DeleteActivityKindCommand& command,
                                      WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingKind* kind = state.kinds().Find(command.kind_number());
  if (kind == nullptr) {
    result.error = KindNotFoundError("");
    return result;
  }
  if (!kind->subscriptions.empty()) {
    result.error = InUseError(*kind, "kind", "be deleted", state);
    return result;
  }
  StoredActivityKind definition = *kind->definition;
  definition.set_delete_time_ms(command.delete_time_ms());
  store::v1::StoredLedgerEntry entry =
      ActivityKindEntry(store::v1::LEDGER_KIND_KIND_DELETED, *kind);
  PutDefinition(ChangeKind::kDeleted, std::move(definition), state, group);
  EnterIntoLedger(std::move(entry), state, group);
  result.follow_up = FirstKindPurge(command.kind_number());
  return result;
}

CommandPtr FirstKindPurge(uint32_t kind_number) { return PurgeFrom(kind_number, 0, ""); }

CommandResult ApplyPurgeActivityKind(const store::v1::PurgeActivityKindCommand& command,
                                     WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const uint32_t number = command.kind_number();
  const WorkingKind* kind = state.kinds().FindAny(number);
  if (kind == nullptr || !kind->is_deleted()) {
    return result;
  }
  if (command.stage() >= std::size(kFamilies)) {
    group.DropSets(number);
    for (const uint32_t import_number : kind->imports->Numbers()) {
      group.Delete(Family::kMeta, ImportKey(import_number));
    }
    group.Delete(Family::kMeta, ActivityKindKey(number));
    state.kinds().Forget(number);
    return result;
  }
  const Family family = kFamilies[command.stage()];
  absl::StatusOr<std::vector<WriteGroup::Entry>> entries =
      group.List(family, KindDataPrefix(number), command.start_key(), command.keys_max());
  if (!entries.ok()) {
    result.error = entries.status();
    return result;
  }
  for (const WriteGroup::Entry& entry : *entries) {
    if (family == Family::kActivity) {
      Unindex(entry, state, group);
    }
    group.Delete(family, entry.key);
  }
  result.follow_up = entries->empty()
                         ? PurgeFrom(number, command.stage() + 1, "")
                         : PurgeFrom(number, command.stage(), std::move(entries->back().key));
  return result;
}

}  // namespace emptychair::storage
