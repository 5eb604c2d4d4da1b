#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/apply/apply_record.h"
#include "storage/apply/apply_survey.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/records.h"
#include "storage/state/command.h"

namespace emptychair::storage {
namespace {

// Small enough not to hold up the changes of others.
constexpr uint32_t kRecordsPerReslice = 500;

bool IsInUse(const store::v1::StoredSurvey& survey, const std::string& key) {
  const auto lists = [&key](const google::protobuf::RepeatedPtrField<std::string>& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  return lists(survey.dimensions()) && !lists(survey.retired_dimensions());
}

bool IsFull(const store::v1::StoredSurvey& survey, size_t series_count) {
  return series_count > survey.max_series();
}

// Gives a record the series of its labels. What cannot be decoded is counted as it was.
void Reslice(const WriteGroup::Entry& entry, WorkingSurvey& survey, WorkingState& state,
             WriteGroup& group) {
  const std::optional<FeedbackKey> key = FeedbackKey::Decode(entry.key);
  if (!key.has_value()) {
    return;
  }
  absl::StatusOr<FeedbackRecord> record =
      DecodeFeedbackRecord(survey.all_series(), key->feedback_id, entry.value);
  if (!record.ok() || record->header.is_erased) {
    return;
  }
  FeedbackHeader& header = record->header;
  const uint32_t series = SeriesOf(record->body.labels(), header.series, survey, state, group);
  if (series == header.series) {
    return;
  }
  CountRecord(*key, header, survey, -1, group);
  header.series = series;
  CountRecord(*key, header, survey, 1, group);
  group.Put(Family::kFeedback, entry.key, EncodeRecord(survey.all_series(), header, record->body));
}

}  // namespace

bool BeginReslice(const store::v1::StoredSurvey& now, size_t series_count,
                  store::v1::StoredSurvey& wanted) {
  const bool has_new_room = IsFull(now, series_count) && !IsFull(wanted, series_count);
  std::vector<std::string> dimensions;
  bool has_gained = false;
  for (const std::string& key : wanted.dimensions()) {
    if (!IsInUse(wanted, key)) {
      continue;
    }
    const auto& under_way = now.reslice().dimensions();
    const bool is_gained = !IsInUse(now, key);
    has_gained |= is_gained;
    // What was (other) may get a value of any dimension.
    if (is_gained || has_new_room ||
        std::find(under_way.begin(), under_way.end(), key) != under_way.end()) {
      dimensions.push_back(key);
    }
  }
  if (!has_gained && !has_new_room) {
    return false;
  }
  store::v1::StoredReslice& reslice = *wanted.mutable_reslice();
  reslice.Clear();
  reslice.mutable_dimensions()->Assign(dimensions.begin(), dimensions.end());
  return true;
}

CommandPtr NextReslice(const store::v1::StoredSurvey& survey) {
  auto command = NewCommand();
  store::v1::ResliceSurveyCommand& reslice = *command->mutable_reslice_survey();
  reslice.set_survey_number(survey.survey_number());
  reslice.set_keys_max(kRecordsPerReslice);
  reslice.set_start_key(survey.reslice().start_key());
  return command;
}

CommandResult ApplyResliceSurvey(const store::v1::ResliceSurveyCommand& command,
                                 WorkingState& state, WriteGroup& group) {
  CommandResult result;
  WorkingSurvey* survey = state.FindSurvey(command.survey_number());
  if (survey == nullptr || !survey->definition->has_reslice() ||
      survey->definition->reslice().start_key() != command.start_key()) {
    return result;
  }
  const size_t records_max = std::max(command.keys_max(), 1u);
  absl::StatusOr<std::vector<WriteGroup::Entry>> entries =
      group.List(Family::kFeedback, SurveyDataPrefix(command.survey_number()), command.start_key(),
                 records_max);
  if (!entries.ok()) {
    result.error = entries.status();
    return result;
  }
  for (const WriteGroup::Entry& entry : *entries) {
    Reslice(entry, *survey, state, group);
  }
  store::v1::StoredSurvey definition = *survey->definition;
  if (entries->size() < records_max) {
    definition.clear_reslice();
  } else {
    store::v1::StoredReslice& reslice = *definition.mutable_reslice();
    // The first key behind the last record.
    reslice.set_start_key(absl::StrCat(entries->back().key, absl::string_view("\0", 1)));
    reslice.set_records_done(reslice.records_done() + entries->size());
    result.follow_up = NextReslice(definition);
  }
  group.Put(Family::kMeta, SurveyKey(command.survey_number()), EncodeMessage(definition));
  state.PutSurvey(std::move(definition));
  return result;
}

}  // namespace emptychair::storage
