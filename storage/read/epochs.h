// Which history each change belongs to.
#ifndef EMPTYCHAIR_STORAGE_READ_EPOCHS_H_
#define EMPTYCHAIR_STORAGE_READ_EPOCHS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "emptychair/store/v1/value.pb.h"

namespace emptychair::storage {

// The epochs of a store at one time; see StoredEpoch. Immutable once published.
class Epochs {
 public:
  // So many are kept, the newest: a position in an older one is that of another history.
  static constexpr int kEpochsMax = 4096;

  Epochs() = default;
  explicit Epochs(store::v1::StoredEpochs stored) : stored_(std::move(stored)) {}

  // The epoch that the change `sequence` belongs to; 0: of none that is kept.
  uint64_t EpochOf(uint64_t sequence) const;

  // Whether the history of the store, which has changes up to `newest`, has this change in this
  // epoch.
  bool Contains(uint64_t epoch, uint64_t sequence, uint64_t newest) const {
    return epoch != 0 && sequence <= newest && EpochOf(sequence) == epoch;
  }

  // The newest; 0: there is none yet.
  uint64_t last() const {
    return stored_.epochs().empty() ? 0 : stored_.epochs(stored_.epochs_size() - 1).epoch();
  }

  // Begins an epoch, and forgets the oldest when there are too many.
  void Begin(uint64_t epoch, uint64_t first_sequence);

  const store::v1::StoredEpochs& stored() const { return stored_; }

 private:
  store::v1::StoredEpochs stored_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_EPOCHS_H_
