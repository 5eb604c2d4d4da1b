#include "storage/apply/apply_erase_customer.h"

#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/apply/apply_activity.h"
#include "storage/apply/apply_customer.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/activities.h"

namespace emptychair::storage {
namespace {

// Small enough not to hold up the changes of others.
constexpr uint32_t kKeysPerPurge = 200;

// In this order: what is kept of a customer beside them is gone by then.
constexpr Family kFamilies[] = {Family::kFeedbackByCustomer, Family::kActivityByCustomer};

CommandPtr PurgeFrom(uint32_t customer_ordinal, size_t stage, std::string start_key) {
  auto command = NewCommand();
  store::v1::PurgeCustomerCommand& purge = *command->mutable_purge_customer();
  purge.set_customer_ordinal(customer_ordinal);
  purge.set_keys_max(kKeysPerPurge);
  purge.set_stage(static_cast<uint32_t>(stage));
  purge.set_start_key(std::move(start_key));
  return command;
}

// The records of a customer, feedback or activities, whose keys start with `prefix`. Read before
// any is changed, because they go with what they lead to.
template <typename DecodeHeader>
absl::StatusOr<std::vector<WriteGroup::Entry>> RecordsUnder(Family family,
                                                            const std::string& prefix,
                                                            uint32_t customer_ordinal,
                                                            DecodeHeader decode_header,
                                                            const WriteGroup& group) {
  std::vector<WriteGroup::Entry> found;
  RETURN_IF_ERROR(group.Visit(family, prefix, prefix, [&](const WriteGroup::Entry& entry) {
    const auto header = decode_header(entry.value);
    if (header.has_value() && !header->is_erased && header->customer_ordinal == customer_ordinal) {
      found.push_back(entry);
    }
    return true;
  }));
  return found;
}

// The record, whose header decodes. Of one that is damaged behind it no more than that: it is to go
// all the same.
FeedbackRecord RecordIn(const FeedbackKey& key, absl::string_view value,
                        const WorkingSurvey& survey) {
  absl::StatusOr<FeedbackRecord> record =
      DecodeFeedbackRecord(survey.all_series(), key.feedback_id, value);
  return record.ok() ? *std::move(record)
                     : FeedbackRecord{.survey_number = key.survey_number,
                                      .feedback_id = key.feedback_id,
                                      .header = *DecodeFeedbackHeader(value)};
}

// The same of an activity.
ActivityRecord ActivityIn(const ActivityKey& key, absl::string_view value) {
  absl::StatusOr<ActivityRecord> activity = DecodeActivity(key, value);
  return activity.ok() ? *std::move(activity)
                       : ActivityRecord{.kind_number = key.kind_number,
                                        .id = key.id,
                                        .header = *DecodeActivityHeader(value)};
}

// The customer's records that an entry of the index leads to.
absl::Status EraseFeedback(absl::string_view index_key, v1::EraseMode mode, WorkingState& state,
                           WriteGroup& group) {
  const std::optional<FeedbackByCustomerKey> entry = FeedbackByCustomerKey::Decode(index_key);
  WorkingSurvey* survey = entry.has_value() ? state.FindSurvey(entry->survey_number) : nullptr;
  // A deleted survey takes its records along.
  if (survey == nullptr) {
    return absl::OkStatus();
  }
  const auto decode = [](absl::string_view value) { return DecodeFeedbackHeader(value); };
  ASSIGN_OR_RETURN(
      const std::vector<WriteGroup::Entry> records,
      RecordsUnder(Family::kFeedback, FeedbackKeyPrefix(entry->survey_number, entry->id_start),
                   entry->customer_ordinal, decode, group));
  for (const WriteGroup::Entry& stored : records) {
    const std::optional<FeedbackKey> key = FeedbackKey::Decode(stored.key);
    if (!key.has_value()) {
      continue;
    }
    FeedbackRecord record = RecordIn(*key, stored.value, *survey);
    // What is anonymized already stays as it is, and was entered then.
    const bool is_changed = mode != v1::ERASE_MODE_ANONYMIZE || !record.body.is_anonymized();
    store::v1::StoredLedgerEntry entry_of_record = ErasedRecordEntry(record, *survey, mode, state);
    if (mode == v1::ERASE_MODE_ANONYMIZE) {
      AnonymizeRecord(std::move(record), *survey, state, group);
    } else {
      EraseRecord(record, *survey, state, group);
    }
    if (is_changed) {
      EnterIntoLedger(std::move(entry_of_record), state, group);
    }
  }
  return absl::OkStatus();
}

// The customer's activities that an entry of the index leads to.
absl::Status EraseActivities(absl::string_view index_key, v1::EraseMode mode, WorkingState& state,
                             WriteGroup& group) {
  const std::optional<ActivityByCustomerKey> entry = ActivityByCustomerKey::Decode(index_key);
  const WorkingKind* kind = entry.has_value() ? state.kinds().Find(entry->kind_number) : nullptr;
  if (kind == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(
      const std::vector<WriteGroup::Entry> activities,
      RecordsUnder(Family::kActivity, ActivityKeyPrefix(entry->kind_number, entry->id_start),
                   entry->customer_ordinal, DecodeActivityHeader, group));
  for (const WriteGroup::Entry& stored : activities) {
    const std::optional<ActivityKey> key = ActivityKey::Decode(stored.key);
    if (!key.has_value()) {
      continue;
    }
    ActivityRecord activity = ActivityIn(*key, stored.value);
    const bool is_changed = mode != v1::ERASE_MODE_ANONYMIZE || !activity.body.is_anonymized();
    store::v1::StoredLedgerEntry entry_of_activity =
        ErasedActivityEntry(activity, *kind, mode, state);
    if (mode == v1::ERASE_MODE_ANONYMIZE) {
      RETURN_IF_ERROR(AnonymizeActivity(std::move(activity), *kind, state, group));
    } else {
      RETURN_IF_ERROR(ForgetActivity(activity, *kind, state, group));
    }
    if (is_changed) {
      EnterIntoLedger(std::move(entry_of_activity), state, group);
    }
  }
  return absl::OkStatus();
}

absl::Status PurgeStep(const store::v1::PurgeCustomerCommand& command, v1::EraseMode mode,
                       WorkingState& state, WriteGroup& group, CommandPtr& follow_up) {
  const Family family = kFamilies[command.stage()];
  const uint32_t ordinal = command.customer_ordinal();
  const std::string prefix = family == Family::kFeedbackByCustomer
                                 ? CustomerFeedbackPrefix(ordinal)
                                 : CustomerActivitiesPrefix(ordinal);
  ASSIGN_OR_RETURN(const std::vector<WriteGroup::Entry> entries,
                   group.List(family, prefix, command.start_key(), command.keys_max()));
  for (const WriteGroup::Entry& entry : entries) {
    RETURN_IF_ERROR(family == Family::kFeedbackByCustomer
                        ? EraseFeedback(entry.key, mode, state, group)
                        : EraseActivities(entry.key, mode, state, group));
  }
  // Entries of what is anonymized stay: the next step begins behind them.
  follow_up = entries.empty()
                  ? PurgeFrom(ordinal, command.stage() + 1, "")
                  : PurgeFrom(ordinal, command.stage(), entries.back().key + std::string(1, '\0'));
  return absl::OkStatus();
}

// Hides a customer whose id is taken away by now.
CommandResult Hide(const absl::StatusOr<std::optional<uint32_t>>& ordinal, v1::EraseMode mode,
                   int64_t time_ms, WorkingState& state, WriteGroup& group) {
  CommandResult result;
  if (!ordinal.ok()) {
    result.error = ordinal.status();
    return result;
  }
  if (!ordinal->has_value()) {
    return result;
  }
  TakeSequence({ChangeKind::kErased, Entity::kCustomer, **ordinal, Uuid()}, state, group);
  store::v1::StoredErasure erasure;
  erasure.set_erase_time_ms(time_ms);
  erasure.set_mode(mode);
  group.Put(Family::kMeta, ErasureKey(**ordinal), EncodeMessage(erasure));
  state.AddErasing(**ordinal, mode);
  result.changed = 1;
  result.follow_up = FirstCustomerPurge(**ordinal);
  return result;
}

}  // namespace

CommandResult ApplyEraseCustomer(const store::v1::EraseCustomerCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result = Hide(ForgetCustomer(command.customer_id(), state, group), command.mode(),
                              command.time_ms(), state, group);
  if (result.changed > 0) {
    const IdHash hash = state.hash()(HashPurpose::kCustomerId, command.customer_id());
    store::v1::StoredLedgerEntry entry;
    entry.set_kind(store::v1::LEDGER_KIND_CUSTOMER_ERASED);
    entry.set_customer_hash(hash.data(), hash.size());
    entry.set_mode(command.mode());
    EnterIntoLedger(std::move(entry), state, group);
  }
  return result;
}

CommandResult EraseCustomerAgain(const store::v1::StoredLedgerEntry& entry, WorkingState& state,
                                 WriteGroup& group) {
  CommandResult result;
  IdHash hash{};
  if (entry.customer_hash().size() != hash.size()) {
    result.error = absl::InternalError("an entry of the ledger without the customer's hash");
    return result;
  }
  std::memcpy(hash.data(), entry.customer_hash().data(), hash.size());
  return Hide(ForgetCustomer(hash, state, group), entry.mode(), entry.time_ms(), state, group);
}

CommandPtr FirstCustomerPurge(uint32_t customer_ordinal) {
  return PurgeFrom(customer_ordinal, 0, "");
}

CommandResult ApplyPurgeCustomer(const store::v1::PurgeCustomerCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const auto erasing = state.erasing().find(command.customer_ordinal());
  if (erasing == state.erasing().end()) {
    return result;
  }
  if (command.stage() >= std::size(kFamilies)) {
    group.Delete(Family::kMeta, ErasureKey(command.customer_ordinal()));
    state.ForgetErasing(command.customer_ordinal());
    return result;
  }
  result.error = PurgeStep(command, erasing->second, state, group, result.follow_up);
  return result;
}

}  // namespace emptychair::storage
