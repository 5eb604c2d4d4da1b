// Time for a writer: tells it, and waits.
#ifndef EMPTYCHAIR_CLIENT_WRITER_WRITER_CLOCK_H_
#define EMPTYCHAIR_CLIENT_WRITER_WRITER_CLOCK_H_

#include <condition_variable>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace emptychair {

// Not absl::CondVar, whose waits end by the machine's time of day: they take an hour more when that
// is set back by one.
using WriterSignal = std::condition_variable_any;

// A test replaces it and does not wait. Thread-safe.
class WriterClock {
 public:
  virtual ~WriterClock() = default;

  // The time since some moment, which nobody can set back.
  virtual absl::Duration Monotonic() const = 0;

  // Waits for `signal`, at most `timeout`; can end sooner. `mutex` is held before and after.
  virtual void Wait(WriterSignal& signal, absl::Mutex& mutex, absl::Duration timeout) const = 0;

  // The machine's clock; never destroyed.
  static const WriterClock* System();
};

// `mutex` as the standard library wants it.
class LockableMutex {
 public:
  explicit LockableMutex(absl::Mutex& mutex) : mutex_(mutex) {}
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.Unlock(); }

 private:
  absl::Mutex& mutex_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_WRITER_CLOCK_H_
