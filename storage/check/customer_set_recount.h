// Counts activities again and compares the stored sets of customers with that.
#ifndef EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_RECOUNT_H_
#define EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_RECOUNT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "storage/check/maintenance.h"
#include "storage/check/open_rows.h"
#include "storage/check/stored_set.h"
#include "storage/cube/cube_fold.h"
#include "storage/engine/engine.h"
#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/format/keys.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Windows of 256 chunks, 16.7 million customers, which take in all chunks: one, unless the store
// has more customers.
std::vector<ChunkWindow> ChunkWindows(const View& view);

// Compares the stored sets of one plain kind, at a view, with a recount from its activities, both
// ways. Holds the rows that activities to come can still belong to: of a chunk 33 at most (5 days
// of 5 sets, 2 months of 4), and which of its customers came before; 8 KiB each. A window of chunks
// so takes at most 74 MB, one million customers 5 MB. Rows under keys that do not decode are passed
// over. Not thread-safe; engine and view must outlive it.
class CustomerSetComparison {
 public:
  CustomerSetComparison(const Engine& engine, const View& view, uint32_t kind_number,
                        ChunkWindow window, OnSetDifference on_difference);

  // Recounts one activity. Times must not descend; those that WhyInNoSet names must be left out.
  // Errors: those of `on_difference`, STORE_DAMAGED.
  absl::Status Add(int64_t unix_ms, const ActivityHeader& header);

  // Compares all that is left, after the last activity. Errors: as for Add.
  absl::Status Finish();

 private:
  // The rows of one set in one unit, recounted and stored.
  struct SetRows {
    CustomerSet set;
    CubeUnit unit;
    OpenRows<CustomerSetRow> open;
    std::unique_ptr<StoredSet> stored;
  };

  SetRows& RowsOf(CustomerSet set, CubeUnit unit);
  void Put(CustomerSet set, const RecordBuckets& buckets, uint32_t customer_ordinal);
  static absl::Status CompleteBefore(SetRows& rows, int64_t bucket);

  const ChunkWindow window_;
  std::vector<SetRows> sets_;
  // Those who came before, by chunk.
  std::map<uint16_t, CustomerSetRow> seen_;
  std::map<uint16_t, CustomerSetRow> seen_positive_;
  std::optional<int64_t> utc_day_;  // Of the newest activity.
};

// Compares all sets of a kind; of a subscription that is being built none. Activities that do not
// decode or that WhyInNoSet names are passed over. Errors: those of `steps` and `on_difference`,
// STORE_DAMAGED.
absl::Status CompareCustomerSets(const Engine& engine, const View& view, const TaskKind& kind,
                                 TaskSteps& steps, OnSetDifference on_difference);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_CUSTOMER_SET_RECOUNT_H_
