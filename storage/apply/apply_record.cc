#include "storage/apply/apply_record.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/changes.h"
#include "storage/format/index_entries.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// Whether the entry by customer leads to another record, too. Where that cannot be read it stays:
// what leads nowhere is found by a check, what is missing hides a record.
bool SharesEntryByCustomer(const FeedbackRecord& record, const WriteGroup& group) {
  const std::string own_key = FeedbackKey{record.survey_number, record.feedback_id}.Encode();
  const std::string prefix = FeedbackKeyPrefix(record.survey_number, StartOf(record.feedback_id));
  bool is_shared = false;
  const absl::Status read =
      group.Visit(Family::kFeedback, prefix, prefix, [&](const WriteGroup::Entry& entry) {
        const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(entry.value);
        is_shared = entry.key != own_key && header.has_value() && !header->is_erased &&
                    header->customer_ordinal == record.header.customer_ordinal;
        return !is_shared;
      });
  return is_shared || !read.ok();
}

// What is left of the external id is, with `keep_id`, its hash.
void TakeOutExternalId(const FeedbackRecord& record, const IndexEntries& entries, bool keep_id,
                       WorkingState& state, WriteGroup& group) {
  std::string value;
  const absl::StatusOr<bool> found =
      group.Get(Family::kFeedbackByExternalId, entries.by_external_id_key, &value);
  std::optional<std::vector<ExternalIdEntry>> sharing =
      found.ok() && *found ? DecodeExternalIdEntries(value) : std::nullopt;
  if (!sharing.has_value()) {
    return;  // Damage, which a check names; there is nothing to take out.
  }
  sharing->erase(std::remove(sharing->begin(), sharing->end(), entries.by_external_id),
                 sharing->end());
  if (keep_id) {
    sharing->push_back({.kind = ExternalIdEntry::Kind::kErased,
                        .feedback_id = record.feedback_id,
                        .hash = state.hash()(HashPurpose::kExternalId, record.body.external_id())});
  }
  if (sharing->empty()) {
    group.Delete(Family::kFeedbackByExternalId, entries.by_external_id_key);
  } else {
    group.Put(Family::kFeedbackByExternalId, entries.by_external_id_key,
              EncodeExternalIdEntries(*sharing));
  }
}

}  // namespace

absl::Status CheckScore(std::optional<int32_t> score, const WorkingSurvey& survey) {
  if (!score.has_value()) {
    return absl::OkStatus();
  }
  const store::v1::StoredSurvey& definition = *survey.definition;
  if (definition.kind() == v1::SURVEY_KIND_TEXT) {
    return FieldError(v1::ERROR_REASON_SCORE_NOT_ALLOWED, "feedback.score",
                      absl::StrCat("got ", *score, "; the survey takes comments without a score"),
                      {{"survey_id", definition.survey_id()}});
  }
  if (*score < survey.scale_min() || *score > survey.scale_max()) {
    const std::string min = absl::StrCat(survey.scale_min());
    const std::string max = absl::StrCat(survey.scale_max());
    return FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "feedback.score",
                      absl::StrCat("got ", *score, ", wanted ", min, " to ", max),
                      {{"min", min}, {"max", max}, {"survey_id", definition.survey_id()}});
  }
  return absl::OkStatus();
}

void PutSeries(const SeriesKey& key, const store::v1::StoredSeries& series, WriteGroup& group) {
  const std::string value = EncodeMessage(series);
  group.Put(Family::kSeries, key.Encode(), value);
  group.Put(Family::kMeta, SeriesCopyKey(key), value);
}

uint32_t SeriesOf(const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels,
                  uint32_t before, WorkingSurvey& survey, WorkingState& state, WriteGroup& group) {
  const store::v1::StoredSurvey& definition = *survey.definition;
  const auto& retired = definition.retired_dimensions();
  std::vector<absl::string_view> values(definition.dimensions_size());
  for (int i = 0; i < definition.dimensions_size(); ++i) {
    const std::string& key = definition.dimensions(i);
    for (const store::v1::StoredLabel& label : labels) {
      if (label.key() == key) {
        values[i] = label.value();
      }
    }
    if (std::find(retired.begin(), retired.end(), key) != retired.end() &&
        (before >= survey.series->size() ||
         survey.series->TextOf(i, survey.series->CodeOf(before, i)) != values[i])) {
      values[i] = {};
    }
  }
  if (std::optional<uint32_t> known = survey.series->Find(values)) {
    return *known;
  }
  if (survey.series->size() > definition.max_series()) {
    return kOtherSeries;
  }
  store::v1::StoredSeries stored;
  for (absl::string_view value : values) {
    stored.add_values(std::string(value));
  }
  const uint32_t number = survey.series->Add(values);
  PutSeries({definition.survey_number(), number}, stored, group);
  state.MarkCatalogChanged();
  return number;
}

