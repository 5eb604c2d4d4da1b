#include "server/counting/series_groups.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
#include "storage/cube/cube_reader.h"
#include "storage/read/series_table.h"

namespace emptychair {
namespace {

using storage::SeriesTable;
using storage::SurveyView;
using storage::ValueCode;

absl::string_view FilterText(const SeriesTable& series, size_t dimension, ValueCode code) {
  if (code == storage::kNoneCode) {
    return kNoneValue;
  }
  return code == storage::kOtherCode ? kOtherValue : series.TextOf(dimension, code);
}

// A filter on one dimension, judged once per value.
class DimensionFilter {
 public:
  DimensionFilter(const v1::LabelFilter& filter, const SeriesTable& series, size_t dimension)
      : filter_(filter), series_(series), dimension_(dimension) {}

  const v1::LabelFilter& filter() const { return filter_; }

  bool PassesSeries(uint32_t number) {
    const ValueCode code = series_.CodeOf(number, dimension_);
    auto [judged, is_new] = judged_.try_emplace(code, false);
    if (is_new) {
      judged->second = Passes(filter_, FilterText(series_, dimension_, code));
    }
    return judged->second;
  }

 private:
  const v1::LabelFilter& filter_;
  const SeriesTable& series_;
  const size_t dimension_;
  absl::flat_hash_map<ValueCode, bool> judged_;
};

// Groups that records are looked up for. Of those that a respondent rule leaves empty again, most
// take no room in a grid, which has a limit of its own.
constexpr size_t kLabelGroupsMax = 1'000'000;

// Calls `visit` with each series of the survey that the filters on dimensions and on the survey let
// through.
template <typename Visit>
void ForEachSelected(const MetricQuery& query, const SurveyView& survey, Visit visit) {
  if (!PassesSurveyFilters(query, survey)) {
    return;
  }
  std::vector<DimensionFilter> filters;
  for (const v1::LabelFilter& filter : query.filters) {
    if (std::optional<size_t> dimension = survey.SlicedDimensionOf(filter.key())) {
      filters.emplace_back(filter, *survey.series, *dimension);
    }
  }
  for (uint32_t series = 0; series < survey.series_count; ++series) {
    if (std::all_of(filters.begin(), filters.end(), [&](DimensionFilter& filter) {
          return NeedsLabels(filter.filter(), survey, series) || filter.PassesSeries(series);
        })) {
      visit(series);
    }
  }
}

}  // namespace

GroupPart PartOf(const SeriesTable& series, size_t dimension, ValueCode code) {
  if (code == storage::kNoneCode) {
    return {GroupPart::Kind::kNone, ""};
  }
  if (code == storage::kOtherCode) {
    return {GroupPart::Kind::kOther, ""};
  }
  return {GroupPart::Kind::kValue, series.TextOf(dimension, code)};
}

SeriesMap MapEachSeries(const MetricQuery& query) {
  SeriesMap map;
  for (const SurveyView* survey : query.surveys) {
    std::vector<uint32_t>& group_of_series =
        map.group_of_series.emplace_back(survey->series_count, storage::kNoGroup);
    ForEachSelected(query, *survey,
                    [&](uint32_t series) { group_of_series[series] = map.group_count++; });
  }
  return map;
}

SeriesGroups::SeriesGroups(const MetricQuery& query) : query_(query) {
  if (query.group_by.empty()) {
    AddGroup({});
  }
  for (const SurveyView* survey : query.surveys) {
    AddSurvey(*survey,
              series_.group_of_series.emplace_back(survey->series_count, storage::kNoGroup));
  }
}

uint32_t SeriesGroups::AddGroup(std::vector<GroupPart> parts) {
  const auto [group, is_new] = groups_.try_emplace(std::move(parts), series_.group_count);
  series_.group_count += is_new ? 1 : 0;
  return group->second;
}

uint32_t SeriesGroups::NumberOf(const std::vector<GroupPart>& group) {
  if (series_.by_labels != nullptr) {
    return AddGroup(group);
  }
  const auto found = groups_.find(group);
  return found == groups_.end() ? storage::kNoGroup : found->second;
}

absl::StatusOr<uint32_t> SeriesGroups::GroupOf(size_t survey_index, uint32_t series,
                                               const store::v1::StoredFeedback& body) {
  const SurveyView& survey = *query_.surveys[survey_index];
  const bool is_other = series == storage::kOtherSeries && survey.IsFull();
  std::vector<GroupPart> parts;
  for (const std::string& key : query_.group_by) {
    if (key == kSurveyIdKey) {
      parts.push_back({GroupPart::Kind::kValue, survey.definition->survey_id()});
      continue;
    }
    const absl::string_view value = LabelOf(body, key);
    parts.push_back(is_other              ? GroupPart{GroupPart::Kind::kOther, ""}
                    : value == kNoneValue ? GroupPart{GroupPart::Kind::kNone, ""}
                                          : GroupPart{GroupPart::Kind::kValue, std::string(value)});
  }
  const uint32_t group = AddGroup(std::move(parts));
  return groups_.size() <= kLabelGroupsMax ? absl::StatusOr<uint32_t>(group)
                                           : TooManyPoints(groups_.size());
}

void SeriesGroups::AddSurvey(const SurveyView& survey, std::vector<uint32_t>& group_of_series) {
  if (!std::all_of(query_.group_by.begin(), query_.group_by.end(),
                   [&](const std::string& key) { return SeriesTell(key, survey); })) {
    series_.by_labels = this;
    ForEachSelected(query_, survey, [&](uint32_t series) { group_of_series[series] = 0; });
    return;
  }
  // Nothing stands for the survey's id.
  std::vector<std::optional<size_t>> dimensions;
  for (const std::string& key : query_.group_by) {
    dimensions.push_back(key == kSurveyIdKey ? std::nullopt : survey.DimensionOf(key));
  }
  absl::flat_hash_map<SeriesTable::Codes, uint32_t> known;
  ForEachSelected(query_, survey, [&](uint32_t series) {
    SeriesTable::Codes codes{};
    for (size_t i = 0; i < dimensions.size(); ++i) {
      codes[i] = dimensions[i].has_value() ? survey.series->CodeOf(series, *dimensions[i]) : 0;
    }
    auto [group, is_new] = known.try_emplace(codes, 0);
    if (is_new) {
      std::vector<GroupPart> parts;
      for (size_t i = 0; i < dimensions.size(); ++i) {
        parts.push_back(dimensions[i].has_value()
                            ? PartOf(*survey.series, *dimensions[i], codes[i])
                            : GroupPart{GroupPart::Kind::kValue, survey.definition->survey_id()});
      }
      group->second = AddGroup(std::move(parts));
    }
    group_of_series[series] = group->second;
  });
}

bool PassesSurveyFilters(const MetricQuery& query, const SurveyView& survey) {
  return std::all_of(
      query.filters.begin(), query.filters.end(), [&](const v1::LabelFilter& filter) {
        return filter.key() != kSurveyIdKey || Passes(filter, survey.definition->survey_id());
      });
}

bool SeriesTell(absl::string_view key, const SurveyView& survey) {
  return key == kSurveyIdKey || survey.SlicedDimensionOf(key).has_value();
}

bool NeedsLabels(const v1::LabelFilter& filter, const SurveyView& survey, uint32_t series) {
  if (filter.key() == kSurveyIdKey) {
    return false;
  }
  return !survey.SlicedDimensionOf(filter.key()).has_value() ||
         (series == storage::kOtherSeries && survey.IsFull() &&
          std::any_of(filter.values().begin(), filter.values().end(),
                      [](const std::string& value) { return value != kOtherValue; }));
}

bool NeedsLabels(const MetricQuery& query, const SurveyView& survey, uint32_t series) {
  return std::any_of(
      query.filters.begin(), query.filters.end(),
      [&](const v1::LabelFilter& filter) { return NeedsLabels(filter, survey, series); });
}

bool NeedsRecords(const MetricQuery& query, const SurveyView& survey) {
  return NeedsLabels(query, survey, storage::kOtherSeries) ||
         !std::all_of(query.group_by.begin(), query.group_by.end(),
                      [&](const std::string& key) { return SeriesTell(key, survey); });
}

bool PassesLabelFilters(const MetricQuery& query, const SurveyView& survey, uint32_t series,
                        const store::v1::StoredFeedback& body) {
  return std::all_of(
      query.filters.begin(), query.filters.end(), [&](const v1::LabelFilter& filter) {
        return !NeedsLabels(filter, survey, series) || PassesLabels(filter, survey, series, body);
      });
}

}  // namespace emptychair
