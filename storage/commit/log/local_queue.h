// The command log of a store that has one copy: a bounded queue in memory.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_LOG_LOCAL_QUEUE_H_
#define EMPTYCHAIR_STORAGE_COMMIT_LOG_LOCAL_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/log/command_log.h"

namespace emptychair::storage {

// Commands have a place as soon as they are proposed, and are durable only once they are applied:
// what was not is forgotten with the process, and was not acknowledged. Thread-safe.
class LocalQueue final : public CommandLog {
 public:
  struct Options {
    // The index of the last command that the store has applied.
    uint64_t applied_index = 0;
    // Names the history that this process writes; see StoredEpoch.
    uint64_t epoch = 0;
    // Bytes of commands that may wait.
    size_t bytes_max = size_t{64} << 20;
  };

  explicit LocalQueue(const Options& options);

  absl::Status Propose(Proposal& proposal) override ABSL_LOCKS_EXCLUDED(mutex_);
  void ProposeFollowUp(CommandPtr command) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Take(absl::FunctionRef<bool(const Backlog&)> is_time,
            absl::FunctionRef<bool(size_t next_bytes)> joins, std::vector<Entry>& entries) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Wake() override ABSL_LOCKS_EXCLUDED(mutex_);
  void Release(size_t bytes) override ABSL_LOCKS_EXCLUDED(mutex_);
  void WhenWritable(absl::AnyInvocable<void()> resume) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() override ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<Entry> Abandon() override ABSL_LOCKS_EXCLUDED(mutex_);
  size_t bytes() const override ABSL_LOCKS_EXCLUDED(mutex_);
  size_t bytes_max() const override { return bytes_max_; }
  std::optional<absl::Duration> busy_since() const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Gives a command that erases or takes away the id of what it enters into the ledger.
  void GiveLedgerId(store::v1::Command& command) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Append(CommandPtr command, bool want_records, Done done, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Backlog GetBacklog() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool IsWritable() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return is_closed_ || waiting_bytes_ <= bytes_max_ / 2;
  }
  void ResumeWriters() ABSL_LOCKS_EXCLUDED(mutex_);

  const uint64_t epoch_;
  const size_t bytes_max_;
  mutable absl::Mutex mutex_;
  uint64_t last_index_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ledger_ms_ ABSL_GUARDED_BY(mutex_);
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  size_t entry_bytes_ ABSL_GUARDED_BY(mutex_) = 0;     // Of `entries_`.
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;   // Of these and of what was not released.
  absl::Duration busy_since_ ABSL_GUARDED_BY(mutex_);  // Since these bytes are more than 0.
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> writers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_LOG_LOCAL_QUEUE_H_
