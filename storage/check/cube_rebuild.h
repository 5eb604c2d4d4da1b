// Makes the cube what its records say, and sets of customers what the activities say.
#ifndef EMPTYCHAIR_STORAGE_CHECK_CUBE_REBUILD_H_
#define EMPTYCHAIR_STORAGE_CHECK_CUBE_REBUILD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/check/maintenance.h"
#include "storage/engine/engine.h"
#include "storage/read/view.h"

namespace emptychair::storage {

struct RebuildSummary {
  uint64_t sequence = 0;       // Of the records that were counted.
  int64_t rows_corrected = 0;  // Of the cube, and of sets.
  int64_t cells_corrected = 0;
  int64_t records_counted = 0;
};

// Recounts the records at `view` and has every row that differs corrected, by commands of a few
// thousand counts. Because rows are sums, changes may go on meanwhile. Records that cannot be
// counted (Verify names them) are passed over; rows of no survey are removed. What was corrected
// before an error stays so. Errors: those of the callbacks, STORE_DAMAGED for tables that cannot
// be read. Then sets of customers are mended (customer_set_rebuild.h).
absl::StatusOr<RebuildSummary> RebuildCube(const Engine& engine, const View& view,
                                           OnProgress on_progress, CarryOut carry_out);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_CUBE_REBUILD_H_
