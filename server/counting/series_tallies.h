// Folds tallies by series into tallies by the values of a key.
#ifndef EMPTYCHAIR_SERVER_COUNTING_SERIES_TALLIES_H_
#define EMPTYCHAIR_SERVER_COUNTING_SERIES_TALLIES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/counting/group_summer.h"
#include "server/counting/metric_engine.h"
#include "server/counting/metric_query.h"
#include "server/counting/series_groups.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/tally_grid.h"

namespace emptychair {

// The value of a query over the answers that have one value for a key.
struct Slice {
  GroupPart group;
  statistics::MetricValue value;  // With its histogram.
  // Where intervals are by customer: their sums, and the answers, which live as long as what the
  // slice is from.
  std::optional<statistics::CustomerSums> by_customer;
  AnswerSpans answers;
};

// Holds the answers of a query of one point by series, so that they are read once for all keys that
// they are asked by. `query` must outlive this. Immutable and thread-safe.
class SeriesTallies {
 public:
  // `tallies` has one bucket and, for each group of MapEachSeries, which made `series`, a tally.
  // Intervals follow CUSTOMERS where the answers were kept, else ESTIMATED with `estimated`, else
  // ANSWERS.
  SeriesTallies(const MetricQuery& query, const SeriesMap& series, PointTallies tallies,
                std::optional<EstimatedPoints> estimated);

  // Computes the value over all answers, without a histogram.
  Slice Total() const;

  // Computes the values by `key`, which is a dimension of each survey of the query or survey_id:
  // those with answers, in the order of groups. They are what a query grouped by the key computes.
  std::vector<Slice> By(absl::string_view key) const;

 private:
  // A series that has answers.
  struct UsedSeries {
    uint32_t series = 0;
    uint32_t group = 0;
  };

  // Of groups together, whose tally is `counts`; `curve` is theirs under ESTIMATED.
  Slice SliceOf(GroupPart part, absl::Span<const int64_t> counts,
                const std::vector<uint32_t>& groups, bool include_histogram,
                const std::optional<statistics::RepeatCurve>& curve, CustomerSummer& summer) const;
  CustomerSummer MakeSummer() const;

  const MetricQuery& query_;
  const PointTallies tallies_;
  const storage::TallyGrid& grid_;
  const bool by_customer_;
  const std::optional<EstimatedPoints> estimated_;
  std::vector<std::vector<UsedSeries>> used_;  // By survey, in the order of the query's.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_SERIES_TALLIES_H_
