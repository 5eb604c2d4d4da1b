#include "storage/commit/publisher.h"

#include <utility>

namespace emptychair::storage {

void Publisher::Publish(std::shared_ptr<const View> view) {
  {
    absl::MutexLock lock(&mutex_);
    view_.swap(view);
  }
  // The view before is released here, outside of the lock.
}

void Publisher::RingBells() {
  absl::flat_hash_set<std::shared_ptr<Doorbell>> bells;
  {
    absl::MutexLock lock(&mutex_);
    bells.swap(bells_);
  }
  for (const std::shared_ptr<Doorbell>& bell : bells) {
    bell->Ring();
  }
}

std::shared_ptr<const View> Publisher::view() const {
  absl::MutexLock lock(&mutex_);
  return view_;
}

bool Publisher::RingPast(uint64_t sequence, std::shared_ptr<Doorbell> bell) {
  absl::MutexLock lock(&mutex_);
  if (view_->counters.sequence() > sequence) {
    return false;
  }
  bells_.insert(std::move(bell));
  return true;
}

void Publisher::Forget(const std::shared_ptr<Doorbell>& bell) {
  absl::MutexLock lock(&mutex_);
  bells_.erase(bell);
}

}  // namespace emptychair::storage
