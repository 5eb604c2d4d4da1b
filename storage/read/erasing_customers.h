// Customers whose erasure is not through.
#ifndef EMPTYCHAIR_STORAGE_READ_ERASING_CUSTOMERS_H_
#define EMPTYCHAIR_STORAGE_READ_ERASING_CUSTOMERS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "storage/format/customer_set.h"

namespace emptychair::storage {

// Numbers of customers who are hidden although some of what they said and did is still stored.
// Almost always empty, and then free to ask. Immutable.
class ErasingCustomers {
 public:
  ErasingCustomers() = default;
  // `leaving` are those of whom nothing is to stay.
  ErasingCustomers(absl::flat_hash_set<uint32_t> ordinals, absl::flat_hash_set<uint32_t> leaving)
      : ordinals_(std::move(ordinals)), leaving_(std::move(leaving)) {}

  bool empty() const { return ordinals_.empty(); }
  size_t size() const { return ordinals_.size(); }
  bool Has(uint32_t customer_ordinal) const {
    return !ordinals_.empty() && ordinals_.contains(customer_ordinal);
  }

  // Whether what sets have of the customer need not be what the activities make: it goes bucket by
  // bucket.
  bool IsLeaving(uint32_t customer_ordinal) const {
    return !leaving_.empty() && leaving_.contains(customer_ordinal);
  }

  // Takes them, or those who are leaving, out of a row of the chunk.
  void TakeOutOf(uint16_t chunk, CustomerSetRow& row) const { TakeOut(ordinals_, chunk, row); }
  void TakeLeavingOutOf(uint16_t chunk, CustomerSetRow& row) const {
    TakeOut(leaving_, chunk, row);
  }

 private:
  static void TakeOut(const absl::flat_hash_set<uint32_t>& ordinals, uint16_t chunk,
                      CustomerSetRow& row) {
    for (const uint32_t ordinal : ordinals) {
      if (ordinal / kCustomersPerChunk == chunk) {
        row.Remove(static_cast<uint16_t>(ordinal % kCustomersPerChunk));
      }
    }
  }

  absl::flat_hash_set<uint32_t> ordinals_;
  absl::flat_hash_set<uint32_t> leaving_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_ERASING_CUSTOMERS_H_
