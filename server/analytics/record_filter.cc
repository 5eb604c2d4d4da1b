#include "server/analytics/record_filter.h"

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_reader.h"
#include "storage/format/cube_row.h"

namespace emptychair {

using storage::ScannedRecord;
using storage::SurveyView;

RecordFilter::RecordFilter(const MetricQuery& query, const SeriesMap& series) : query_(query) {
  for (size_t i = 0; i < query.surveys.size(); ++i) {
    const SurveyView& survey = *query.surveys[i];
    if (PassesSurveyFilters(query, survey)) {
      surveys_.push_back(&survey);
      parts_.push_back({&series.group_of_series[i], HasLabelFilters(query, survey)});
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
  if (group == storage::kNoGroup || !part.has_label_filters) {
    return group;
  }
  RETURN_IF_ERROR(Decode(record, body_));
  return PassesLabelFilters(query_, *surveys_[index], body_) ? group : storage::kNoGroup;
}

absl::Status RecordFilter::Decode(const ScannedRecord& record,
                                  store::v1::StoredFeedback& body) const {
  return storage::DecodeFeedbackBody(record.value, body)
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
