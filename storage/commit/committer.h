// The one way into the store.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_
#define EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/commit/applier.h"
#include "storage/commit/group_writer.h"
#include "storage/commit/log/command_log.h"
#include "storage/commit/publisher.h"
#include "storage/engine/engine.h"
#include "storage/state/command.h"
#include "storage/state/working_state.h"

namespace emptychair::storage {

class ColumnCache;
class DiskWatch;

// Puts commands into the log and carries out what the log says: the applier applies them in groups,
// the writer makes each group one atomic write, synced to disk, publishes its state, and only then
// completes its commands. So what was acknowledged is durable and can be read, and nobody ever sees
// half a group.
//
// One thread applies, another writes and completes: a group is applied while the one before it is
// on its way to the disk, and what it reads is as that one will leave it.
//
// Thread-safe.
class Committer {
 public:
  struct Options {
    Applier::Options applier;
    // Says whether there is room for commands that need space; null: there always is.
    DiskWatch* disk = nullptr;
    // Gets the changes that lead to each view before that is published; null: nobody does.
    ColumnCache* columns = nullptr;
    // Gets how long each group took to be written and synced, on the writing thread; may be null.
    // Must not block.
    absl::AnyInvocable<void(absl::Duration)> on_commit;
    // Called once, on the writing thread, when the disk has refused a write, be it of a group or of
    // RocksDB's own threads, or when the log holds a command that this version cannot apply. What
    // was not acknowledged may or may not be stored; nothing more is taken. The process should end.
    absl::AnyInvocable<void(const absl::Status&)> on_failure;
  };
  // Called once; must not block.
  using Done = CommandLog::Done;

  Committer(const Engine& engine, std::unique_ptr<WorkingState> state,
            std::unique_ptr<CommandLog> log, Options options);

  // Finishes what has a place in the log, then stops.
  ~Committer();

  // Proposes a command. `done` gets its result on the writing thread or in CompleteOnePending, or,
  // at once and on this thread, a refusal: QUEUE_FULL when too much is waiting, DISK_FULL when it
  // needs space that is not there, SHUTTING_DOWN after Stop or a failed write.
  void Enqueue(CommandPtr command, bool want_records, Done done);

  // Completes one command of the group that was written last, if one is left. For threads that come
  // by with a command: when the writing thread completes a call, one of those has to wake up to end
  // it. The caller must not hold a lock that a `done` takes.
  void CompleteOnePending() { writer_.CompleteOne(); }

  // For callers that come with one command after the other and would rather wait than be refused;
  // see CommandLog::WhenWritable.
  void WhenWritable(absl::AnyInvocable<void()> resume) { log_->WhenWritable(std::move(resume)); }

  // Where each group's state is published, before its commands are completed.
  Publisher& publisher() { return publisher_; }
  const Publisher& publisher() const { return publisher_; }

  // Finishes what has a place in the log and refuses all that comes later. Idempotent.
  void Stop() { log_->Close(); }

  size_t queue_bytes() const { return log_->bytes(); }
  size_t queue_bytes_max() const { return log_->bytes_max(); }
  CommitCounts counts() const { return writer_.counts(); }

  // How long the thread whose turn it is has not got on with the work that there is; zero when
  // there is none.
  absl::Duration StuckFor() const;

 private:
  absl::Status Admit(CommandLog::Proposal& proposal);

  void ProposeFollowUp(CommandPtr command) ABSL_LOCKS_EXCLUDED(mutex_);
  void ProposeWaiting() ABSL_LOCKS_EXCLUDED(mutex_);

  DiskWatch* const disk_;
  absl::Mutex mutex_;
  // Follow-ups that need space, while there is none.
  std::vector<CommandPtr> waiting_ ABSL_GUARDED_BY(mutex_);
  const std::unique_ptr<CommandLog> log_;
  Publisher publisher_;
  GroupWriter writer_;
  // Null once it has ended.
  std::unique_ptr<Applier> applier_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_COMMITTER_H_
