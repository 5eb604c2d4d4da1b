#include "storage/read/epochs.h"

#include <algorithm>

namespace emptychair::storage {

uint64_t Epochs::EpochOf(uint64_t sequence) const {
  const auto& epochs = stored_.epochs();
  const auto next = std::upper_bound(epochs.begin(), epochs.end(), sequence,
                                     [](uint64_t wanted, const store::v1::StoredEpoch& epoch) {
                                       return wanted < epoch.first_sequence();
                                     });
  return next == epochs.begin() ? 0 : std::prev(next)->epoch();
}

void Epochs::Begin(uint64_t epoch, uint64_t first_sequence) {
  store::v1::StoredEpoch& begun = *stored_.add_epochs();
  begun.set_epoch(epoch);
  begun.set_first_sequence(first_sequence);
  if (const int surplus = stored_.epochs_size() - kEpochsMax; surplus > 0) {
    stored_.mutable_epochs()->DeleteSubrange(0, surplus);
  }
}

}  // namespace emptychair::storage
