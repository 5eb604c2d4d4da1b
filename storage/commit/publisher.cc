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

void Publisher::NotifyWaiters() {
  absl::flat_hash_set<std::shared_ptr<Waiter>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters.swap(waiters_);
  }
  for (const std::shared_ptr<Waiter>& waiter : waiters) {
    waiter->Notify();
  }
}

std::shared_ptr<const View> Publisher::view() const {
  absl::MutexLock lock(&mutex_);
  return view_;
}

bool Publisher::NotifyWhenPast(uint64_t sequence, std::shared_ptr<Waiter> waiter) {
  absl::MutexLock lock(&mutex_);
  if (view_->counters.sequence() > sequence) {
    return false;
  }
  waiters_.insert(std::move(waiter));
  return true;
}

void Publisher::Unsubscribe(const std::shared_ptr<Waiter>& waiter) {
  absl::MutexLock lock(&mutex_);
  waiters_.erase(waiter);
}

}  // namespace emptychair::storage
