#include "server/counting/record_filter.h"

#include <algorithm>
#include <iterator>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
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
  const size_t survey = IndexOf(record);
  const uint32_t series = record.header.series;
  if (const std::optional<uint32_t> group = GroupOfSeries(survey, series)) {
    if (*group == storage::kNoGroup) {
      Skip();
    }
    return *group;
  }
  RETURN_IF_ERROR(Decode(record, body_));
  return GroupOfLabels(survey, series, body_);
}

std::optional<uint32_t> RecordFilter::GroupOfSeries(size_t survey, uint32_t series) const {
  const Survey& part = parts_[survey];
  const uint32_t group =
      series < part.group_of_series->size() ? (*part.group_of_series)[series] : storage::kNoGroup;
  const bool filters_labels =
      series == storage::kOtherSeries ? part.filters_others_labels : part.filters_labels;
  return group == storage::kNoGroup || (!filters_labels && !part.groups_by_labels)
             ? std::optional<uint32_t>(group)
             : std::nullopt;
}

std::vector<std::string> RecordFilter::LabelKeys(size_t survey) const {
  std::vector<std::string> keys;
  for (const v1::LabelFilter& filter : query_.filters) {
    if (NeedsLabels(filter, *surveys_[survey], storage::kOtherSeries)) {
      keys.push_back(filter.key());
    }
  }
  if (parts_[survey].groups_by_labels) {
    std::copy_if(query_.group_by.begin(), query_.group_by.end(), std::back_inserter(keys),
                 [](const std::string& key) { return key != kSurveyIdKey; });
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

absl::StatusOr<uint32_t> RecordFilter::GroupOfLabels(size_t survey, uint32_t series,
                                                     const store::v1::StoredFeedback& body) {
  const Survey& part = parts_[survey];
  if (query_.unmatched != nullptr && query_.unmatched->is_open()) {
    query_.unmatched->See(body);
  }
  if (!PassesLabelFilters(query_, *surveys_[survey], series, body)) {
    return storage::kNoGroup;
  }
  return part.groups_by_labels ? groups_by_labels_->GroupOf(part.index, series, body)
                               : UnfilteredGroupOf(survey, series);
}

absl::Status RecordFilter::Decode(const ScannedRecord& record,
                                  store::v1::StoredFeedback& body) const {
  return storage::DecodeBody(SurveyOf(record).all_series(), record.header, record.value, body)
             ? absl::OkStatus()
             : Error(v1::ERROR_REASON_STORE_DAMAGED, "a record cannot be decoded",
                     {{"survey_id", SurveyOf(record).definition->survey_id()}});
}

}  // namespace emptychair
