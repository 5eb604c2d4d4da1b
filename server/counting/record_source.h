// Counts the answers of a query record by record.
#ifndef EMPTYCHAIR_SERVER_COUNTING_RECORD_SOURCE_H_
#define EMPTYCHAIR_SERVER_COUNTING_RECORD_SOURCE_H_

#include "absl/status/status.h"
#include "server/counting/answer_counter.h"
#include "server/counting/metric_query.h"
#include "server/counting/record_filter.h"
#include "server/counting/series_groups.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/read/records.h"
#include "storage/store.h"

namespace emptychair {

// Has a record counted if the filter admits it. Errors: STORE_DAMAGED, TOO_MANY_POINTS.
absl::Status CountRecord(const MetricQuery& query, const storage::ScannedRecord& record,
                         RecordFilter& filter, const SeriesMap& series, AnswerCounter& counter,
                         storage::TallyGrid& grid);

// Has the answers in `span` counted until `grid` is full, newest or oldest first. Errors:
// STORE_DAMAGED, TOO_MANY_POINTS.
absl::Status CountRecords(const storage::Store& store, const MetricQuery& query,
                          const SeriesMap& series, const storage::MsSpan& span, bool newest_first,
                          RecordFilter& filter, AnswerCounter& counter, storage::TallyGrid& grid,
                          storage::ReadCost& cost);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_RECORD_SOURCE_H_
