#include "server/steward.h"

#include <utility>

#include "absl/synchronization/notification.h"

namespace emptychair {

Steward::Steward(Executor* executor, Lane lane, absl::Duration period, std::function<void()> work)
    : executor_(executor), lane_(lane), period_(period), work_(std::move(work)), thread_([this] {
        Run();
      }) {}

Steward::~Steward() {
  {
    absl::MutexLock lock(&mutex_);
    stops_ = true;
  }
  thread_.join();
}

void Steward::Run() {
  const auto stops = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stops_; };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stops), period_)) {
        return;
      }
    }
    absl::Notification done;
    const absl::Status submitted = executor_->Submit(lane_, [&] {
      work_();
      done.Notify();
    });
    // Refused while others wait, it comes by again.
    if (submitted.ok()) {
      done.WaitForNotification();
    }
  }
}

}  // namespace emptychair
