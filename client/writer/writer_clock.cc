#include "client/writer/writer_clock.h"

#include <algorithm>

#include "common/base/clock.h"

namespace emptychair {
namespace {

class SystemWriterClock final : public WriterClock {
 public:
  absl::Duration Monotonic() const override { return Clock::System()->Monotonic(); }
  void Wait(WriterSignal& signal, absl::Mutex& mutex, absl::Duration timeout) const override {
    LockableMutex lockable(mutex);
    // A longer one would overflow the standard library's.
    signal.wait_for(lockable, absl::ToChronoMicroseconds(std::min(timeout, absl::Hours(24))));
  }
};

}  // namespace

const WriterClock* WriterClock::System() {
  static const auto* const clock = new SystemWriterClock();
  return clock;
}

}  // namespace emptychair
