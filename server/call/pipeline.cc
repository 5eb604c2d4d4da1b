#include "server/call/pipeline.h"

#include <utility>

namespace emptychair {
namespace {

absl::Status ClientHasGone() { return absl::CancelledError("the client has gone"); }

}  // namespace

Pipeline::Step Pipeline::Continue() {
  absl::MutexLock lock(&mutex_);
  --steps_;
  return Decide();
}

bool Pipeline::Read(std::unique_ptr<PipelineSlot> slot) {
  absl::MutexLock lock(&mutex_);
  is_reading_ = false;
  if (is_finished_) {
    return false;
  }
  is_preparing_ = true;
  slots_.push_back(std::move(slot));
  return true;
}

Pipeline::Step Pipeline::ReadClosed() {
  absl::MutexLock lock(&mutex_);
  is_reading_ = false;
  is_read_closed_ = true;
  return Decide();
}

Pipeline::Step Pipeline::Prepared() {
  absl::MutexLock lock(&mutex_);
  is_preparing_ = false;
  return Decide();
}

Pipeline::Step Pipeline::Answered(PipelineSlot* slot, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  slot->is_answered_ = true;
  slot->status_ = status;
  has_failed_ = has_failed_ || !status.ok();
  return Decide();
}

Pipeline::Step Pipeline::Written(bool ok) {
  absl::MutexLock lock(&mutex_);
  is_writing_ = false;
  slots_.pop_front();
  if (!ok) {
    status_.Update(ClientHasGone());
  }
  return Decide();
}

Pipeline::Step Pipeline::Cancelled() {
  absl::MutexLock lock(&mutex_);
  if (!is_finished_) {
    status_.Update(ClientHasGone());
  }
  return Decide();
}

bool Pipeline::Stop(const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  if (is_finished_) {
    return false;
  }
  stopped_.Update(why);
  ++steps_;
  return true;
}

PipelineSlot* Pipeline::front() const {
  absl::MutexLock lock(&mutex_);
  return slots_.front().get();
}

absl::Status Pipeline::final_status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

Pipeline::Step Pipeline::Decide() {
  if (is_finished_) {
    return Step::kNothing;
  }
  if (HasAnswer()) {
    status_.Update(slots_.front()->status_);
  }
  if (!status_.ok()) {
    DropAnswered();
  }
  if (HasAnswer()) {
    is_writing_ = true;
    ++steps_;
    return Step::kWrite;
  }
  const bool wants_more = status_.ok() && !has_failed_ && !is_read_closed_ && stopped_.ok();
  if (wants_more && !is_reading_ && !is_preparing_ && slots_.size() < kUnansweredMax) {
    is_reading_ = true;
    ++steps_;
    return Step::kRead;
  }
  if (!wants_more && slots_.empty() && !is_preparing_ && steps_ == 0) {
    is_finished_ = true;
    if (!is_read_closed_) {
      status_.Update(stopped_);
    }
    return Step::kFinish;
  }
  return Step::kNothing;
}

bool Pipeline::HasAnswer() const {
  return !is_writing_ && !slots_.empty() && slots_.front()->is_answered_;
}

// Of a call that has failed nothing more is written, but what is being written stays.
void Pipeline::DropAnswered() {
  std::deque<std::unique_ptr<PipelineSlot>> kept;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if ((i == 0 && is_writing_) || !slots_[i]->is_answered_) {
      kept.push_back(std::move(slots_[i]));
    }
  }
  slots_.swap(kept);
}

}  // namespace emptychair
