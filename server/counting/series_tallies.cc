#include "server/counting/series_tallies.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/types/span.h"
#include "server/counting/metric_engine.h"
#include "storage/cube/cube_reader.h"
#include "storage/read/series_table.h"

namespace emptychair {

using storage::SurveyView;
using storage::TallyGrid;

namespace {

constexpr size_t kNoPosition = SIZE_MAX;

}  // namespace

SeriesTallies::SeriesTallies(const MetricQuery& query, const SeriesMap& series,
                             PointTallies tallies, std::optional<EstimatedPoints> estimated)
    : query_(query),
      tallies_(std::move(tallies)),
      grid_(tallies_.grid),
      by_customer_(tallies_.customers != nullptr),
      estimated_(std::move(estimated)) {
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

CustomerSummer SeriesTallies::MakeSummer() const {
  return by_customer_
             ? CustomerSummer(CustomersOf(*query_.view), tallies_.customers->answer_count())
             : CustomerSummer(0, 0);
}

Slice SeriesTallies::SliceOf(GroupPart part, absl::Span<const int64_t> counts,
                             const std::vector<uint32_t>& groups, bool include_histogram,
                             const std::optional<statistics::RepeatCurve>& curve,
                             CustomerSummer& summer) const {
  Slice slice;
  slice.group = std::move(part);
  if (by_customer_) {
    slice.by_customer = summer.Sum(*tallies_.customers, groups, /*trailing=*/1).front();
    for (const uint32_t group : groups) {
      slice.answers.push_back(tallies_.customers->Of(group, 0));
    }
  }
  TallyRepeats repeats;
  if (slice.by_customer.has_value()) {
    repeats.by_customer = &*slice.by_customer;
  } else if (curve.has_value()) {
    repeats.estimated = curve->At(estimated_->days(0));
  }
  EvaluateTally(query_, grid_, counts, repeats, include_histogram, slice.value);
  return slice;
}

Slice SeriesTallies::Total() const {
  std::vector<int64_t> total(grid_.stride());
  std::vector<uint32_t> groups;
  for (const std::vector<UsedSeries>& survey : used_) {
    for (const UsedSeries& used : survey) {
      storage::AddTally(grid_.At(used.group, 0), absl::MakeSpan(total));
      groups.push_back(used.group);
    }
  }
  CustomerSummer summer = MakeSummer();
  return SliceOf(
      {}, total, groups, /*include_histogram=*/false,
      estimated_.has_value() ? std::optional(estimated_->curves().Whole()) : std::nullopt, summer);
}

std::vector<Slice> SeriesTallies::By(absl::string_view key) const {
  // The position of each group's sum in `sums`, which are one behind the other.
  std::map<GroupPart, size_t> groups;
  std::vector<int64_t> sums;
  std::vector<std::vector<uint32_t>> series_of_group;
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
        series_of_group.resize(groups.size());
      }
      series_of_group[position / grid_.stride()].push_back(used.group);
      storage::AddTally(grid_.At(used.group, 0), absl::MakeSpan(sums).subspan(position));
    }
  }
  std::vector<Slice> slices;
  slices.reserve(groups.size());
  CustomerSummer summer = MakeSummer();
  for (const auto& [group, position] : groups) {
    slices.push_back(SliceOf(group, absl::MakeConstSpan(sums).subspan(position, grid_.stride()),
                             series_of_group[position / grid_.stride()],
                             /*include_histogram=*/true,
                             estimated_.has_value() ? std::optional(estimated_->curves().OfGroup(
                                                          {std::string(key)}, {group}))
                                                    : std::nullopt,
                             summer));
  }
  return slices;
}

}  // namespace emptychair
