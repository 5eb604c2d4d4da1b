#include "storage/commit/log/local_queue.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/uuid.h"
#include "storage/engine/fail_point.h"

namespace emptychair::storage {
namespace {

bool EntersLedger(const store::v1::Command& command) {
  switch (command.kind_case()) {
    case store::v1::Command::kEraseFeedback:
    case store::v1::Command::kTakeBackFeedback:
    case store::v1::Command::kDeleteSurvey:
    case store::v1::Command::kEraseActivity:
    case store::v1::Command::kTakeBackActivities:
    case store::v1::Command::kDeleteActivityKind:
    case store::v1::Command::kEraseCustomer:
    case store::v1::Command::kPurgeCustomer:
    case store::v1::Command::kUpdateAccess:
    case store::v1::Command::kRotateAccess:
    case store::v1::Command::kRevokeAccess:
      return true;
    default:
      return false;
  }
}

bool NeedsLedgerId(const store::v1::Command& command) {
  return !command.has_ledger_entry_id() && EntersLedger(command);
}

// With the id that it is given in its place. Reads all of a command, so without the lock.
size_t BytesOf(const store::v1::Command& command) {
  constexpr size_t kLedgerIdBytes = 3 + Uuid::kSize;
  return command.ByteSizeLong() + (NeedsLedgerId(command) ? kLedgerIdBytes : 0);
}

// About how long a full queue takes to empty by half.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

}  // namespace

LocalQueue::LocalQueue(const Options& options)
    : epoch_(options.epoch),
      bytes_max_(options.bytes_max),
      last_index_(options.applied_index),
      last_ledger_ms_(absl::ToUnixMillis(absl::Now())) {}

absl::Status LocalQueue::Propose(Proposal& proposal) {
  proposal.command->set_epoch(epoch_);
  const size_t bytes = BytesOf(*proposal.command);
  absl::MutexLock lock(&mutex_);
  if (is_closed_) {
    return ShuttingDownError();
  }
  // An empty queue takes anything, so that no command is too large for ever.
  if (waiting_bytes_ > 0 && waiting_bytes_ + bytes > bytes_max_) {
    return RetryableError(v1::ERROR_REASON_QUEUE_FULL,
                          absl::StrCat("the queue for writes is full (", waiting_bytes_, " of ",
                                       bytes_max_, " bytes); nothing was stored"),
                          kRetryDelay);
  }
  GiveLedgerId(*proposal.command);
  Append(std::move(proposal.command), proposal.want_records, std::move(proposal.done), bytes);
  return absl::OkStatus();
}

// Has room in every queue: there is at most one for each change of a survey, and what a later one
// has made idle ends in apply.
void LocalQueue::ProposeFollowUp(CommandPtr command) {
  command->set_epoch(epoch_);
  const size_t bytes = BytesOf(*command);
  absl::MutexLock lock(&mutex_);
  if (is_closed_) {
    return;
  }
  GiveLedgerId(*command);
  if (IsOn(FailPoint::kFollowUpTwice)) {
    CommandPtr copy = NewCommand();
    *copy = *command;
    Append(std::move(copy), /*want_records=*/false, /*done=*/nullptr, bytes);
  }
  Append(std::move(command), /*want_records=*/false, /*done=*/nullptr, bytes);
}

// With the lock held, so that the ids ascend as the indexes do. Each takes a millisecond of its
// own.
void LocalQueue::GiveLedgerId(store::v1::Command& command) {
  if (!NeedsLedgerId(command)) {
    return;
  }
  last_ledger_ms_ = std::max(absl::ToUnixMillis(absl::Now()), last_ledger_ms_ + 1);
  std::array<uint8_t, 10> entropy{};
  randombytes_buf(entropy.data(), entropy.size() - sizeof(uint32_t));
  command.set_ledger_entry_id(std::string(Uuid::MakeV7(last_ledger_ms_, entropy).AsBytes()));
}

void LocalQueue::Append(CommandPtr command, bool want_records, Done done, size_t bytes) {
  if (waiting_bytes_ == 0) {
    busy_since_ = Clock::System()->Monotonic();
  }
  entry_bytes_ += bytes;
  waiting_bytes_ += bytes;
  entries_.push_back({++last_index_, std::move(command), bytes, want_records, std::move(done)});
}

CommandLog::Backlog LocalQueue::GetBacklog() const {
  return {entry_bytes_, entries_.empty() ? 0 : entries_.front().bytes, is_closed_};
}

void LocalQueue::Take(absl::FunctionRef<bool(const Backlog&)> is_time,
                      absl::FunctionRef<bool(size_t next_bytes)> joins,
                      std::vector<Entry>& entries) {
  absl::MutexLock lock(&mutex_);
  const auto condition = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return is_time(GetBacklog()); };
  mutex_.Await(absl::Condition(&condition));
  while (!entries_.empty() && joins(entries_.front().bytes)) {
    entry_bytes_ -= entries_.front().bytes;
    entries.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
}

// Conditions are looked at when the lock is given back.
void LocalQueue::Wake() { absl::MutexLock lock(&mutex_); }

void LocalQueue::Release(size_t bytes) {
  {
    absl::MutexLock lock(&mutex_);
    waiting_bytes_ -= bytes;
  }
  ResumeWriters();
}

void LocalQueue::WhenWritable(absl::AnyInvocable<void()> resume) {
  {
    absl::MutexLock lock(&mutex_);
    if (!IsWritable()) {
      writers_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

void LocalQueue::ResumeWriters() {
  std::vector<absl::AnyInvocable<void()>> writers;
  {
    absl::MutexLock lock(&mutex_);
    if (IsWritable()) {
      writers.swap(writers_);
    }
  }
  for (absl::AnyInvocable<void()>& resume : writers) {
    resume();
  }
}

void LocalQueue::Close() {
  absl::MutexLock lock(&mutex_);
  is_closed_ = true;
}

std::vector<CommandLog::Entry> LocalQueue::Abandon() {
  std::vector<Entry> abandoned;
  {
    absl::MutexLock lock(&mutex_);
    is_closed_ = true;
    for (Entry& entry : entries_) {
      abandoned.push_back(std::move(entry));
    }
    waiting_bytes_ -= std::exchange(entry_bytes_, 0);
    entries_.clear();
  }
  ResumeWriters();
  return abandoned;
}

size_t LocalQueue::bytes() const {
  absl::MutexLock lock(&mutex_);
  return waiting_bytes_;
}

std::optional<absl::Duration> LocalQueue::busy_since() const {
  absl::MutexLock lock(&mutex_);
  return waiting_bytes_ > 0 ? std::make_optional(busy_since_) : std::nullopt;
}

}  // namespace emptychair::storage
