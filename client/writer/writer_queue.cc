#include "client/writer/writer_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

// How many bytes of dropped records wait to be reported.
constexpr int64_t kDroppedBytesMax = int64_t{16} << 20;
// What a batch has beside its records: its number, in front.
constexpr size_t kBatchHeadBytes = 16;
constexpr absl::Duration kReadAgainAfter = absl::Seconds(1);

absl::Status ClosedError() { return absl::FailedPreconditionError("the writer is closed"); }

}  // namespace

WriterQueue::WriterQueue(const FeedbackWriterOptions& options, const WriterClock* clock,
                         Spool* spool)
    : options_(options), clock_(clock), spool_(spool) {
  if (spool_ != nullptr) {
    unread_ = spool_->found_records();
    end_ = spool_->found_end();
    spool_bytes_ = spool_->found_bytes();
    counters_.queued_records = unread_;
    counters_.spool_torn_records = spool_->torn_records();
  }
}

// In memory, for records. With a spool half is left to the contexts of what waits there.
int64_t WriterQueue::bytes_max() const {
  return spool_ == nullptr ? options_.queue_bytes : options_.queue_bytes / 2;
}

absl::Status WriterQueue::Add(absl::string_view serialized, bool has_time_of_clock,
                              std::any context) {
  if (spool_ != nullptr) {
    return AddToSpool(serialized, has_time_of_clock, std::move(context));
  }
  const auto size = static_cast<int64_t>(RecordBatch::EncodedSize(serialized.size()));
  const absl::Duration now = clock_->Monotonic();
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(MakeRoom(size, context.has_value()));
  Push({end_++, now, has_time_of_clock, std::move(context)}, serialized);
  return absl::OkStatus();
}

absl::Status WriterQueue::AddToSpool(absl::string_view serialized, bool has_time_of_clock,
                                     std::any context) {
  const auto size = static_cast<int64_t>(serialized.size());
  const absl::Duration now = clock_->Monotonic();
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(MakeRoom(size, context.has_value()));
    spool_bytes_ += size;
  }
  uint64_t number = 0;
  {
    absl::MutexLock order(&spool_order_);
    const absl::StatusOr<uint64_t> kept = spool_->Append(serialized);
    absl::MutexLock lock(&mutex_);
    if (!kept.ok()) {
      spool_bytes_ -= size;
      return kept.status();
    }
    number = *kept;
    end_ = number + 1;
    const auto encoded = static_cast<int64_t>(RecordBatch::EncodedSize(serialized.size()));
    if (unread_ == 0 && bytes_ + encoded <= bytes_max()) {
      spool_->SkipToEnd();
      Push({number, now, has_time_of_clock, std::move(context)}, serialized);
    } else {
      first_unread_ = unread_ == 0 ? number : first_unread_;
      ++unread_;
      ++counters_.added;
      ++counters_.queued_records;
      if (context.has_value()) {
        bytes_ += kContextBytes;
        contexts_.push_back({number, now, has_time_of_clock, std::move(context)});
      }
      work_.notify_one();
    }
  }
  return spool_->Keep(number);
}

bool WriterQueue::HasRoom(int64_t size, bool has_context) const {
  if (spool_ == nullptr) {
    return bytes_ + size <= options_.queue_bytes;
  }
  return spool_bytes_ + size <= options_.spool.bytes_max &&
         (!has_context || bytes_ + kContextBytes <= options_.queue_bytes);
}

// After it there is room for a record of `size` bytes, unless it answers an error.
absl::Status WriterQueue::MakeRoom(int64_t size, bool has_context) {
  if (is_closed_) {
    return ClosedError();
  }
  if (HasRoom(size, has_context)) {
    return absl::OkStatus();
  }
  if (options_.when_full == WhenFull::kDropOldest) {
    while (DropOldest()) {
      if (HasRoom(size, has_context)) {
        return absl::OkStatus();
      }
    }
  }
  if (options_.when_full == WhenFull::kBlock) {
    const absl::Duration end = clock_->Monotonic() + options_.block_timeout;
    for (absl::Duration left = options_.block_timeout; left > absl::ZeroDuration();
         left = end - clock_->Monotonic()) {
      clock_->Wait(room_, mutex_, left);
      if (is_closed_) {
        return ClosedError();
      }
      if (HasRoom(size, has_context)) {
        return absl::OkStatus();
      }
    }
  }
  return FullError();
}

// False when nothing can be dropped.
bool WriterQueue::DropOldest() {
  if (batches_.empty() ||
      static_cast<int64_t>(dropped_.bytes()) >= std::min(kDroppedBytesMax, options_.queue_bytes)) {
    return false;
  }
  RecordBatch& front = batches_.front();
  const size_t serialized_size = front.Serialized(0).size();
  bytes_ -= static_cast<int64_t>(RecordBatch::EncodedSize(serialized_size));
  if (spool_ != nullptr) {
    spool_bytes_ -= static_cast<int64_t>(serialized_size);
  }
  front.MoveFirstTo(dropped_);
  if (front.empty()) {
    PopFront();
  }
  work_.notify_one();
  return true;
}

