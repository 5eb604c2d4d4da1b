#include "client/async/retried_call.h"

#include <optional>
#include <utility>

namespace emptychair {

void RetriedCall::Start() {
  attempts_.Begin();
  BeginAttempt();
}

void RetriedCall::OnEvent() {
  Phase ended;
  {
    // Whoever started what has ended is out of it by now.
    absl::MutexLock lock(&mutex_);
    ended = std::exchange(phase_, Phase::kNothing);
  }
  if (!(ended == Phase::kAttempt ? GoOnAfterAttempt() : TryAgain())) {
    OnEnd(!status_.ok() && is_cancelled() ? absl::CancelledError("the call was cancelled")
                                          : status_);
  }
}

bool RetriedCall::GoOnAfterAttempt() {
  status_ = EndAttempt();
  if (status_.ok() || is_cancelled()) {
    return false;
  }
  // Without the lock: it can read the key's file.
  const std::optional<absl::Duration> delay = attempts_.DelayAfter(status_);
  if (!delay.has_value()) {
    return false;
  }
  return *delay > absl::ZeroDuration() ? BeginTimer(*delay) : TryAgain();
}

bool RetriedCall::TryAgain() {
  return attempts_.time_left() > absl::ZeroDuration() && BeginAttempt();
}

void RetriedCall::Cancel() {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(is_cancelled_, true)) {
    return;
  }
  if (phase_ == Phase::kAttempt) {
    CancelAttempt();
  } else if (phase_ == Phase::kTimer) {
    CancelTimer();
  }
}

bool RetriedCall::BeginAttempt() {
  const absl::Duration time_left = attempts_.time_left();
  absl::MutexLock lock(&mutex_);
  if (is_cancelled_) {
    return false;
  }
  phase_ = Phase::kAttempt;
  StartAttempt(time_left);
  return true;
}

bool RetriedCall::BeginTimer(absl::Duration delay) {
  absl::MutexLock lock(&mutex_);
  if (is_cancelled_) {
    return false;
  }
  phase_ = Phase::kTimer;
  StartTimer(delay);
  return true;
}

bool RetriedCall::is_cancelled() {
  absl::MutexLock lock(&mutex_);
  return is_cancelled_;
}

}  // namespace emptychair
