// Runs queries: adds up what they count, and computes the values.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_ENGINE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_ENGINE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/metric_result.h"
#include "server/analytics/series_groups.h"
#include "server/statistics/calendar.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/store.h"

namespace emptychair {

// The counts that a query's values are computed from, wherever they were read.
struct PointTallies {
  // Those of the lookback included, which end with no point.
  std::vector<statistics::Bucket> buckets;
  // By group and by the bucket that a point ends with. Full, and then of no use, when more groups
  // have answers than it has room for: kPointsMax by the number of buckets.
  storage::TallyGrid grid;
  storage::ReadCost cost;
};

// Adds up the answers of the query, in the groups of `series`, which is made from it. Each record
// and row is read once, or twice when groups whose counts cancel have taken the grid's room.
// Errors: STORE_DAMAGED.
absl::StatusOr<PointTallies> ReadTallies(const storage::Store& store, const MetricQuery& query,
                                         const SeriesMap& series);

// Replaces `value` by that of a tally of the query, or of a sum of tallies, laid out as in `grid`.
// Pure.
void EvaluateTally(const MetricQuery& query, const storage::TallyGrid& grid,
                   absl::Span<const int64_t> tally, bool include_histogram,
                   statistics::MetricValue& value);

// Computes the values of the query. Errors: TOO_MANY_POINTS, STORE_DAMAGED.
absl::StatusOr<MetricResult> RunMetricQuery(const storage::Store& store, const MetricQuery& query);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_ENGINE_H_