absl::Status WriterQueue::FullError() const {
  return Error(v1::ERROR_REASON_QUEUE_FULL,
               spool_ == nullptr
                   ? absl::StrCat("the writer is full: ", bytes_, " of ", options_.queue_bytes,
                                  " bytes wait to be answered")
                   : absl::StrCat("the writer is full: ", spool_bytes_, " of ",
                                  options_.spool.bytes_max, " bytes wait in the spool, and ",
                                  bytes_, " of ", options_.queue_bytes, " in memory"));
}

void WriterQueue::Push(RecordInfo info, absl::string_view serialized) {
  const size_t size = RecordBatch::EncodedSize(serialized.size());
  const auto batch_bytes = static_cast<size_t>(options_.batch_bytes);
  const auto close = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    batches_.back().ReturnSpareMemory();
    last_batch_bytes_ = batches_.back().bytes();
    has_open_ = false;
    work_.notify_one();
  };
  if (has_open_ && batches_.back().bytes() + size + kBatchHeadBytes > batch_bytes) {
    close();
  }
  if (!has_open_) {
    batches_.emplace_back().Reserve(last_batch_bytes_ + last_batch_bytes_ / 16);
    has_open_ = true;
    work_.notify_one();
  }
  batches_.back().Add(std::move(info), serialized);
  bytes_ += static_cast<int64_t>(size);
  ++counters_.added;
  ++counters_.queued_records;
  if (batches_.back().size() >= static_cast<size_t>(options_.batch_records) ||
      batches_.back().bytes() + kBatchHeadBytes >= batch_bytes) {
    close();
  }
}

absl::Status WriterQueue::Flush(absl::Duration timeout) {
  const absl::Duration end = clock_->Monotonic() + timeout;
  absl::MutexLock lock(&mutex_);
  const uint64_t target = end_;
  hurry_end_ = std::max(hurry_end_, target);
  is_woken_ = true;
  work_.notify_one();
  while (OldestUnanswered().number < target) {
    const absl::Duration left = end - clock_->Monotonic();
    if (left <= absl::ZeroDuration()) {
      const int64_t later = static_cast<int64_t>(end_ - target);
      return absl::DeadlineExceededError(absl::StrCat(
          std::max<int64_t>(1, counters_.queued_records - later), " records are not answered",
          counters_.last_error.ok()
              ? ""
              : absl::StrCat("; the last error: ", counters_.last_error.ToString())));
    }
    clock_->Wait(answered_, mutex_, left);
  }
  return absl::OkStatus();
}

void WriterQueue::Close() {
  absl::MutexLock lock(&mutex_);
  is_closed_ = true;
  room_.notify_all();
}

void WriterQueue::Await(absl::Duration timeout, bool wants_batch) {
  const absl::Duration end = clock_->Monotonic() + timeout;
  absl::MutexLock lock(&mutex_);
  while (!is_woken_ && dropped_.empty()) {
    absl::Duration left = end - clock_->Monotonic();
    if (wants_batch) {
      left = std::min(left, ReadyIn());
    }
    if (left <= absl::ZeroDuration()) {
      break;
    }
    clock_->Wait(work_, mutex_, left);
  }
  is_woken_ = false;
}

void WriterQueue::Wake() {
  absl::MutexLock lock(&mutex_);
  is_woken_ = true;
  work_.notify_one();
}

absl::Duration WriterQueue::UntilReady() const {
  absl::MutexLock lock(&mutex_);
  return ReadyIn();
}

absl::Duration WriterQueue::ReadyIn() const {
  const absl::Duration now = clock_->Monotonic();
  if (batches_.empty()) {
    return unread_ == 0 ? absl::InfiniteDuration()
                        : std::max(absl::ZeroDuration(), read_again_at_ - now);
  }
  if (batches_.size() > 1 || !has_open_) {
    return absl::ZeroDuration();
  }
  const RecordInfo& oldest = batches_.front().info(0);
  return oldest.number < hurry_end_
             ? absl::ZeroDuration()
             : std::max(absl::ZeroDuration(), oldest.added + options_.linger - now);
}

std::optional<RecordBatch> WriterQueue::TakeReady() {
  {
    absl::MutexLock lock(&mutex_);
    if (ReadyIn() > absl::ZeroDuration()) {
      return std::nullopt;
    }
    if (!batches_.empty()) {
      RecordBatch batch = PopFront();
      Hold(batch);
      return batch;
    }
  }
  return ReadSpool();
}

RecordBatch WriterQueue::PopFront() {
  RecordBatch batch = std::move(batches_.front());
  batches_.pop_front();
  has_open_ = has_open_ && !batches_.empty();
  return batch;
}

