#include "server/surveys/series_overflow.h"

#include <numeric>
#include <optional>
#include <vector>

#include "common/base/status_macros.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/tally_grid.h"

namespace emptychair {

absl::StatusOr<int64_t> CountOverflow(const storage::Store& store, const storage::View& view,
                                      const storage::SurveyView& survey) {
  if (!survey.IsFull()) {
    return 0;
  }
  ASSIGN_OR_RETURN(const std::optional<storage::BucketRange> months,
                   store.cube().Extent(view, survey, storage::CubeUnit::kMonth));
  if (!months.has_value()) {
    return 0;
  }
  storage::CubePlan plan;
  plan.rows.push_back({storage::CubeUnit::kMonth, months->first,
                       std::vector<uint32_t>(months->last - months->first + 1, 0)});
  std::vector<uint32_t> group_of_series(survey.series_count, storage::kNoGroup);
  group_of_series[storage::kOtherSeries] = 0;
  const v1::Scale& scale = survey.definition->scale();
  storage::TallyGrid::Options options;
  options.score_count = static_cast<size_t>(int64_t{scale.max()} - scale.min() + 1);
  options.include_excluded = true;
  storage::TallyGrid grid(options, /*group_count=*/1);
  storage::ReadCost cost;
  RETURN_IF_ERROR(store.cube().Read(view, survey, plan, group_of_series, grid, cost));
  if (!grid.IsUsed(0)) {
    return 0;
  }
  const absl::Span<const int64_t> bins = grid.At(0, 0).subspan(0, 1 + options.score_count);
  return std::accumulate(bins.begin(), bins.end(), int64_t{0});
}

}  // namespace emptychair
