#include "server/analytics/series_overflow.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "server/counting/metric_engine.h"
#include "storage/format/values.h"

namespace emptychair {

namespace {

// Counts the answers in the first `series_count` of the survey's series, `(other)` the first.
absl::StatusOr<int64_t> Count(const storage::Store& store,
                              std::shared_ptr<const storage::View> view,
                              const storage::SurveyView& survey, uint32_t series_count) {
  ASSIGN_OR_RETURN(MetricQuery query, MakeMetricQuery(std::move(view), {&survey}));
  query.include_excluded = true;
  query.is_zone_known = true;  // All of time is whole months in any zone: the cube has it.
  SeriesMap counted{
      .group_of_series = {std::vector<uint32_t>(survey.series_count, storage::kNoGroup)},
      .group_count = 1};
  std::fill_n(counted.group_of_series.front().begin(), series_count, 0);
  ASSIGN_OR_RETURN(const PointTallies tallies, ReadTallies(store, query, counted));
  if (!tallies.grid.IsUsed(0)) {
    return 0;
  }
  statistics::MetricValue value;
  EvaluateTally(query, tallies.grid, tallies.grid.At(0, 0),
                /*repeats=*/{}, /*include_histogram=*/false, value);
  return value.answers + value.unscored;
}

}  // namespace

absl::StatusOr<int64_t> CountAnswers(const storage::Store& store,
                                     std::shared_ptr<const storage::View> view,
                                     const storage::SurveyView& survey) {
  return Count(store, std::move(view), survey, survey.series_count);
}

absl::StatusOr<int64_t> CountOverflow(const storage::Store& store,
                                      std::shared_ptr<const storage::View> view,
                                      const storage::SurveyView& survey) {
  static_assert(storage::kOtherSeries == 0);
  return survey.IsFull() ? Count(store, std::move(view), survey, 1) : absl::StatusOr<int64_t>(0);
}

}  // namespace emptychair
