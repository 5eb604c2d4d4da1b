// Counts the answers of a query from columns in memory.
#ifndef EMPTYCHAIR_SERVER_COUNTING_COLUMN_SOURCE_H_
#define EMPTYCHAIR_SERVER_COUNTING_COLUMN_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/counting/answer_counter.h"
#include "server/counting/metric_query.h"
#include "server/counting/record_filter.h"
#include "server/counting/series_groups.h"
#include "storage/columns/column_cache.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/store.h"

namespace emptychair {

// The columns of all of a query's surveys, with what it needs to know of their labels. Not
// thread-safe; must not outlive what it is given.
class ColumnSource {
 public:
  // Nothing when records have to be read: see ColumnCache::Get. `all` is what the query asks for.
  // Errors: STORE_DAMAGED.
  static absl::StatusOr<std::optional<ColumnSource>> Find(const storage::Store& store,
                                                          const MetricQuery& query,
                                                          const SeriesMap& series,
                                                          RecordFilter& filter,
                                                          const storage::MsSpan& all);

  // Every answer from this time on is here.
  int64_t covers_from_ms() const { return covers_from_ms_; }

  // Has the answers in `span`, which is covered, counted until `grid` is full: newest or oldest
  // first, as AnswerCounter wants them. Errors: STORE_DAMAGED, TOO_MANY_POINTS.
  absl::Status Count(const storage::MsSpan& span, bool newest_first, AnswerCounter& counter,
                     storage::TallyGrid& grid, storage::ReadCost& cost);

 private:
  // Groups of answers by the codes of their labels, found once for each combination.
  class LabelGroups;

  // A survey of the filter's.
  struct Part {
    std::shared_ptr<const storage::SurveyColumns> columns;
    std::vector<uint32_t> group_of_series;
    std::shared_ptr<LabelGroups> by_labels;  // Tells the group where the series does not.
  };

  class Cursor;
  class BlockCounter;

  ColumnSource(const storage::Store& store, const MetricQuery& query, const SeriesMap& series,
               RecordFilter& filter)
      : store_(store), query_(query), series_(series), filter_(filter) {}

  static Cursor& NextOf(std::vector<Cursor>& cursors, bool newest_first);
  static bool TiesWithOthers(const Cursor& next, const std::vector<Cursor>& cursors);

  absl::StatusOr<bool> AddPart(size_t survey, const storage::MsSpan& all);

  absl::Status CountInAnyOrder(size_t survey, const storage::MsSpan& span, AnswerCounter& counter,
                               storage::TallyGrid& grid, storage::ReadCost& cost);
  absl::Status CountOneInOrder(const storage::MsSpan& span, bool newest_first,
                               AnswerCounter& counter, storage::TallyGrid& grid,
                               storage::ReadCost& cost);
  absl::Status CountInOrder(const storage::MsSpan& span, bool newest_first, AnswerCounter& counter,
                            storage::TallyGrid& grid, storage::ReadCost& cost);
  absl::Status CountTies(const storage::ColumnRow& row, bool newest_first, AnswerCounter& counter,
                         storage::TallyGrid& grid);

  const storage::Store& store_;
  const MetricQuery& query_;
  const SeriesMap& series_;
  RecordFilter& filter_;
  std::vector<Part> parts_;  // Aligned with the filter's surveys.
  int64_t covers_from_ms_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_COLUMN_SOURCE_H_
