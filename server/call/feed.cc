#include "server/call/feed.h"

#include <utility>

namespace emptychair {
namespace {

absl::Status ClientHasGone() { return absl::CancelledError("the client has gone"); }

}  // namespace

Feed::Step Feed::Continue() {
  absl::MutexLock lock(&mutex_);
  --steps_;
  return Decide();
}

Feed::Step Feed::Read(const absl::StatusOr<bool>& has_message) {
  absl::MutexLock lock(&mutex_);
  is_reading_ = false;
  status_.Update(has_message.status());
  has_message_ = has_message.ok() && *has_message;
  is_at_end_ = !has_message_;
  return Decide();
}

Feed::Step Feed::Ended() {
  absl::MutexLock lock(&mutex_);
  is_reading_ = false;
  has_ended_ = true;
  return Decide();
}

Feed::Step Feed::Written(bool ok) {
  absl::MutexLock lock(&mutex_);
  is_writing_ = false;
  if (!ok && !is_finished_) {
    status_.Update(ClientHasGone());
  }
  return Decide();
}

Feed::Step Feed::Notified() {
  absl::MutexLock lock(&mutex_);
  is_waiting_ = false;
  return Decide();
}

Feed::Step Feed::Cancelled() {
  absl::MutexLock lock(&mutex_);
  if (!is_finished_) {
    status_.Update(ClientHasGone());
  }
  return Decide();
}

bool Feed::Stop(const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  if (is_finished_) {
    return false;
  }
  status_.Update(why);
  ++steps_;
  return true;
}

absl::Status Feed::final_status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

Feed::Step Feed::Decide() {
  if (is_finished_ || is_reading_) {
    return Step::kNothing;
  }
  if (!status_.ok() || has_ended_) {
    // What is being written does not hold it up: a client that does not read may never take it.
    is_finished_ = steps_ == 0;
    return is_finished_ ? Step::kFinish : Step::kNothing;
  }
  if (steps_ > 0 || is_writing_ || is_waiting_) {
    return Step::kNothing;
  }
  if (std::exchange(has_message_, false)) {
    is_writing_ = true;
    ++steps_;
    return Step::kWrite;
  }
  if (std::exchange(is_at_end_, false)) {
    is_waiting_ = true;
    ++steps_;
    return Step::kWait;
  }
  is_reading_ = true;
  return Step::kRead;
}

}  // namespace emptychair
