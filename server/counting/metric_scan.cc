#include "server/counting/metric_scan.h"

#include <algorithm>
#include <optional>

#include "common/base/status_macros.h"
#include "server/counting/answer_counter.h"
#include "server/counting/column_source.h"
#include "server/counting/record_filter.h"
#include "server/counting/record_source.h"

namespace emptychair {

using storage::MsSpan;
using storage::TallyGrid;

absl::Status ScanAnswers(const storage::Store& store, const MetricQuery& query,
                         const SeriesMap& series, absl::Span<const MsSpan> buckets,
                         bool exact_groups, TallyGrid& grid, storage::ReadCost& cost,
                         CustomerAnswers* customers) {
  RecordFilter filter(query, series);
  if (buckets.empty()) {
    return absl::OkStatus();
  }
  const MsSpan all{buckets.front().start_ms, buckets.back().end_ms};
  ASSIGN_OR_RETURN(std::optional<ColumnSource> columns,
                   ColumnSource::Find(store, query, series, filter, all));
  // Columns are as quick either way, so the first of a customer's answers that comes is the one
  // that counts. RocksDB is quicker from old to new.
  const bool newest_first = query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER &&
                            (columns.has_value() || exact_groups);
  AnswerCounter counter(query, newest_first, buckets, grid, customers);
  const int64_t border = std::clamp(columns.has_value() ? columns->covers_from_ms() : all.end_ms,
                                    all.start_ms, all.end_ms);
  const auto count_columns = [&] {
    return columns.has_value()
               ? columns->Count({border, all.end_ms}, newest_first, counter, grid, cost)
               : absl::OkStatus();
  };
  if (newest_first) {
    RETURN_IF_ERROR(count_columns());
  }
  if (border > all.start_ms && !grid.is_full()) {
    RETURN_IF_ERROR(CountRecords(store, query, series, {all.start_ms, border}, newest_first, filter,
                                 counter, grid, cost));
  }
  if (!newest_first && !grid.is_full()) {
    RETURN_IF_ERROR(count_columns());
  }
  if (!grid.is_full()) {
    ReachEnd(query);
  }
  counter.Finish();
  return absl::OkStatus();
}

}  // namespace emptychair
