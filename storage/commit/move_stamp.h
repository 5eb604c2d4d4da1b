// When a thread last got on with its work.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_MOVE_STAMP_H_
#define EMPTYCHAIR_STORAGE_COMMIT_MOVE_STAMP_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace emptychair::storage {

// Thread-safe.
class MoveStamp {
 public:
  // It does so now.
  void Note() {
    nanos_.store(absl::ToInt64Nanoseconds(Clock::System()->Monotonic()), std::memory_order_relaxed);
  }

  // By Clock::System()->Monotonic(); zero: never.
  absl::Duration at() const { return absl::Nanoseconds(nanos_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<int64_t> nanos_{0};
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_MOVE_STAMP_H_
