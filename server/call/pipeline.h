// State machine of a bidirectional stream with in-order replies; no I/O.
#ifndef EMPTYCHAIR_SERVER_CALL_PIPELINE_H_
#define EMPTYCHAIR_SERVER_CALL_PIPELINE_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// A message that was read, and its answer.
class PipelineSlot {
 public:
  virtual ~PipelineSlot() = default;

 private:
  friend class Pipeline;
  bool is_answered_ = false;
  absl::Status status_;
};

// Decides, but does nothing: whoever tells it what has happened is told what to do, does that, and
// says so with Continue, until there is nothing to do. The first Continue begins the call. Knows no
// gRPC. Thread-safe.
//
// One message is read and prepared at a time, while earlier ones wait for their answers. These are
// written in the order of the messages. An answer that is an error ends the call, after those
// before it: nothing more is read, and what was read behind it is not answered.
class Pipeline {
 public:
  // Messages without a written answer: enough to keep the store busy while the next is on its way.
  static constexpr size_t kUnansweredMax = 16;

  enum class Step {
    // Wait for what happens. The pipeline may be gone already.
    kNothing,
    // Read the next message, when it is time; then Continue.
    kRead,
    // Write the answer in `front`; then Continue.
    kWrite,
    // End the call with `final_status`, and touch neither it nor the pipeline again.
    kFinish,
  };

  // What has happened; each returns what to do.
  // What was to be done has been begun.
  Step Continue() ABSL_LOCKS_EXCLUDED(mutex_);
  // The read ended with a message, which is to be prepared and answered. False when the call was
  // ended meanwhile: then nothing is to be done with it.
  bool Read(std::unique_ptr<PipelineSlot> slot) ABSL_LOCKS_EXCLUDED(mutex_);
  // The read ended because there will be no more messages.
  Step ReadClosed() ABSL_LOCKS_EXCLUDED(mutex_);
  // The message that was read last is prepared: the next can be read.
  Step Prepared() ABSL_LOCKS_EXCLUDED(mutex_);
  // The message of `slot` is answered. The slot may be gone when this returns.
  Step Answered(PipelineSlot* slot, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // The answer in `front` was written, or could not be.
  Step Written(bool ok) ABSL_LOCKS_EXCLUDED(mutex_);
  // The client has gone.
  Step Cancelled() ABSL_LOCKS_EXCLUDED(mutex_);

  // The call must end: no more is read, and when all is answered it ends with `why`. Continue must
  // follow, on whatever thread. False when the call is ending already: then nothing may follow.
  bool Stop(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  // The slot whose answer is to be written.
  PipelineSlot* front() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status final_status() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Step Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasAnswer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropAnswered() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  // Messages that are not answered, or whose answers are not written.
  std::deque<std::unique_ptr<PipelineSlot>> slots_ ABSL_GUARDED_BY(mutex_);
  // Steps that were given out and not begun, the call itself at first. Until then it must not end.
  int steps_ ABSL_GUARDED_BY(mutex_) = 1;
  bool is_reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_preparing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_read_closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Not OK: the call must end.
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
  bool has_failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Not OK: nothing more is read or written.
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_PIPELINE_H_
