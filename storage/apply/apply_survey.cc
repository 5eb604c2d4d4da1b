#include "storage/apply/apply_survey.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/ledger.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/series_table.h"

namespace emptychair::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using store::v1::StoredSurvey;

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// The definition without what the store itself adds.
StoredSurvey AsDeclared(StoredSurvey survey) {
  const StoredSurvey stored = survey;
  survey.clear_survey_number();
  survey.clear_create_time_ms();
  survey.clear_archive_time_ms();
  survey.clear_sequence();
  survey.clear_zone_revision();
  survey.clear_retired_dimensions();
  survey.clear_reslice();
  survey.clear_dimensions();
  for (const std::string& key : stored.dimensions()) {
    if (!Contains(stored.retired_dimensions(), key)) {
      survey.add_dimensions(key);
    }
  }
  return survey;
}

// Gives the survey its new definition under the next sequence.
void PutDefinition(ChangeKind kind, StoredSurvey definition, WorkingState& state,
                   WriteGroup& group) {
  const ChangeLogEntry change{kind, Entity::kSurvey, definition.survey_number(), Uuid()};
  definition.set_sequence(TakeSequence(change, state, group));
  group.Put(Family::kMeta, SurveyKey(definition.survey_number()), EncodeMessage(definition));
  state.PutSurvey(std::move(definition));
}

// Once there are answers a dimension keeps its place among the values of their series: those that
// are not in `wanted` are retired, new ones come behind.
absl::Status MergeDimensions(const google::protobuf::RepeatedPtrField<std::string>& wanted,
                             StoredSurvey& survey) {
  survey.clear_retired_dimensions();
  for (const std::string& key : survey.dimensions()) {
    if (!Contains(wanted, key)) {
      survey.add_retired_dimensions(key);
    }
  }
  for (const std::string& key : wanted) {
    if (!Contains(survey.dimensions(), key)) {
      survey.add_dimensions(key);
    }
  }
  if (static_cast<size_t>(survey.dimensions_size()) > kDimensionsMax) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey.dimensions",
                      absl::StrCat("got keys that make ", survey.dimensions_size(),
                                   " with the retired ones, wanted at most ", kDimensionsMax));
  }
  return absl::OkStatus();
}

absl::Status HasAnswers(const StoredSurvey& survey, absl::string_view field) {
  return FieldError(v1::ERROR_REASON_SURVEY_HAS_ANSWERS, field,
                    absl::StrCat("the survey ", survey.survey_id(),
                                 " has answers, so this cannot be changed any more"),
                    {{"survey_id", survey.survey_id()}});
}

// Puts into `wanted` what only the store knows. Errors: SURVEY_HAS_ANSWERS, FIELD_INVALID.
absl::Status Complete(const WorkingSurvey& survey, bool same_zone_rules, StoredSurvey& wanted) {
  const StoredSurvey& now = *survey.definition;
  const bool keeps_zone = same_zone_rules || wanted.time_zone() == now.time_zone();
  wanted.set_survey_id(now.survey_id());
  wanted.set_create_time_ms(now.create_time_ms());
  wanted.set_archive_time_ms(now.archive_time_ms());
  wanted.set_zone_revision(now.zone_revision() + (keeps_zone ? 0 : 1));
  wanted.clear_retired_dimensions();
  wanted.clear_reslice();
  if (!survey.has_answers) {
    return absl::OkStatus();
  }
  if (wanted.kind() != now.kind()) {
    return HasAnswers(now, "survey.kind");
  }
  if (!MessageDifferencer::Equals(wanted.scale(), now.scale())) {
    return HasAnswers(now, "survey.scale");
  }
  if (!keeps_zone) {
    return HasAnswers(now, "survey.time_zone");
  }
  const auto dimensions = std::move(*wanted.mutable_dimensions());
  *wanted.mutable_dimensions() = now.dimensions();
  if (now.has_reslice()) {
    *wanted.mutable_reslice() = now.reslice();
  }
  return MergeDimensions(dimensions, wanted);
}

}  // namespace

