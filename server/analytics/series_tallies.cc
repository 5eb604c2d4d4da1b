#include "server/analytics/series_tallies.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/types/span.h"
#include "server/analytics/metric_engine.h"
#include "storage/cube/cube_reader.h"
#include "storage/read/series_table.h"

namespace emptychair {

using storage::SurveyView;
using storage::TallyGrid;

namespace {

constexpr size_t kNoPosition = SIZE_MAX;

}  // namespace

SeriesTallies::SeriesTallies(const MetricQuery& query, const SeriesMap& series, TallyGrid grid)
    : query_(query), grid_(std::move(grid)) {
  for (const std::vector<uint32_t>& group_of_series : series.group_of_series) {
    std::vector<UsedSeries>& used = used_.emplace_back();
    for (uint32_t number = 0; number < group_of_series.size(); ++number) {
      const uint32_t group = group_of_series[number];
      if (group != storage::kNoGroup && grid_.IsUsed(group)) {
        used.push_back({number, group});
      }
    }
  }
}

statistics::MetricValue SeriesTallies::Total() const {
  std::vector<int64_t> total(grid_.stride());
  for (const std::vector<UsedSeries>& survey : used_) {
    for (const UsedSeries& used : survey) {
      storage::AddTally(grid_.At(used.group, 0), absl::MakeSpan(total));
    }
  }
  statistics::MetricValue value;
  EvaluateTally(query_, grid_, total, /*include_histogram=*/false, value);
  return value;
}

std::vector<Slice> SeriesTallies::By(absl::string_view key) const {
  // The position of each group's sum in `sums`.
  std::map<GroupPart, size_t> groups;
  std::vector<int64_t> sums;
  for (size_t i = 0; i < used_.size(); ++i) {
    const SurveyView& survey = *query_.surveys[i];
    // Nothing stands for the survey's id.
    const std::optional<size_t> dimension = survey.DimensionOf(key);
    // Codes are dense.
    std::vector<size_t> position_of_code;
    for (const UsedSeries& used : used_[i]) {
      const storage::ValueCode code =
          dimension.has_value() ? survey.series->CodeOf(used.series, *dimension) : 0;
      if (code >= position_of_code.size()) {
        position_of_code.resize(code + 1, kNoPosition);
      }
      size_t& position = position_of_code[code];
      if (position == kNoPosition) {
        position = groups
                       .try_emplace(
                           dimension.has_value()
                               ? PartOf(*survey.series, *dimension, code)
                               : GroupPart{GroupPart::Kind::kValue, survey.definition->survey_id()},
                           sums.size())
                       .first->second;
        sums.resize(std::max(sums.size(), position + grid_.stride()));
      }
      storage::AddTally(grid_.At(used.group, 0), absl::MakeSpan(sums).subspan(position));
    }
  }
  std::vector<Slice> slices;
  slices.reserve(groups.size());
  for (const auto& [group, position] : groups) {
    Slice& slice = slices.emplace_back();
    slice.group = group;
    EvaluateTally(query_, grid_, absl::MakeConstSpan(sums).subspan(position, grid_.stride()),
                  /*include_histogram=*/true, slice.value);
  }
  return slices;
}

}  // namespace emptychair
