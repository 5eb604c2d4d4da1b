// Caches what is known of customers' activities.
#ifndef EMPTYCHAIR_STORAGE_STATE_ACTIVITY_CACHE_H_
#define EMPTYCHAIR_STORAGE_STATE_ACTIVITY_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace emptychair::storage {

// What the applying thread must know of the activities of one customer and kind, to tell of a later
// one what it changes without a look into the index. Days are counted from 1970.
struct KnownActivities {
  // Behind every day and time, so that nothing comes after it and the index is read.
  static constexpr int32_t kUnknown = std::numeric_limits<int32_t>::max();
  static constexpr int64_t kUnknownMs = std::numeric_limits<int64_t>::max();

  int32_t first_day = kUnknown;           // Of the first activity, in UTC.
  int32_t first_positive_day = kUnknown;  // Of the first with a positive amount, in UTC.
  int32_t last_day = kUnknown;            // The last local day with an activity.
  int64_t last_ms = kUnknownMs;           // The last time of one, since 1970.

  friend bool operator==(const KnownActivities&, const KnownActivities&) = default;
};

// Maps customer and kind to what is known of the activities. Must be told of every activity that
// comes, and forget where one goes. Memory: up to about 80 bytes for each of `entries_max`. For one
// thread.
class ActivityCache {
 public:
  explicit ActivityCache(size_t entries_max) : generation_max_(entries_max / 2) {}

  // Returns nothing known where there is no entry.
  KnownActivities Find(uint32_t kind_number, uint32_t customer_ordinal) const {
    const uint64_t key = KeyOf(kind_number, customer_ordinal);
    auto found = young_.find(key);
    if (found != young_.end()) {
      return found->second;
    }
    found = old_.find(key);
    return found == old_.end() ? KnownActivities() : found->second;
  }

  void Put(uint32_t kind_number, uint32_t customer_ordinal, const KnownActivities& known) {
    const uint64_t key = KeyOf(kind_number, customer_ordinal);
    if (young_.size() >= generation_max_ && !young_.contains(key)) {
      old_ = std::exchange(young_, {});
    }
    young_[key] = known;
  }

  void Forget(uint32_t kind_number, uint32_t customer_ordinal) {
    const uint64_t key = KeyOf(kind_number, customer_ordinal);
    young_.erase(key);
    old_.erase(key);
  }

 private:
  static uint64_t KeyOf(uint32_t kind_number, uint32_t customer_ordinal) {
    return (uint64_t{kind_number} << 32) | customer_ordinal;
  }

  // A full young generation replaces the old one, which is evicted. Each activity that comes puts
  // its entry into the young one, so that customers in use stay cached.
  const size_t generation_max_;
  absl::flat_hash_map<uint64_t, KnownActivities> young_;
  absl::flat_hash_map<uint64_t, KnownActivities> old_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_ACTIVITY_CACHE_H_