CommandResult ApplyCreateSurvey(const store::v1::CreateSurveyCommand& command, WorkingState& state,
                                WriteGroup& group) {
  CommandResult result;
  StoredSurvey survey = command.survey();
  if (const WorkingSurvey* existing = state.FindSurvey(survey.survey_id())) {
    if (MessageDifferencer::Equals(AsDeclared(*existing->definition), AsDeclared(survey))) {
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
  absl::StatusOr<std::vector<LedgerItem>> waiting =
      WaitingForSurvey(survey.survey_id(), state, group);
  if (!waiting.ok()) {
    result.error = waiting.status();
    return result;
  }
  store::v1::StoredCounters& counters = state.counters();
  counters.set_last_survey_number(counters.last_survey_number() + 1);
  const uint32_t number = counters.last_survey_number();
  survey.set_survey_number(number);
  PutDefinition(ChangeKind::kCreated, std::move(survey), state, group);
  EraseWaiting(*std::move(waiting), *state.FindSurvey(number), state, group);
  result.survey = state.FindSurvey(number)->definition;
  return result;
}

CommandResult ApplyUpdateSurvey(const store::v1::UpdateSurveyCommand& command, WorkingState& state,
                                WriteGroup& group) {
  CommandResult result;
  const WorkingSurvey* survey = state.FindSurvey(command.survey().survey_number());
  if (survey == nullptr) {
    result.error = SurveyGoneError();
    return result;
  }
  const StoredSurvey& now = *survey->definition;
  StoredSurvey wanted = command.survey();
  result.error = Complete(*survey, command.same_zone_rules(), wanted);
  if (!result.error.ok()) {
    return result;
  }
  wanted.set_sequence(now.sequence());
  if (!MessageDifferencer::Equals(now, wanted)) {
    if (command.survey().sequence() != now.sequence()) {
      const std::string etag = EtagOf(now.sequence());
      result.error = FieldError(
          v1::ERROR_REASON_ETAG_MISMATCH, "survey.etag",
          absl::StrCat("the survey was changed meanwhile and has the etag \"", etag, "\""),
          {{"etag", etag}, {"survey_id", now.survey_id()}});
      return result;
    }
    const bool reslices = survey->has_answers && BeginReslice(now, survey->series->size(), wanted);
    PutDefinition(ChangeKind::kChanged, std::move(wanted), state, group);
    if (reslices) {
      result.follow_up = NextReslice(*survey->definition);
    }
  }
  result.survey = survey->definition;
  return result;
}

CommandResult ApplyArchiveSurvey(const store::v1::ArchiveSurveyCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result;
  const WorkingSurvey* survey = state.FindSurvey(command.survey_number());
  if (survey == nullptr) {
    result.error = SurveyGoneError();
    return result;
  }
  const bool is_archived = survey->definition->archive_time_ms() != 0;
  if (is_archived != (command.archive_time_ms() != 0)) {
    StoredSurvey definition = *survey->definition;
    definition.set_archive_time_ms(command.archive_time_ms());
    PutDefinition(ChangeKind::kChanged, std::move(definition), state, group);
  }
  result.survey = survey->definition;
  return result;
}

CommandResult ApplyDeleteSurvey(const store::v1::DeleteSurveyCommand& command, WorkingState& state,
                                WriteGroup& group) {
  CommandResult result;
  const WorkingSurvey* survey = state.FindSurvey(command.survey_number());
  if (survey == nullptr) {
    result.error = SurveyGoneError();
    return result;
  }
  StoredSurvey definition = *survey->definition;
  definition.set_delete_time_ms(command.delete_time_ms());
  store::v1::StoredFormerSurvey former;
  former.set_survey_id(definition.survey_id());
  former.set_delete_time_ms(command.delete_time_ms());
  group.Put(Family::kMeta, FormerSurveyKey(command.survey_number()), EncodeMessage(former));
  state.AddFormerSurvey(command.survey_number(), definition.survey_id());
  store::v1::StoredLedgerEntry entry = SurveyEntry(store::v1::LEDGER_KIND_SURVEY_DELETED, *survey);
  PutDefinition(ChangeKind::kDeleted, std::move(definition), state, group);
  EnterIntoLedger(std::move(entry), state, group);
  result.follow_up = FirstPurge(command.survey_number());
  return result;
}

}  // namespace emptychair::storage
