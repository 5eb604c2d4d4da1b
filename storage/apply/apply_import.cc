#include "storage/apply/apply_import.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// Those of the command's records that are there and of the import.
absl::StatusOr<std::vector<FeedbackRecord>> RecordsOf(
    const store::v1::TakeBackFeedbackCommand& command, const WriteGroup& group) {
  std::vector<FeedbackRecord> records;
  for (const std::string& id_bytes : command.feedback_ids()) {
    const std::optional<Uuid> id = Uuid::FromBytes(id_bytes);
    std::string value;
    if (!id.has_value()) {
      continue;
    }
    const FeedbackKey key{command.survey_number(), *id};
    ASSIGN_OR_RETURN(const bool found, group.Get(Family::kFeedback, key.Encode(), &value));
    if (!found) {
      continue;
    }
    ASSIGN_OR_RETURN(FeedbackRecord record,
                     DecodeBareRecord(key.survey_number, key.feedback_id, value));
    if (!record.header.is_erased && record.body.import_number() == command.import_number()) {
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace

uint32_t ImportNumberOf(const std::string& import_id, int64_t time_ms, const ImportOwner& owner,
                        ImportTable& imports, WorkingState& state, WriteGroup& group) {
  if (import_id.empty()) {
    return kNoImport;
  }
  if (const std::optional<uint32_t> known = imports.NumberOf(import_id)) {
    return *known;
  }
  store::v1::StoredCounters& counters = state.counters();
  counters.set_last_import_number(counters.last_import_number() + 1);
  const uint32_t number = counters.last_import_number();
  store::v1::StoredImport stored;
  stored.set_survey_number(owner.survey_number);
  stored.set_kind_number(owner.kind_number);
  stored.set_import_id(import_id);
  stored.set_create_time_ms(time_ms);
  group.Put(Family::kMeta, ImportKey(number), EncodeMessage(stored));
  imports.Add(number, import_id);
  return number;
}

CommandResult ApplyTakeBackFeedback(const store::v1::TakeBackFeedbackCommand& command,
                                    WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingSurvey* survey = state.FindSurvey(command.survey_number());
  if (survey == nullptr) {
    result.error = SurveyGoneError();
    return result;
  }
  // All are read before the first is removed, because reading can fail.
  const absl::StatusOr<std::vector<FeedbackRecord>> records = RecordsOf(command, group);
  if (!records.ok()) {
    result.error = records.status();
    return result;
  }
  for (const FeedbackRecord& record : *records) {
    if (record.body.is_anonymized()) {
      EraseRecord(record, *survey, state, group);  // Its external id is not known any more.
      continue;
    }
    const FeedbackKey key{record.survey_number, record.feedback_id};
    TakeOut(record, *survey, /*keep_ids=*/false, state, group);
    TakeSequence({ChangeKind::kErased, Entity::kFeedback, key.survey_number, key.feedback_id},
                 state, group);
    group.Delete(Family::kFeedback, key.Encode());
  }
  result.changed = static_cast<int64_t>(records->size());
  if (result.changed > 0 && command.import_number() != kNoImport) {
    store::v1::StoredLedgerEntry entry =
        SurveyEntry(store::v1::LEDGER_KIND_IMPORT_TAKEN_BACK, *survey);
    entry.set_import_id(std::string(survey->imports->IdOf(command.import_number())));
    EnterIntoLedger(std::move(entry), state, group);
  }
  return result;
}

}  // namespace emptychair::storage
