// Sees to what is done behind the writes, without a call.
#ifndef EMPTYCHAIR_SERVER_STEWARD_H_
#define EMPTYCHAIR_SERVER_STEWARD_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/api/executor.h"

namespace emptychair {

// Has a piece of work run again and again on a lane of the executor, behind what waits there. The
// next comes a period after the one before has ended, or was refused. Thread-safe.
class Steward {
 public:
  // `executor` must outlive this, and what `work` uses until the executor has stopped.
  Steward(Executor* executor, Lane lane, absl::Duration period, std::function<void()> work);
  Steward(const Steward&) = delete;
  Steward& operator=(const Steward&) = delete;

  // Stops, and waits for the work that is under way.
  ~Steward();

 private:
  void Run();

  Executor* const executor_;
  const Lane lane_;
  const absl::Duration period_;
  const std::function<void()> work_;
  absl::Mutex mutex_;
  bool stops_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_STEWARD_H_
