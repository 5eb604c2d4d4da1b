// State machine of a server push stream; no I/O.
#ifndef EMPTYCHAIR_SERVER_CALL_FEED_H_
#define EMPTYCHAIR_SERVER_CALL_FEED_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// Decides, but does nothing: whoever tells it what has happened is told what to do. Reading,
// writing and waiting come one after the other: nothing is read before what was read is sent, so a
// client that does not read costs one message. Knows no gRPC. Thread-safe.
class Feed {
 public:
  enum class Step {
    // Wait for what happens. The feed may be gone already.
    kNothing,
    // Read the next message, if there is one; then Read.
    kRead,
    // Write what was read; then Continue.
    kWrite,
    // Have somebody notify when there may be more; then Continue.
    kWait,
    // End the call with `final_status`, and touch neither it nor the feed again.
    kFinish,
  };

  // What has happened; each returns what to do.
  // The call itself, a write or a wait has been begun.
  Step Continue() ABSL_LOCKS_EXCLUDED(mutex_);
  // There was a message, there was none, or the call is to end with an error.
  Step Read(const absl::StatusOr<bool>& has_message) ABSL_LOCKS_EXCLUDED(mutex_);
  // There was none, and none will come: the call is to end with OK.
  Step Ended() ABSL_LOCKS_EXCLUDED(mutex_);
  // What was read was written, or could not be.
  Step Written(bool ok) ABSL_LOCKS_EXCLUDED(mutex_);
  // There may be more.
  Step Notified() ABSL_LOCKS_EXCLUDED(mutex_);
  // The client has gone.
  Step Cancelled() ABSL_LOCKS_EXCLUDED(mutex_);

  // The call must end, with `why`. Continue must follow, on whatever thread. False when the call is
  // ending already: then nothing may follow.
  bool Stop(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  // Why the call ends.
  absl::Status final_status() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Step Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  // Steps that were given out and not begun, the call itself at first. Until then it must not end.
  int steps_ ABSL_GUARDED_BY(mutex_) = 1;
  bool is_reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_message_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_at_end_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_waiting_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_FEED_H_
