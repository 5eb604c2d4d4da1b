// Remembers the ids of the records that were accepted last.
#ifndef EMPTYCHAIR_STORAGE_STATE_RECENT_IDS_H_
#define EMPTYCHAIR_STORAGE_STATE_RECENT_IDS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "common/base/uuid.h"

namespace emptychair::storage {

// Negative cache: proves that an id is new without a lookup in the store. The cache holds every
// accepted id whose time is past a horizon. A survey's horizon starts at the newest record that the
// store had when opened, and rises as the earliest ids are evicted. An id before the horizon always
// needs the lookup.
//
// Memory: up to about 20 bytes for each of `ids_max`. For one thread.
class RecentIds {
 public:
  explicit RecentIds(size_t ids_max) : generation_max_(std::max<size_t>(ids_max / 2, 1)) {}

  // Sets the time up to which the survey has records that are not in the cache.
  void SetHorizon(uint32_t survey_number, int64_t newest_ms) {
    horizons_ms_[survey_number] = newest_ms;
  }

  // Records an accepted id. Must be called for every one.
  void Add(uint32_t survey_number, const Uuid& feedback_id) {
    if (young_.size() >= generation_max_ || old_.size() >= generation_max_) {
      Forget();
    }
    const int64_t time_ms = feedback_id.UnixMs();
    if (time_ms > split_ms_) {
      young_.insert(absl::HashOf(survey_number, feedback_id));
      newest_ms_ = std::max(newest_ms_, time_ms);
    } else if (time_ms > forgotten_ms_) {
      old_.insert(absl::HashOf(survey_number, feedback_id));
    }
  }

  // Returns false when the id is certainly new, and true when the store must be looked up.
  bool MayBeTaken(uint32_t survey_number, const Uuid& feedback_id) const {
    const int64_t time_ms = feedback_id.UnixMs();
    const auto horizon = horizons_ms_.find(survey_number);
    if (time_ms <= forgotten_ms_ || (horizon != horizons_ms_.end() && time_ms <= horizon->second)) {
      return true;
    }
    return (time_ms > split_ms_ ? young_ : old_).contains(absl::HashOf(survey_number, feedback_id));
  }

 private:
  static constexpr int64_t kBeforeAll = std::numeric_limits<int64_t>::min();

  // Evicts the old generation; the young one takes its place.
  void Forget() {
    forgotten_ms_ = split_ms_;
    split_ms_ = std::max(split_ms_, newest_ms_);
    old_ = std::exchange(young_, {});
  }

  const size_t generation_max_;
  // Ids up to forgotten_ms_ are evicted, ids up to split_ms_ are in the old generation, later ids
  // in the young one. Both hold hashes: a collision costs a lookup in the store.
  int64_t forgotten_ms_ = kBeforeAll;
  int64_t split_ms_ = kBeforeAll;
  int64_t newest_ms_ = kBeforeAll;
  absl::flat_hash_set<size_t> old_;
  absl::flat_hash_set<size_t> young_;
  absl::flat_hash_map<uint32_t, int64_t> horizons_ms_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_RECENT_IDS_H_