void CountRecord(const FeedbackKey& key, const FeedbackHeader& header, const WorkingSurvey& survey,
                 int64_t count, WriteGroup& group) {
  group.cube().Add(key.survey_number, key.feedback_id.UnixMs(), header, survey.scale_min(), count);
  group.columns().Add(key.survey_number, ColumnChangeOf(key.feedback_id, header, survey.scale_min(),
                                                        /*is_added=*/count > 0));
}

void TakeOut(const FeedbackRecord& record, const WorkingSurvey& survey, bool keep_ids,
             WorkingState& state, WriteGroup& group) {
  const FeedbackKey key{record.survey_number, record.feedback_id};
  CountRecord(key, record.header, survey, -1, group);
  const IndexEntries entries =
      EntriesOf(state.hash(), survey.definition->survey_id(), key, record.header, record.body);
  if (!entries.by_customer_key.empty() && !SharesEntryByCustomer(record, group)) {
    group.Delete(Family::kFeedbackByCustomer, entries.by_customer_key);
  }
  if (!entries.by_external_id_key.empty()) {
    TakeOutExternalId(record, entries, keep_ids, state, group);
  }
  store::v1::StoredCounters& counters = state.counters();
  counters.set_feedback_count(counters.feedback_count() - 1);
}

void EraseRecord(const FeedbackRecord& record, const WorkingSurvey& survey, WorkingState& state,
                 WriteGroup& group) {
  const FeedbackKey key{record.survey_number, record.feedback_id};
  TakeOut(record, survey, /*keep_ids=*/true, state, group);
  const uint64_t sequence = TakeSequence(
      {ChangeKind::kErased, Entity::kFeedback, key.survey_number, key.feedback_id}, state, group);
  group.Put(Family::kFeedback, key.Encode(), EncodeTombstone(sequence));
}

void AnonymizeRecord(FeedbackRecord record, const WorkingSurvey& survey, WorkingState& state,
                     WriteGroup& group) {
  if (record.body.is_anonymized()) {
    return;
  }
  const FeedbackKey key{record.survey_number, record.feedback_id};
  const IndexEntries entries =
      EntriesOf(state.hash(), survey.definition->survey_id(), key, record.header, record.body);
  if (!entries.by_external_id_key.empty()) {
    TakeOutExternalId(record, entries, /*keep_id=*/true, state, group);
  }
  // Columns of labels follow their row.
  CountRecord(key, record.header, survey, -1, group);
  store::v1::StoredFeedback& kept = state.stored_body();
  kept.Clear();
  kept.set_is_anonymized(true);
  kept.set_receive_time_ms(record.body.receive_time_ms());
  kept.set_exclusion_time_ms(record.body.exclusion_time_ms());
  kept.set_amend_time_ms(record.body.amend_time_ms());
  kept.set_import_number(record.body.import_number());
  const auto& dimensions = survey.definition->dimensions();
  for (store::v1::StoredLabel& label : *record.body.mutable_labels()) {
    if (std::find(dimensions.begin(), dimensions.end(), label.key()) != dimensions.end()) {
      *kept.add_labels() = std::move(label);
    }
  }
  record.header.sequence = TakeSequence(
      {ChangeKind::kChanged, Entity::kFeedback, key.survey_number, key.feedback_id}, state, group);
  CountRecord(key, record.header, survey, 1, group);
  group.Put(Family::kFeedback, key.Encode(),
            EncodeRecord(survey.all_series(), record.header, kept));
}

absl::StatusOr<ExternalIdLookup> FindByExternalId(const WorkingSurvey& survey,
                                                  absl::string_view external_id,
                                                  const WorkingState& state,
                                                  const WriteGroup& group) {
  return LookUpExternalId(*survey.definition, external_id, state.hash(),
                          [&group](Family family, const std::string& key, std::string* value) {
                            return group.Get(family, key, value);
                          });
}

absl::Status SurveyGoneError() {
  return Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "the survey is not there any more");
}

absl::Status ErasedError(const WorkingSurvey& survey, const Uuid& feedback_id) {
  const std::string id = feedback_id.ToString();
  return Error(v1::ERROR_REASON_ERASED,
               absl::StrCat("the record ", id, " was erased; its ids cannot be used again"),
               {{"survey_id", survey.definition->survey_id()}, {"feedback_id", id}});
}

uint64_t TakeSequence(const ChangeLogEntry& change, WorkingState& state, WriteGroup& group) {
  const uint64_t sequence = state.NextSequence(group);
  group.AppendChange(sequence, change);
  return sequence;
}

}  // namespace emptychair::storage
