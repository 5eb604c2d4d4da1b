// Caches customers.
#ifndef EMPTYCHAIR_STORAGE_STATE_CUSTOMER_CACHE_H_
#define EMPTYCHAIR_STORAGE_STATE_CUSTOMER_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// What the applying thread must know of a customer.
struct KnownCustomer {
  uint32_t ordinal = 0;  // Never changes.
  bool has_attributes = false;

  friend bool operator==(const KnownCustomer&, const KnownCustomer&) = default;
};

// Maps the hash of a customer's id to the customer. Saves a lookup in the store for each
// submission. Memory: up to about 60 bytes for each of `customers_max`. For one thread.
class CustomerCache {
 public:
  explicit CustomerCache(size_t customers_max) : generation_max_(customers_max / 2) {}

  std::optional<KnownCustomer> Find(const IdHash& hash) {
    auto found = young_.find(hash);
    if (found != young_.end()) {
      return found->second;
    }
    found = old_.find(hash);
    if (found == old_.end()) {
      return std::nullopt;
    }
    const KnownCustomer customer = found->second;
    Put(hash, customer);
    return customer;
  }

  void Forget(const IdHash& hash) {
    young_.erase(hash);
    old_.erase(hash);
  }

  void Put(const IdHash& hash, KnownCustomer customer) {
    if (young_.size() >= generation_max_) {
      old_ = std::exchange(young_, {});
    }
    young_[hash] = customer;
  }

 private:
  // Takes bytes of the key, which is a keyed hash already.
  struct FirstBytes {
    size_t operator()(const IdHash& hash) const {
      size_t bytes;
      std::memcpy(&bytes, hash.data(), sizeof(bytes));
      return bytes;
    }
  };
  using Generation = absl::flat_hash_map<IdHash, KnownCustomer, FirstBytes>;

  // A full young generation replaces the old one, which is evicted. A hit in the old generation is
  // copied into the young one, so that customers in use stay cached.
  const size_t generation_max_;
  Generation young_;
  Generation old_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_CUSTOMER_CACHE_H_
