// The newest acknowledged state, and who waits for a newer one.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "common/base/waiter.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Thread-safe.
class Publisher {
 public:
  // Makes `view` the newest.
  void Publish(std::shared_ptr<const View> view) ABSL_LOCKS_EXCLUDED(mutex_);

  // Has `on_change` called, on the writing thread, whenever a view was published whose keys and
  // certificates are others than before; null: nobody. Must not block. Waits for a call under way.
  void ListenToAccess(std::function<void()> on_change) ABSL_LOCKS_EXCLUDED(listener_mutex_);

  // Notifies every waiter that waits, and forgets it.
  void NotifyWaiters() ABSL_LOCKS_EXCLUDED(mutex_);

  std::shared_ptr<const View> view() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Has `waiter` notified once when a view with a higher sequence has been published. False, and it
  // will not be notified, when there is one already.
  bool NotifyWhenPast(uint64_t sequence, std::shared_ptr<Waiter> waiter)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The waiter waits no more. It may still be being notified.
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::shared_ptr<Waiter>> waiters_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex listener_mutex_;
  std::function<void()> on_access_change_ ABSL_GUARDED_BY(listener_mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_
