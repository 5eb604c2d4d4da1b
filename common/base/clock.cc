#include "common/base/clock.h"

#include <chrono>

namespace emptychair {
namespace {

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Monotonic() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

const Clock* Clock::System() {
  static const SystemClock* const kClock = new SystemClock;
  return kClock;
}

}  // namespace emptychair
