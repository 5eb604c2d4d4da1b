// Paces the messages of a server stream.
#ifndef EMPTYCHAIR_SERVER_CALL_STREAM_GATE_H_
#define EMPTYCHAIR_SERVER_CALL_STREAM_GATE_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// Says when the next message of a stream may be sent. Thread-safe.
class StreamGate {
 public:
  // Waits until no message is being sent, then lets one pass. CANCELLED when the client has gone,
  // what it was stopped with once it was: also while it waits.
  absl::Status Enter();
  // The message that passed has been sent, or has not.
  void Leave(bool was_sent);

  // OK while messages can pass at all; else as for Enter.
  absl::Status Check() const;

  // The client has gone.
  void Close();
  // Nothing passes any more, for the reason `why`.
  void Stop(const absl::Status& why);

 private:
  absl::Status CheckLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  bool is_sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_STREAM_GATE_H_
