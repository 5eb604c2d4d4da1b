// Counts the answers of a query one by one, for what the cube cannot answer: from columns in
// memory, and from records where there are no columns.
#ifndef EMPTYCHAIR_SERVER_COUNTING_METRIC_SCAN_H_
#define EMPTYCHAIR_SERVER_COUNTING_METRIC_SCAN_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/counting/customer_answers.h"
#include "server/counting/metric_query.h"
#include "server/counting/series_groups.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/store.h"

namespace emptychair {

// Counts the answers in `buckets`, those of the lookback included, into the empty `grid`: each
// bucket's tally becomes that of the point that ends with the bucket; a lookback's stay empty.
// Stops early when the grid is full. With `exact_groups`, which can be slower, no group is touched
// whose counts then cancel.
//
// A respondent rule takes up to eight bytes for each customer that the store knows, whatever the
// query covers. `customers`, unless it is null, gets the answers with their customers, as
// AnswerCounter says; it is for the query's buckets. Errors: STORE_DAMAGED.
absl::Status ScanAnswers(const storage::Store& store, const MetricQuery& query,
                         const SeriesMap& series, absl::Span<const storage::MsSpan> buckets,
                         bool exact_groups, storage::TallyGrid& grid, storage::ReadCost& cost,
                         CustomerAnswers* customers = nullptr);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_METRIC_SCAN_H_
