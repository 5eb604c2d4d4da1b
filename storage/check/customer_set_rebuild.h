// Makes sets of customers what the activities say.
#ifndef EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_REBUILD_H_
#define EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_REBUILD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/check/maintenance.h"
#include "storage/engine/engine.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Recounts the activities at `view` and has the customers judged again whose place in a set
// differs, by commands of a few hundred; answers how many rows that were. Sets are no sums, so each
// is judged by the index by customer as it is by then: changes may go on meanwhile, and an entry
// that the index lacks keeps its customer's place from being mended. Rows of no kind are removed;
// those of deleted kinds are left to their purge. Errors: those of the callbacks, STORE_DAMAGED for
// tables that cannot be read.
absl::StatusOr<int64_t> RebuildCustomerSets(const Engine& engine, const View& view,
                                            TaskSteps& steps, CarryOut carry_out);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_REBUILD_H_
