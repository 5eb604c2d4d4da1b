// How much the customers of a survey repeat themselves, as it was measured behind the writes.
#ifndef EMPTYCHAIR_STORAGE_READ_REPEAT_EFFECTS_H_
#define EMPTYCHAIR_STORAGE_READ_REPEAT_EFFECTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"

namespace emptychair::storage {

// The effects of one survey, all measured from one state. Immutable, thread-safe.
class RepeatEffects {
 public:
  // Of all answers; of the dimensions by their places.
  RepeatEffects(store::v1::StoredRepeatEffects all,
                std::vector<store::v1::StoredRepeatEffects> dimensions);

  uint64_t computed_at_sequence() const { return all_.computed_at_sequence(); }
  const store::v1::StoredRepeatEffects& all() const { return all_; }
  // Those behind the last have none.
  const std::vector<store::v1::StoredRepeatEffects>& dimensions() const { return dimensions_; }

  // Of all answers; null where none could be measured.
  const store::v1::StoredGroupEffects* OfAll() const;
  // Of the answers with a value of a dimension, empty for those without the label; null where none
  // were measured.
  const store::v1::StoredGroupEffects* Of(size_t dimension, absl::string_view value) const;

 private:
  const store::v1::StoredRepeatEffects all_;
  const std::vector<store::v1::StoredRepeatEffects> dimensions_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_REPEAT_EFFECTS_H_
