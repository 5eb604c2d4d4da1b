// Commands in the one order in which every copy of the store applies them.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_LOG_COMMAND_LOG_H_
#define EMPTYCHAIR_STORAGE_COMMIT_LOG_COMMAND_LOG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/state/command.h"
#include "storage/state/command_result.h"

namespace emptychair::storage {

// Takes proposals, gives each an index, and hands the commands out again in the order of their
// indexes, which have no gaps. Where the log is kept is a matter of the implementation: LocalQueue
// keeps it in the memory of the process, whose only copy of the store this then is.
//
// Thread-safe; Take is for one thread.
class CommandLog {
 public:
  // Receives the result of a command. Called once; must not block.
  using Done = absl::AnyInvocable<void(CommandResult)>;

  // A command before it has its place.
  struct Proposal {
    CommandPtr command;
    // Whether `done` needs the records of the outcomes.
    bool want_records = false;
    Done done;
  };

  // A command in its place.
  struct Entry {
    // 1 for the first command of the store's life. The store's `applied_index` is that of the last
    // one it applied.
    uint64_t index = 0;
    ConstCommandPtr command;
    // Of the command, encoded.
    size_t bytes = 0;
    bool want_records = false;
    // Null when nobody in this process waits for the result: a follow-up, or the command of another
    // process.
    Done done;
  };

  // What has a place and was not taken yet.
  struct Backlog {
    size_t bytes = 0;
    // Of the next entry; 0: there is none.
    size_t next_bytes = 0;
    // Nothing will be added any more.
    bool is_closed = false;
  };

  virtual ~CommandLog() = default;

  // Gives the proposal a place, and moves from it; on an error leaves it as it is, and its `done`
  // to the caller. Errors: QUEUE_FULL, SHUTTING_DOWN.
  virtual absl::Status Propose(Proposal& proposal) = 0;

  // Proposes what a command left to be done. Only the process that proposes does: where commands of
  // another one are applied, that one's follow-ups come through the log, too. Never refused, but
  // dropped once the log is closed: the next start derives it from the state again.
  virtual void ProposeFollowUp(CommandPtr command) = 0;

  // Waits until `is_time` holds of the backlog, then moves entries from its front behind `entries`
  // for as long as `joins` says so of the bytes of the next one. `is_time` is asked again whenever
  // the backlog changed or Wake was called. Both are called with the log's lock held.
  virtual void Take(absl::FunctionRef<bool(const Backlog&)> is_time,
                    absl::FunctionRef<bool(size_t next_bytes)> joins,
                    std::vector<Entry>& entries) = 0;

  // Has a waiting Take ask `is_time` again.
  virtual void Wake() = 0;

  // Makes room for as many bytes as taken entries had, once they wait no more.
  virtual void Release(size_t bytes) = 0;

  // Calls `resume` once less than half of the room is taken, at once and on this thread when it is
  // or when the log is closed, else on the thread that makes the room. It must not block. Many may
  // resume at the same time, so a proposal can still be refused.
  virtual void WhenWritable(absl::AnyInvocable<void()> resume) = 0;

  // Refuses all that comes later. What has a place can still be taken. Idempotent.
  virtual void Close() = 0;

  // Closes the log, and gives up what was not taken.
  virtual std::vector<Entry> Abandon() = 0;

  // Of what was not released, and the most that it may become.
  virtual size_t bytes() const = 0;
  virtual size_t bytes_max() const = 0;

  // Since when, by Clock::System()->Monotonic(), there has been something that was not released;
  // nothing when there is none.
  virtual std::optional<absl::Duration> busy_since() const { return std::nullopt; }
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_LOG_COMMAND_LOG_H_
