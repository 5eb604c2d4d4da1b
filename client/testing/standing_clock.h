// A clock that stands where it is set.
#ifndef EMPTYCHAIR_CLIENT_TESTING_STANDING_CLOCK_H_
#define EMPTYCHAIR_CLIENT_TESTING_STANDING_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace emptychair::testing {

// Durations are the machine's: they pass, and never backwards. Thread-safe.
class StandingClock final : public Clock {
 public:
  explicit StandingClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Monotonic() const override { return System()->Monotonic(); }

  void Set(absl::Time now) {
    absl::MutexLock lock(&mutex_);
    now_ = now;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_CLIENT_TESTING_STANDING_CLOCK_H_
