#include "server/analytics/series_overflow.h"

#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "server/analytics/metric_engine.h"
#include "storage/format/values.h"

namespace emptychair {

absl::StatusOr<int64_t> CountOverflow(const storage::Store& store,
                                      std::shared_ptr<const storage::View> view,
                                      const storage::SurveyView& survey) {
  if (!survey.IsFull()) {
    return 0;
  }
  ASSIGN_OR_RETURN(MetricQuery query, MakeMetricQuery(std::move(view), {&survey}));
  query.include_excluded = true;
  SeriesMap overflow{
      .group_of_series = {std::vector<uint32_t>(survey.series_count, storage::kNoGroup)},
      .group_count = 1};
  overflow.group_of_series.front()[storage::kOtherSeries] = 0;
  ASSIGN_OR_RETURN(const PointTallies tallies, ReadTallies(store, query, overflow));
  if (!tallies.grid.IsUsed(0)) {
    return 0;
  }
  statistics::MetricValue value;
  EvaluateTally(query, tallies.grid, tallies.grid.At(0, 0), /*include_histogram=*/false, value);
  return value.answers + value.unscored;
}

}  // namespace emptychair
