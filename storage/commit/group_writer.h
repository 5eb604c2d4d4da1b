// Writes groups, publishes them, and completes their commands.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_GROUP_WRITER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_GROUP_WRITER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/columns/column_cache.h"
#include "storage/commit/applied_group.h"
#include "storage/commit/completions.h"
#include "storage/commit/log/command_log.h"
#include "storage/commit/move_stamp.h"
#include "storage/commit/publisher.h"
#include "storage/engine/engine.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Counts of what was done since the start.
struct CommitCounts {
  int64_t accepted = 0;
  int64_t already_existed = 0;
  int64_t refused = 0;
  int64_t groups = 0;
};

// Runs a thread that takes one group at a time: writes and syncs it, raises the watermark,
// publishes the state, and only then completes the commands and proposes their follow-ups.
//
// After a write that failed the kernel may have thrown the data away and report success the next
// time, so nothing is ever tried again: the log is closed, what waits is refused with
// SHUTTING_DOWN, and `on_failure` is called once, on this thread.
//
// Thread-safe.
class GroupWriter {
 public:
  // All but the functions must outlive the writer. `columns` may be null. `propose_follow_up` gets
  // what a command left to be done, once that is written; must not block. `on_commit` may be null,
  // and gets how long each group took to be written and synced.
  GroupWriter(const Engine& engine, CommandLog& log, Publisher& publisher, ColumnCache* columns,
              absl::AnyInvocable<void(CommandPtr)> propose_follow_up,
              absl::AnyInvocable<void(absl::Duration)> on_commit,
              absl::AnyInvocable<void(const absl::Status&)> on_failure);

  // To be called after Finish; waits for the end of the thread.
  ~GroupWriter();

  // Whether HandOver would not wait. Becomes true before the log is woken.
  bool is_free() const { return is_free_.load(std::memory_order_acquire); }

  // Gives the writer a group, once the one before is written and completed.
  void HandOver(std::unique_ptr<AppliedGroup> applied) ABSL_LOCKS_EXCLUDED(mutex_);

  // No group will come any more.
  void Finish() ABSL_LOCKS_EXCLUDED(mutex_);

  // See Completions::CompleteOne.
  void CompleteOne() { completions_.CompleteOne(); }

  CommitCounts counts() const;

  // When it last got a group, began with one, or was done with one.
  absl::Duration moved_at() const { return moved_.at(); }

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void Process(AppliedGroup& applied) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Write(AppliedGroup& applied);
  void Complete(AppliedGroup& applied);
  void Refuse(std::vector<CommandLog::Entry>& entries);
  void Fail(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void SyncWatermark() ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitForWork(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  // Null when no group will come any more.
  std::unique_ptr<AppliedGroup> TakeApplied() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status NewError() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasFailed() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Count(const CommandResult& result);

  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return handed_over_ != nullptr || is_finished_ || HasNewError();
  }
  bool HasNewError() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !background_error_.ok() && !has_failed_;
  }
  bool IsFree() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return handed_over_ == nullptr && !is_writing_;
  }

  const Engine& engine_;
  CommandLog& log_;
  Publisher& publisher_;
  ColumnCache* const columns_;
  absl::AnyInvocable<void(CommandPtr)> propose_follow_up_;
  absl::AnyInvocable<void(absl::Duration)> on_commit_;
  absl::AnyInvocable<void(const absl::Status&)> on_failure_;
  // The writing thread only.
  MergedRowAges row_ages_;
  Completions completions_;

  mutable absl::Mutex mutex_;
  std::unique_ptr<AppliedGroup> handed_over_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_failed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status background_error_ ABSL_GUARDED_BY(mutex_);
  // IsFree, for who holds another lock.
  std::atomic<bool> is_free_{true};

  std::atomic<int64_t> accepted_{0};
  std::atomic<int64_t> already_existed_{0};
  std::atomic<int64_t> refused_{0};
  std::atomic<int64_t> groups_{0};
  MoveStamp moved_;

  std::thread thread_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_GROUP_WRITER_H_
