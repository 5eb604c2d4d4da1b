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
  explicit ErasingCustomers(absl::flat_hash_set<uint32_t> ordinals)
      : ordinals_(std::move(ordinals)) {}

  bool empty() const { return ordinals_.empty(); }
  size_t size() const { return ordinals_.size(); }
  bool Has(uint32_t customer_ordinal) const {
    return !ordinals_.empty() && ordinals_.contains(customer_ordinal);
  }

  // Takes them out of a row of the chunk.
  void TakeOutOf(uint16_t chunk, CustomerSetRow& row) const {
    for (const uint32_t ordinal : ordinals_) {
      if (ordinal / kCustomersPerChunk == chunk) {
        row.Remove(static_cast<uint16_t>(ordinal % kCustomersPerChunk));
      }
    }
  }

 private:
  absl::flat_hash_set<uint32_t> ordinals_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_ERASING_CUSTOMERS_H_
