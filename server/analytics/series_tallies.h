// Folds tallies by series into tallies by the values of a key.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SERIES_TALLIES_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SERIES_TALLIES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/series_groups.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/tally_grid.h"

namespace emptychair {

// The value of a query over the answers that have one value for a key.
struct Slice {
  GroupPart group;
  statistics::MetricValue value;  // With its histogram.
};

// Holds the answers of a query of one point by series, so that they are read once for all keys that
// they are asked by. `query` must outlive this. Immutable and thread-safe.
class SeriesTallies {
 public:
  // `grid` has one bucket and, for each group of MapEachSeries, which made `series`, a tally.
  SeriesTallies(const MetricQuery& query, const SeriesMap& series, storage::TallyGrid grid);

  // Computes the value over all answers, without a histogram.
  statistics::MetricValue Total() const;

  // Computes the values by `key`, which is a dimension of each survey of the query or survey_id:
  // those with answers, in the order of groups. They are what a query grouped by the key computes.
  std::vector<Slice> By(absl::string_view key) const;

 private:
  // A series that has answers.
  struct UsedSeries {
    uint32_t series = 0;
    uint32_t group = 0;
  };

  const MetricQuery& query_;
  const storage::TallyGrid grid_;
  std::vector<std::vector<UsedSeries>> used_;  // By survey, in the order of the query's.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SERIES_TALLIES_H_
