// The newest acknowledged state, and who waits for a newer one.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "common/base/doorbell.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Thread-safe.
class Publisher {
 public:
  // Makes `view` the newest.
  void Publish(std::shared_ptr<const View> view) ABSL_LOCKS_EXCLUDED(mutex_);

  // Rings every bell that waits, and forgets it.
  void RingBells() ABSL_LOCKS_EXCLUDED(mutex_);

  std::shared_ptr<const View> view() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Has `bell` rung once when a view with a higher sequence has been published. False, and it will
  // not be rung, when there is one already.
  bool RingPast(uint64_t sequence, std::shared_ptr<Doorbell> bell) ABSL_LOCKS_EXCLUDED(mutex_);

  // The bell waits no more. It may still be ringing.
  void Forget(const std::shared_ptr<Doorbell>& bell) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::shared_ptr<Doorbell>> bells_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_PUBLISHER_H_
