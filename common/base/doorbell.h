// Wakes work that waits for something, unless that has ended meanwhile.
#ifndef EMPTYCHAIR_COMMON_BASE_DOORBELL_H_
#define EMPTYCHAIR_COMMON_BASE_DOORBELL_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// Held by whoever waits and by whoever rings, which may outlive the other. Thread-safe.
class Doorbell {
 public:
  // `on_ring` must not block, ring, or disconnect.
  explicit Doorbell(absl::AnyInvocable<void()> on_ring) : on_ring_(std::move(on_ring)) {}

  // Calls `on_ring`, on this thread.
  void Ring() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (on_ring_) {
      on_ring_();
    }
  }

  // When this returns, `on_ring` does not run and never will again.
  void Disconnect() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    on_ring_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  absl::AnyInvocable<void()> on_ring_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_DOORBELL_H_
