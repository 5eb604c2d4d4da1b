// Wakes work that waits for something, unless that has ended meanwhile.
#ifndef EMPTYCHAIR_COMMON_BASE_WAITER_H_
#define EMPTYCHAIR_COMMON_BASE_WAITER_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// Held by whoever waits and by whoever notifies, which may outlive the other. Thread-safe.
class Waiter {
 public:
  // `on_notify` must not block, notify, or disconnect.
  explicit Waiter(absl::AnyInvocable<void()> on_notify) : on_notify_(std::move(on_notify)) {}

  // Calls `on_notify`, on this thread.
  void Notify() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (on_notify_) {
      on_notify_();
    }
  }

  // When this returns, `on_notify` does not run and never will again.
  void Disconnect() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    on_notify_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  absl::AnyInvocable<void()> on_notify_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_WAITER_H_
