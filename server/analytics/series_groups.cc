#include "server/analytics/series_groups.h"

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

bool IsOnLabel(const v1::LabelFilter& filter, const SurveyView& survey) {
  return filter.key() != kSurveyIdKey && !survey.DimensionOf(filter.key()).has_value();
}

// Calls `visit` with each series of the survey that the filters on dimensions and on the survey let
// through.
template <typename Visit>
void ForEachSelected(const MetricQuery& query, const SurveyView& survey, Visit visit) {
  if (!PassesSurveyFilters(query, survey)) {
    return;
  }
  std::vector<DimensionFilter> filters;
  for (const v1::LabelFilter& filter : query.filters) {
    if (std::optional<size_t> dimension = survey.DimensionOf(filter.key())) {
      filters.emplace_back(filter, *survey.series, *dimension);
    }
  }
  for (uint32_t series = 0; series < survey.series_count; ++series) {
    if (std::all_of(filters.begin(), filters.end(),
                    [&](DimensionFilter& filter) { return filter.PassesSeries(series); })) {
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

SeriesGroups::SeriesGroups(const MetricQuery& query) {
  if (query.group_by.empty()) {
    groups_[{}] = 0;
  }
  for (const SurveyView* survey : query.surveys) {
    AddSurvey(query, *survey,
              series_.group_of_series.emplace_back(survey->series_count, storage::kNoGroup));
  }
  series_.group_count = static_cast<uint32_t>(groups_.size());
}

void SeriesGroups::AddSurvey(const MetricQuery& query, const SurveyView& survey,
                             std::vector<uint32_t>& group_of_series) {
  // Nothing stands for the survey's id.
  std::vector<std::optional<size_t>> dimensions;
  for (const std::string& key : query.group_by) {
    dimensions.push_back(key == kSurveyIdKey ? std::nullopt : survey.DimensionOf(key));
  }
  absl::flat_hash_map<SeriesTable::Codes, uint32_t> known;
  ForEachSelected(query, survey, [&](uint32_t series) {
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
      group->second = groups_.try_emplace(std::move(parts), static_cast<uint32_t>(groups_.size()))
                          .first->second;
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

bool HasLabelFilters(const MetricQuery& query, const SurveyView& survey) {
  return std::any_of(query.filters.begin(), query.filters.end(),
                     [&](const v1::LabelFilter& filter) { return IsOnLabel(filter, survey); });
}

bool PassesLabelFilters(const MetricQuery& query, const SurveyView& survey,
                        const store::v1::StoredFeedback& body) {
  return std::all_of(
      query.filters.begin(), query.filters.end(), [&](const v1::LabelFilter& filter) {
        return !IsOnLabel(filter, survey) || Passes(filter, LabelOf(body, filter.key()));
      });
}

}  // namespace emptychair
