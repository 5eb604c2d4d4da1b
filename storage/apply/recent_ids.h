// The ids of records that were accepted lately.
#ifndef EMPTYCHAIR_STORAGE_APPLY_RECENT_IDS_H_
#define EMPTYCHAIR_STORAGE_APPLY_RECENT_IDS_H_

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

// Knows of most new ids that no record has them, so that the store need not be asked: of all ids
// whose time is past a horizon it knows which were accepted. The horizon is the newest record that
// a survey had at the start, and goes up as ids are forgotten, the earliest first; of ids before it
// nothing is known.
//
// Memory: up to about 20 bytes for each of `ids_max`. For one thread.
class RecentIds {
 public:
  explicit RecentIds(size_t ids_max) : generation_max_(std::max<size_t>(ids_max / 2, 1)) {}

  // The survey has records up to this time that will not be added.
  void SetHorizon(uint32_t survey_number, int64_t newest_ms) {
    horizons_ms_[survey_number] = newest_ms;
  }

  // To be called for each record that is accepted.
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

  // False: no record of the survey has this id. True may mean anything.
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

  // The young generation becomes the old one, which is forgotten.
  void Forget() {
    forgotten_ms_ = split_ms_;
    split_ms_ = std::max(split_ms_, newest_ms_);
    old_ = std::exchange(young_, {});
  }

  const size_t generation_max_;
  // By the time of their ids: up to forgotten_ms_ nothing is kept, up to split_ms_ in the old
  // generation, then in the young one. Hashes: two ids with the same one are looked up once more.
  int64_t forgotten_ms_ = kBeforeAll;
  int64_t split_ms_ = kBeforeAll;
  int64_t newest_ms_ = kBeforeAll;
  absl::flat_hash_set<size_t> old_;
  absl::flat_hash_set<size_t> young_;
  absl::flat_hash_map<uint32_t, int64_t> horizons_ms_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_RECENT_IDS_H_
