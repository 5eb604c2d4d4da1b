#include "server/call/stream_gate.h"

#include "common/base/status_macros.h"

namespace emptychair {

absl::Status StreamGate::Enter() {
  absl::MutexLock lock(&mutex_);
  const auto can_go_on = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !is_sending_ || is_closed_ || !stopped_.ok();
  };
  mutex_.Await(absl::Condition(&can_go_on));
  RETURN_IF_ERROR(CheckLocked());
  is_sending_ = true;
  return absl::OkStatus();
}

void StreamGate::Leave(bool was_sent) {
  absl::MutexLock lock(&mutex_);
  is_sending_ = false;
  is_closed_ = is_closed_ || !was_sent;
}

absl::Status StreamGate::Check() const {
  absl::MutexLock lock(&mutex_);
  return CheckLocked();
}

void StreamGate::Close() {
  absl::MutexLock lock(&mutex_);
  is_closed_ = true;
}

void StreamGate::Stop(const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  stopped_.Update(why);
}

absl::Status StreamGate::CheckLocked() const {
  if (is_closed_) {
    return absl::CancelledError("the client has gone");
  }
  return stopped_;
}

}  // namespace emptychair