// The sender does, from now on until it tells otherwise.
void WriterQueue::Hold(const RecordBatch& batch) {
  if (!batch.empty()) {
    held_.number = std::min(held_.number, batch.info(0).number);
    held_.added = std::min(held_.added, batch.info(0).added);
  }
}

std::optional<RecordBatch> WriterQueue::ReadSpool() {
  RecordBatch batch;
  Spool::Lost lost;
  int64_t serialized_bytes = 0;
  const absl::Status status = spool_->Read(
      options_.batch_records, static_cast<size_t>(options_.batch_bytes),
      [&](uint64_t number, absl::string_view serialized) {
        batch.Add(TakeInfo(number), serialized);
        serialized_bytes += static_cast<int64_t>(serialized.size());
      },
      lost);
  absl::MutexLock lock(&mutex_);
  unread_ -= static_cast<int64_t>(batch.size()) + lost.records;
  bytes_ += static_cast<int64_t>(batch.bytes());
  if (!status.ok()) {
    counters_.last_error = status;
    counters_.gave_up += lost.records;
    counters_.queued_records -= lost.records;
    spool_bytes_ -= lost.bytes;
    read_again_at_ = clock_->Monotonic() + kReadAgainAfter;
    answered_.notify_all();
    room_.notify_all();
  }
  if (batch.empty()) {
    return std::nullopt;
  }
  first_unread_ = batch.info(batch.size() - 1).number + 1;
  Hold(batch);
  return batch;
}

// What is known of a record that waited on disk. Contexts of those that were lost go with it.
RecordInfo WriterQueue::TakeInfo(uint64_t number) {
  absl::MutexLock lock(&mutex_);
  while (!contexts_.empty() && contexts_.front().number <= number) {
    WaitingContext waiting = std::move(contexts_.front());
    contexts_.pop_front();
    bytes_ -= kContextBytes;
    if (waiting.number == number) {
      return {number, waiting.added, waiting.has_time_of_clock, std::move(waiting.context)};
    }
  }
  return {.number = number, .added = clock_->Monotonic()};
}

RecordBatch WriterQueue::TakeDropped() {
  absl::MutexLock lock(&mutex_);
  RecordBatch dropped = std::exchange(dropped_, RecordBatch());
  counters_.dropped += static_cast<int64_t>(dropped.size());
  Hold(dropped);
  return dropped;
}

RecordBatch WriterQueue::TakeAddedBefore(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  RecordBatch taken;
  while (!batches_.empty() && batches_.front().info(0).added < time) {
    batches_.front().MoveFirstTo(taken);
    if (batches_.front().empty()) {
      PopFront();
    }
  }
  Hold(taken);
  return taken;
}

OldestRecord WriterQueue::Oldest() const {
  absl::MutexLock lock(&mutex_);
  return batches_.empty()
             ? OldestRecord{}
             : OldestRecord{batches_.front().info(0).number, batches_.front().info(0).added};
}

OldestRecord WriterQueue::OldestUnanswered() const {
  OldestRecord oldest = held_;
  const auto add = [&oldest](uint64_t number, absl::Duration added) {
    oldest.number = std::min(oldest.number, number);
    oldest.added = std::min(oldest.added, added);
  };
  if (!dropped_.empty()) {
    add(dropped_.info(0).number, dropped_.info(0).added);
  }
  if (!batches_.empty()) {
    add(batches_.front().info(0).number, batches_.front().info(0).added);
  }
  if (unread_ > 0) {
    add(first_unread_, absl::InfiniteDuration());
  }
  return oldest;
}

void WriterQueue::Tell(const Progress& progress, const OldestRecord& held) {
  absl::MutexLock lock(&mutex_);
  const FeedbackWriterCounters& more = progress.counted;
  counters_.stored += more.stored;
  counters_.already_existed += more.already_existed;
  counters_.rejected += more.rejected;
  counters_.gave_up += more.gave_up;
  counters_.batches += more.batches;
  counters_.reconnects += more.reconnects;
  counters_.exceptions += more.exceptions;
  counters_.queued_records -= progress.records;
  if (progress.last_error.has_value()) {
    counters_.last_error = *progress.last_error;
  }
  bytes_ -= progress.bytes;
  if (spool_ != nullptr) {
    spool_bytes_ -= progress.serialized_bytes;
  }
  held_ = held;
  room_.notify_all();
  answered_.notify_all();
}

FeedbackWriterCounters WriterQueue::counters() const {
  absl::MutexLock lock(&mutex_);
  FeedbackWriterCounters counters = counters_;
  counters.queued_bytes = spool_ == nullptr ? bytes_ : spool_bytes_;
  const OldestRecord oldest = OldestUnanswered();
  if (oldest.added != absl::InfiniteDuration()) {
    counters.oldest_age = clock_->Monotonic() - oldest.added;
  }
  return counters;
}

}  // namespace emptychair
