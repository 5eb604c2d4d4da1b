// Sets of customers who did something, as queries read them.
#ifndef EMPTYCHAIR_STORAGE_READ_CUSTOMER_SETS_H_
#define EMPTYCHAIR_STORAGE_READ_CUSTOMER_SETS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/format/keys.h"
#include "storage/read/view.h"

namespace rocksdb {
class Iterator;
class Slice;
}  // namespace rocksdb

namespace emptychair::storage {

class Engine;

// Buckets of a unit, `[first, end)`.
struct UnitSpan {
  CubeUnit unit = CubeUnit::kDay;  // kDay or kMonth.
  int32_t first = 0;
  int32_t end = 0;

  friend bool operator==(const UnitSpan&, const UnitSpan&) = default;
};

// Walks the rows of one kind at a view, a chunk at a time, so that memory does not depend on the
// number of customers. Must not outlive the store or the view. Not thread-safe.
class CustomerSetCursor {
 public:
  CustomerSetCursor(const Engine& engine, const View& view, const ActivityKindView& kind);
  ~CustomerSetCursor();
  CustomerSetCursor(const CustomerSetCursor&) = delete;
  CustomerSetCursor& operator=(const CustomerSetCursor&) = delete;

  // The chunks, ascending, that the set has a row of in `span`. Errors: STORE_DAMAGED.
  absl::StatusOr<std::vector<uint16_t>> Chunks(CustomerSet set, const UnitSpan& span);

  // Adds to `row` whoever is in the set in any bucket of `span`. Errors: STORE_DAMAGED.
  absl::Status Add(CustomerSet set, const UnitSpan& span, uint16_t chunk, CustomerSetRow& row);

  // Visits the stored rows of the chunk in `span`, by ascending bucket. Errors: STORE_DAMAGED.
  using Visit = absl::FunctionRef<void(int32_t bucket, const CustomerSetRow& row)>;
  absl::Status ForEach(CustomerSet set, const UnitSpan& span, uint16_t chunk, Visit visit);

  // Rows that were decoded so far.
  int64_t rows_read() const { return rows_read_; }

 private:
  using VisitBytes = absl::FunctionRef<bool(int32_t bucket, absl::string_view bytes)>;

  // Goes to the first row at or behind the key; nothing when none of the set and unit is left.
  absl::StatusOr<std::optional<CustomerSetKey>> Seek(const CustomerSetKey& key);
  // Visits rows until `visit` answers false for one that cannot be decoded.
  absl::Status ForEachBytes(CustomerSet set, const UnitSpan& span, uint16_t chunk,
                            VisitBytes visit);
  absl::Status Damaged() const;

  const ActivityKindView& kind_;
  const ErasingCustomers& erasing_;
  const std::string upper_;
  const std::unique_ptr<const rocksdb::Slice> upper_slice_;
  std::unique_ptr<rocksdb::Iterator> it_;
  int64_t rows_read_ = 0;
};

// Reads sets of customers, and what they do not tell, at a view. Thread-safe.
class CustomerSetReader {
 public:
  explicit CustomerSetReader(const Engine& engine) : engine_(engine) {}

  std::unique_ptr<CustomerSetCursor> Open(const View& view, const ActivityKindView& kind) const;

  // The local days, `[first, end)`, from the first to the last that anybody of the set was active
  // on; nothing when there are none. Errors: STORE_DAMAGED.
  absl::StatusOr<std::optional<UnitSpan>> Extent(const View& view, const ActivityKindView& kind,
                                                 CustomerSet set) const;

  // Visits the activities of the kind whose times are in `[start_ms, end_ms)`, in milliseconds
  // since 1970, in the order of time; those that are erased are not there. Errors: STORE_DAMAGED.
  using VisitActivity = absl::FunctionRef<void(int64_t unix_ms, const ActivityHeader& header)>;
  absl::Status ForEachActivity(const View& view, const ActivityKindView& kind, int64_t start_ms,
                               int64_t end_ms, VisitActivity visit) const;

  // Visits all customers, by ascending number; those who are being erased are not there. One who
  // was erased and whose past stays has no attributes. Errors: STORE_DAMAGED.
  using VisitCustomer =
      absl::FunctionRef<void(uint32_t ordinal, const store::v1::StoredCustomer& customer)>;
  absl::Status ForEachCustomer(const View& view, VisitCustomer visit) const;

 private:
  const Engine& engine_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_CUSTOMER_SETS_H_
