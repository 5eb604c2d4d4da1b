#include "server/analytics/record_filter.h"

#include <algorithm>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_reader.h"
#include "storage/format/cube_row.h"

namespace emptychair {

using storage::ScannedRecord;
using storage::SurveyView;

RecordFilter::RecordFilter(const MetricQuery& query, const SeriesMap& series)
    : query_(query), groups_by_labels_(series.by_labels) {
  if (query.unmatched != nullptr) {
    query.unmatched->Begin();
  }
  for (size_t i = 0; i < query.surveys.size(); ++i) {
    const SurveyView& survey = *query.surveys[i];
    if (PassesSurveyFilters(query, survey)) {
      surveys_.push_back(&survey);
      const bool groups_by_labels =
          groups_by_labels_ != nullptr &&
          !std::all_of(query.group_by.begin(), query.group_by.end(),
                       [&](const std::string& key) { return SeriesTell(key, survey); });
      parts_.push_back({i, &series.group_of_series[i],
                        NeedsLabels(query, survey, storage::kOtherSeries + 1),
                        NeedsLabels(query, survey, storage::kOtherSeries), groups_by_labels});
    } else {
      Skip();
    }
  }
}

size_t RecordFilter::IndexOf(const ScannedRecord& record) const {
  size_t index = 0;
  while (surveys_[index]->number() != record.position.survey_number) {
    ++index;
  }
  return index;
}

absl::StatusOr<uint32_t> RecordFilter::GroupOf(const ScannedRecord& record) {
  const size_t index = IndexOf(record);
  const Survey& part = parts_[index];
  const uint32_t series = record.header.series;
  if (series >= part.group_of_series->size()) {
    return storage::kNoGroup;
  }
  const uint32_t group = (*part.group_of_series)[series];
  const bool filters_labels =
      series == storage::kOtherSeries ? part.filters_others_labels : part.filters_labels;
  if (group == storage::kNoGroup) {
    Skip();
    return group;
  }
  if (!filters_labels && !part.groups_by_labels) {
    return group;
  }
  RETURN_IF_ERROR(Decode(record, body_));
  if (query_.unmatched != nullptr && query_.unmatched->is_open()) {
    query_.unmatched->See(body_);
  }
  if (filters_labels && !PassesLabelFilters(query_, *surveys_[index], series, body_)) {
    return storage::kNoGroup;
  }
  return part.groups_by_labels ? groups_by_labels_->GroupOf(part.index, series, body_) : group;
}

absl::Status RecordFilter::Decode(const ScannedRecord& record,
                                  store::v1::StoredFeedback& body) const {
  return storage::DecodeBody(SurveyOf(record).all_series(), record.header, record.value, body)
             ? absl::OkStatus()
             : Error(v1::ERROR_REASON_STORE_DAMAGED, "a record cannot be decoded",
                     {{"survey_id", SurveyOf(record).definition->survey_id()}});
}

bool IsChosenAmong(const MetricQuery& query, const storage::FeedbackHeader& header) {
  return query.respondent_rule != v1::RESPONDENT_RULE_ALL && header.score.has_value() &&
         header.customer_ordinal != storage::kAnonymous &&
         (header.exclusion_reason == storage::kCountedDisposition || query.include_excluded);
}

}  // namespace emptychair
