// Compares the stored rows of one set of customers with rows that were recounted.
#ifndef EMPTYCHAIR_STORAGE_CHECK_STORED_SET_H_
#define EMPTYCHAIR_STORAGE_CHECK_STORED_SET_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/check/maintenance.h"
#include "storage/engine/engine.h"
#include "storage/format/customer_set.h"
#include "storage/format/keys.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// A row of a set that is not what the activities make.
struct CustomerSetDifference {
  CustomerSetKey key;
  bool is_row = true;     // False for stored bytes that do not decode.
  CustomerSetRow stored;  // Empty: no such row, or one that does not decode.
  CustomerSetRow recounted;
};

// Gets each row that differs. Errors end the comparison.
using OnSetDifference = absl::FunctionRef<absl::Status(const CustomerSetDifference&)>;

// Chunks of customers that are compared in one pass over the activities.
struct ChunkWindow {
  uint32_t first = 0;
  uint32_t end = 0;

  bool Has(uint32_t chunk) const { return chunk >= first && chunk < end; }
};

// The rows of one set of one kind in one unit, at a view, of a window of chunks, without customers
// who are being deleted. Not thread-safe; engine and view must outlive it.
class StoredSet {
 public:
  StoredSet(const Engine& engine, const View& view, uint32_t kind_number, CustomerSet set,
            CubeUnit unit, ChunkWindow window, OnSetDifference on_difference);

  // Compares a row, and those before it that are stored and were not recounted. Buckets, and chunks
  // within them, must ascend. Errors: those of `on_difference`, STORE_DAMAGED.
  absl::Status Compare(int32_t bucket, uint16_t chunk, const CustomerSetRow& recounted);

  // Compares what is stored behind the last row. Errors: the same.
  absl::Status CompareRest();

 private:
  absl::Status CompareWithNone(absl::string_view key, absl::string_view stored);
  absl::Status CompareStored(const CustomerSetKey& key, absl::string_view stored,
                             const CustomerSetRow& recounted);

  const uint32_t kind_number_;
  const CustomerSet set_;
  const CubeUnit unit_;
  const ChunkWindow window_;
  const ErasingCustomers& erasing_;
  const OnSetDifference on_difference_;
  RangeIterator rows_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_STORED_SET_H_
