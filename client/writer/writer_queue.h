// The records between those who add them and the sender.
#ifndef EMPTYCHAIR_CLIENT_WRITER_WRITER_QUEUE_H_
#define EMPTYCHAIR_CLIENT_WRITER_WRITER_QUEUE_H_

#include <any>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/writer/record_batch.h"
#include "client/writer/spool.h"
#include "client/writer/writer_clock.h"
#include "emptychair/client/feedback_writer.h"

namespace emptychair {

// The oldest of some records.
struct OldestRecord {
  uint64_t number = std::numeric_limits<uint64_t>::max();
  absl::Duration added = absl::InfiniteDuration();
};

// Makes batches of what is added, within the bounds of the options. With a spool, what has no room
// in memory waits there, and is read when all that came before is taken. Thread-safe: many add, one
// sends.
class WriterQueue {
 public:
  // What a record that waits on disk costs here when it has a context.
  static constexpr int64_t kContextBytes = 64;

  // All must outlive the queue; `spool` can be null.
  WriterQueue(const FeedbackWriterOptions& options, const WriterClock* clock, Spool* spool);

  // For those who add. Errors as for FeedbackWriter.
  absl::Status Add(absl::string_view serialized, bool has_time_of_clock, std::any context)
      ABSL_LOCKS_EXCLUDED(mutex_, spool_order_);
  absl::Status Flush(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on nothing is added, and nothing waits to be more.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // For the sender.
  //
  // Waits until there is something to do: to report what was dropped, to send a batch, if it
  // `wants_batch`, or what Wake was called for; at most `timeout`.
  void Await(absl::Duration timeout, bool wants_batch) ABSL_LOCKS_EXCLUDED(mutex_);
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_);
  // How long until the next batch is ready; infinite when there is none.
  absl::Duration UntilReady() const ABSL_LOCKS_EXCLUDED(mutex_);
  // A batch that is full or old enough. From then on the sender holds it.
  std::optional<RecordBatch> TakeReady() ABSL_LOCKS_EXCLUDED(mutex_);
  // What was dropped for want of room. Held like a batch.
  RecordBatch TakeDropped() ABSL_LOCKS_EXCLUDED(mutex_);
  // What was added before `time` and waits in memory. Held like a batch.
  RecordBatch TakeAddedBefore(absl::Duration time) ABSL_LOCKS_EXCLUDED(mutex_);
  // All that waits in memory.
  RecordBatch TakeAll() ABSL_LOCKS_EXCLUDED(mutex_) {
    return TakeAddedBefore(absl::InfiniteDuration());
  }
  // The oldest that waits in memory.
  OldestRecord Oldest() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Counts and makes room. `answered` has only what there is more of: results, batches, reconnects,
  // exceptions; `records` and `bytes` are those that the sender held and no longer does. `held`:
  // what it still holds.
  struct Progress {
    FeedbackWriterCounters counted;
    int64_t records = 0;
    int64_t bytes = 0;             // As they are sent.
    int64_t serialized_bytes = 0;  // As they are in the spool.
    std::optional<absl::Status> last_error;
  };
  void Tell(const Progress& progress, const OldestRecord& held) ABSL_LOCKS_EXCLUDED(mutex_);

  FeedbackWriterCounters counters() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A record that waits on disk and has a context.
  struct WaitingContext {
    uint64_t number = 0;
    absl::Duration added;
    bool has_time_of_clock = false;
    std::any context;
  };

  absl::Status AddToSpool(absl::string_view serialized, bool has_time_of_clock, std::any context)
      ABSL_LOCKS_EXCLUDED(mutex_, spool_order_);
  bool HasRoom(int64_t size, bool has_context) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status MakeRoom(int64_t size, bool has_context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool DropOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status FullError() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Push(RecordInfo info, absl::string_view serialized) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration ReadyIn() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RecordBatch PopFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(const RecordBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<RecordBatch> ReadSpool() ABSL_LOCKS_EXCLUDED(mutex_);
  RecordInfo TakeInfo(uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  OldestRecord OldestUnanswered() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t bytes_max() const;

  const FeedbackWriterOptions& options_;
  const WriterClock* const clock_;
  Spool* const spool_;

  // Held from the moment a record gets its number until it is in memory or known to wait on disk.
  absl::Mutex spool_order_ ABSL_ACQUIRED_BEFORE(mutex_);

  mutable absl::Mutex mutex_;
  WriterSignal work_;
  WriterSignal room_;
  WriterSignal answered_;
  // All but the last are full; that one may be open.
  std::deque<RecordBatch> batches_ ABSL_GUARDED_BY(mutex_);
  bool has_open_ ABSL_GUARDED_BY(mutex_) = false;
  size_t last_batch_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  RecordBatch dropped_ ABSL_GUARDED_BY(mutex_);
  // On disk alone: how many, the number of the first, and what has a context.
  int64_t unread_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t first_unread_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<WaitingContext> contexts_ ABSL_GUARDED_BY(mutex_);
  absl::Duration read_again_at_ ABSL_GUARDED_BY(mutex_);
  // Of records in memory, the sender's included, and of contexts.
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t spool_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t end_ ABSL_GUARDED_BY(mutex_) = 0;
  // Batches that begin below are not waited for to be full.
  uint64_t hurry_end_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_woken_ ABSL_GUARDED_BY(mutex_) = false;
  OldestRecord held_ ABSL_GUARDED_BY(mutex_);
  FeedbackWriterCounters counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_WRITER_QUEUE_H_
