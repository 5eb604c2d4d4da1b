// A clock for writers that stands still until it is told otherwise.
#ifndef EMPTYCHAIR_TESTS_CLIENT_WRITER_FAKE_WRITER_CLOCK_H_
#define EMPTYCHAIR_TESTS_CLIENT_WRITER_FAKE_WRITER_CLOCK_H_

#include <chrono>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/writer/writer_clock.h"
#include "common/base/clock.h"

namespace emptychair {

// Thread-safe.
class FakeWriterClock final : public WriterClock {
 public:
  absl::Duration Monotonic() const override { return clock_.Now() - absl::UnixEpoch(); }

  // Ends after a moment, so that whoever waits looks at the clock again.
  void Wait(WriterSignal& signal, absl::Mutex& mutex, absl::Duration) const override {
    LockableMutex lockable(mutex);
    signal.wait_for(lockable, std::chrono::milliseconds(1));
  }

  void Advance(absl::Duration by) { clock_.Advance(by); }

 private:
  FakeClock clock_{absl::UnixEpoch()};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CLIENT_WRITER_FAKE_WRITER_CLOCK_H_
