// Keeps something of each customer that is met.
#ifndef EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_TABLE_H_
#define EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace emptychair {

// Values by the numbers of customers, empty at first: an array where many of a store's customers
// are met, else a hash table, so that a few answers do not cost what all customers would. Not
// thread-safe.
template <typename Value>
class CustomerTable {
 public:
  // Customers are below `customers`; at most about `met` of them will be asked for.
  CustomerTable(size_t customers, size_t met)
      : array_(met >= customers / kMetForAnArray ? customers : 0) {}

  // Another call may move what the reference is to.
  Value& operator[](uint32_t customer) {
    return array_.empty() ? hashed_[customer] : array_[customer];
  }

  // Has the customer at hand for a call that is to come.
  void Prefetch(uint32_t customer) const {
    if (!array_.empty()) {
      __builtin_prefetch(&array_[customer], 1);
    }
  }

 private:
  // To find one of a hash table costs as much as to clear so many of an array.
  static constexpr size_t kMetForAnArray = 16;

  std::vector<Value> array_;
  absl::flat_hash_map<uint32_t, Value> hashed_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_TABLE_H_
