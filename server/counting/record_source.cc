#include "server/counting/record_source.h"

#include "common/base/status_macros.h"

namespace emptychair {

absl::Status CountRecord(const MetricQuery& query, const storage::ScannedRecord& record,
                         RecordFilter& filter, const SeriesMap& series, AnswerCounter& counter,
                         storage::TallyGrid& grid) {
  ASSIGN_OR_RETURN(const uint32_t group, filter.GroupOf(record));
  if (group == storage::kNoGroup) {
    return absl::OkStatus();
  }
  grid.KnowGroups(series.group_count);
  const int32_t scale_min = query.surveys.front()->definition->scale().min();
  return counter.Count({.time_ms = record.occur_time_ms(),
                        .customer = record.header.customer_ordinal,
                        .bin = storage::BinOf(record.header.score, scale_min),
                        .disposition = record.header.exclusion_reason},
                       group);
}

absl::Status CountRecords(const storage::Store& store, const MetricQuery& query,
                          const SeriesMap& series, const storage::MsSpan& span, bool newest_first,
                          RecordFilter& filter, AnswerCounter& counter, storage::TallyGrid& grid,
                          storage::ReadCost& cost) {
  return store.records().Scan(
      *query.view,
      {.surveys = filter.surveys(),
       .start_ms = span.start_ms,
       .end_ms = span.end_ms,
       .newest_first = newest_first},
      [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
        ++cost.records_scanned;
        RETURN_IF_ERROR(CountRecord(query, record, filter, series, counter, grid));
        return !grid.is_full();
      });
}

}  // namespace emptychair
