// The one way into the store.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/apply/command.h"
#include "storage/apply/command_result.h"
#include "storage/apply/working_state.h"
#include "storage/apply/write_group.h"
#include "storage/commit/publisher.h"
#include "storage/engine/engine.h"

namespace emptychair::storage {

class DiskWatch;

// What was done since the start.
struct CommitCounts {
  int64_t accepted = 0;
  int64_t already_existed = 0;
  int64_t refused = 0;
  int64_t groups = 0;
};

// Applies commands one after the other, in groups: whatever has gathered while the group before is
// written is the next. A group is one atomic write, synced to disk; then its watermark is raised
// and its state published; only then are its commands answered. So what was acknowledged is durable
// and can be read, and nobody ever sees half a group.
//
// One thread applies, another writes and completions: a group is applied while the one before it is
// on its way to the disk, and what it reads is as that one will leave it.
//
// Thread-safe.
class Committer {
 public:
  struct Options {
    // Bytes of commands that may wait.
    size_t queue_bytes_max = size_t{64} << 20;
    // A group ends when it has so many bytes of commands.
    size_t group_bytes_max = size_t{4} << 20;
    // Commands of so many bytes are applied while the group before them is written. Fewer wait
    // until it is: to wake the applying thread for each would cost more than it gains.
    size_t apply_ahead_bytes_min = size_t{64} << 10;
    // Says whether there is room for commands that need space; null: there always is.
    const DiskWatch* disk = nullptr;
    // Called once, on the writing thread, when the disk has refused a write, be it of a group or of
    // RocksDB's own threads. What was not acknowledged may or may not be stored; nothing more
    // is taken. The process should end.
    absl::AnyInvocable<void(const absl::Status&)> on_failure;
  };
  // Called once; must not block.
  using Done = absl::AnyInvocable<void(CommandResult)>;

  Committer(const Engine& engine, std::unique_ptr<WorkingState> state, Options options);

  // Finishes what is queued, then stops.
  ~Committer();

  // Takes a command. `done` gets its result on the writing thread or in CompleteOnePending, or, at
  // once and on this thread, a refusal: QUEUE_FULL when too much is waiting, DISK_FULL when it
  // needs space that is not there, SHUTTING_DOWN after Stop or a failed write.
  void Enqueue(ConstCommandPtr command, bool want_records, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Completions one command of the group that was written last, if there is one that was not
  // answered yet. For threads that come by with a command: when the writing thread completions a
  // call, one of those has to wake up to end it. The caller must not hold a lock that a `done`
  // takes.
  void CompleteOnePending() ABSL_LOCKS_EXCLUDED(completions_mutex_);

  // For callers that come with one command after the other and would rather wait than be refused:
  // calls `resume` once less than half of the queue is taken, at once and on this thread when it is
  // or when there is nothing to wait for any more, else on a thread of the committer's. It must not
  // block. Many may go on at the same time, so a command can still be refused.
  void WhenWritable(absl::AnyInvocable<void()> resume) ABSL_LOCKS_EXCLUDED(mutex_);

  // Where each group's state is published, before its commands are answered.
  Publisher& publisher() { return publisher_; }
  const Publisher& publisher() const { return publisher_; }

  // Finishes what is queued and refuses all that comes later. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  size_t queue_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  size_t queue_bytes_max() const { return options_.queue_bytes_max; }
  CommitCounts counts() const;

 private:
  struct Pending {
    ConstCommandPtr command;
    bool want_records;
    size_t bytes;
    Done done;
  };

  // Commands that were applied together, on their way to the disk.
  struct AppliedGroup;
  // Results of a group that was written.
  struct Completions;

  absl::Status Admit(Pending& pending) ABSL_LOCKS_EXCLUDED(mutex_);
  void ResumeWriters() ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsWritable() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || queue_bytes_ <= options_.queue_bytes_max / 2;
  }

  // The applying thread.
  void RunApplier() ABSL_LOCKS_EXCLUDED(mutex_);
  bool TakeCommandsFor(const AppliedGroup& applied, std::vector<Pending>& commands)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the next command joins a group of `bytes`. One too large for any is a group of its own.
  bool JoinsGroup(size_t bytes) const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !queue_.empty() &&
           (bytes == 0 || bytes + queue_.front().bytes <= options_.group_bytes_max);
  }
  void ApplyTo(AppliedGroup& applied, std::vector<Pending> commands);
  void Seal(AppliedGroup& applied);
  void HandOver(std::unique_ptr<AppliedGroup> applied) ABSL_LOCKS_EXCLUDED(mutex_);

  // The writing thread.
  void RunWriter() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWriterWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return handed_over_ != nullptr || applier_is_done_ || HasNewError();
  }
  bool HasNewError() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !background_error_.ok() && !has_failed_;
  }
  bool IsWriterFree() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return handed_over_ == nullptr && !is_writing_;
  }
  bool WaitForWriterWork(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  std::unique_ptr<AppliedGroup> TakeApplied() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Write(AppliedGroup& applied);
  void Complete(AppliedGroup& applied);
  void ShareCompletions(std::shared_ptr<Completions> completions)
      ABSL_LOCKS_EXCLUDED(completions_mutex_);
  void Refuse(std::vector<Pending>& commands);
  void SyncWatermark() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status NewError() const ABSL_LOCKS_EXCLUDED(mutex_);
  void EnqueueFollowUp(ConstCommandPtr command) ABSL_LOCKS_EXCLUDED(mutex_);
  void Fail(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasFailed() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Publish(std::shared_ptr<View> view);
  void Count(const CommandResult& result);

  const Engine& engine_;
  Options options_;

  // The applying thread only.
  const std::unique_ptr<WorkingState> state_;
  // The writing thread only.
  CubeRowAges row_ages_;

  mutable absl::Mutex mutex_;
  std::deque<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  // Of what is queued or applied; what is being written waits no more.
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<AppliedGroup> handed_over_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool applier_is_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_failed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status background_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mutex_);

  absl::Mutex completions_mutex_;
  std::shared_ptr<Completions> completions_ ABSL_GUARDED_BY(completions_mutex_);

  Publisher publisher_;

  std::atomic<int64_t> accepted_{0};
  std::atomic<int64_t> already_existed_{0};
  std::atomic<int64_t> refused_{0};
  std::atomic<int64_t> groups_{0};

  std::thread applier_;
  std::thread writer_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_
