#include "storage/commit/publisher.h"

#include <utility>

namespace emptychair::storage {

void Publisher::Publish(std::shared_ptr<const View> view) {
  bool access_changed = false;
  {
    absl::MutexLock lock(&mutex_);
    access_changed = view_ != nullptr && view_->access != view->access;
    view_.swap(view);
  }
  if (access_changed) {
    absl::MutexLock lock(&listener_mutex_);
    if (on_access_change_) {
      on_access_change_();
    }
  }
  // The view before is released here, outside of the lock.
}

void Publisher::ListenToAccess(std::function<void()> on_change) {
  absl::MutexLock lock(&listener_mutex_);
  on_access_change_ = std::move(on_change);
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
