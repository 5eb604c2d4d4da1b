#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/apply_survey.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/state/command.h"

namespace emptychair::storage {
namespace {

// Small enough not to hold up the changes of others.
constexpr uint32_t kKeysPerPurge = 1'000;

// In this order. The index by external id is there for the entries that tombstones do not name.
// What of a survey is in `meta` are the second copies of its series.
constexpr Family kFamilies[] = {Family::kFeedback, Family::kFeedbackByExternalId,
                                Family::kSeries,   Family::kMeta,
                                Family::kCubeRow,  Family::kDerived};

std::string PrefixOf(Family family, uint32_t survey_number) {
  switch (family) {
    case Family::kMeta:
      return SeriesCopyKeyPrefix(survey_number);
    case Family::kDerived:
      return RepeatEffectsKeyPrefix(survey_number);
    default:
      return SurveyDataPrefix(survey_number);
  }
}

CommandPtr PurgeFrom(uint32_t survey_number, size_t stage, std::string start_key) {
  auto command = NewCommand();
  store::v1::PurgeSurveyCommand& purge = *command->mutable_purge_survey();
  purge.set_survey_number(survey_number);
  purge.set_keys_max(kKeysPerPurge);
  purge.set_stage(static_cast<uint32_t>(stage));
  purge.set_start_key(std::move(start_key));
  return command;
}

// Takes a record out of the indexes and the cube. What cannot be decoded is counted nowhere.
void Uncount(const WriteGroup::Entry& entry, const WorkingSurvey& survey, WorkingState& state,
             WriteGroup& group) {
  const std::optional<FeedbackKey> key = FeedbackKey::Decode(entry.key);
  if (!key.has_value()) {
    return;
  }
  const absl::StatusOr<FeedbackRecord> record =
      DecodeBareRecord(key->survey_number, key->feedback_id, entry.value);
  if (!record.ok() || record->header.is_erased) {
    return;
  }
  TakeOut(*record, survey, /*keep_ids=*/false, state, group);
}

}  // namespace

CommandPtr FirstPurge(uint32_t survey_number) { return PurgeFrom(survey_number, 0, ""); }

CommandResult ApplyPurgeSurvey(const store::v1::PurgeSurveyCommand& command, WorkingState& state,
                               WriteGroup& group) {
  CommandResult result;
  const uint32_t number = command.survey_number();
  const WorkingSurvey* survey = state.FindDeletedSurvey(number);
  if (survey == nullptr) {
    return result;
  }
  if (command.stage() >= std::size(kFamilies)) {
    for (const uint32_t import_number : survey->imports->Numbers()) {
      group.Delete(Family::kMeta, ImportKey(import_number));
    }
    group.Delete(Family::kMeta, SurveyKey(number));
    state.ForgetSurvey(number);
    return result;
  }
  const Family family = kFamilies[command.stage()];
  if (family == Family::kCubeRow) {
    group.DropCounts(number);
    result.follow_up = PurgeFrom(number, command.stage() + 1, "");
    return result;
  }
  absl::StatusOr<std::vector<WriteGroup::Entry>> entries =
      group.List(family, PrefixOf(family, number), command.start_key(), command.keys_max());
  if (!entries.ok()) {
    result.error = entries.status();
    return result;
  }
  for (WriteGroup::Entry& entry : *entries) {
    if (family == Family::kFeedback) {
      Uncount(entry, *survey, state, group);
    }
    group.Delete(family, entry.key);
  }
  if (entries->empty()) {
    result.follow_up = PurgeFrom(number, command.stage() + 1, "");
  } else {
    result.follow_up = PurgeFrom(number, command.stage(), std::move(entries->back().key));
  }
  return result;
}

}  // namespace emptychair::storage
