// Remembers the ids of customers by their numbers.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_NAMES_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "storage/read/records.h"
#include "storage/read/view.h"

namespace emptychair {

// Looks the ids of customers up, together, and keeps those that it has found: in an export of many
// pages the same customers come again, and to look one up takes longer than the rest of its record.
// A number is given to one customer and never again, so that what is kept stays true until a
// customer is erased: then all is forgotten. Takes at most 8 MiB: past that it begins anew.
// Thread-safe.
class CustomerNames {
 public:
  explicit CustomerNames(const storage::RecordReader& records) : records_(records) {}

  // The ids of `ordinals`, in their order; nothing for one that cannot be read.
  std::vector<std::optional<std::string>> Find(const storage::View& view,
                                               const std::vector<uint32_t>& ordinals)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const storage::RecordReader& records_;
  absl::Mutex mutex_;
  absl::flat_hash_map<uint32_t, std::string> ids_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // What is kept was read after this erasure.
  uint64_t last_erasure_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_NAMES_H_
