#include "common/base/clock.h"

namespace emptychair {
namespace {

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

const Clock* Clock::System() {
  static const SystemClock* const kClock = new SystemClock;
  return kClock;
}

}  // namespace emptychair
