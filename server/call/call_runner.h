// Admits, counts and observes the calls of all transports.
#ifndef EMPTYCHAIR_SERVER_CALL_CALL_RUNNER_H_
#define EMPTYCHAIR_SERVER_CALL_CALL_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "server/api/call_observer.h"
#include "server/api/executor.h"
#include "server/api/gatekeeper.h"
#include "server/api/request_context.h"
#include "server/call/stream_counter.h"
#include "server/telemetry/server_log.h"

namespace emptychair {

// A call that goes on until somebody ends it.
class Stoppable {
 public:
  // Told why the call must end: the server is stopping, or its caller may not call any more. Must
  // not block, nor end the call on this thread.
  virtual void Stop(const absl::Status& why) = 0;

  // Told that what its caller may see can have changed. Must not block.
  virtual void LookAgain() {}

 protected:
  ~Stoppable() = default;
};

// Runs the calls of all services, which are objects of class Call. What every call gets:
// * Its caller, as the gatekeeper finds out, and its refusal before the request is read.
// * FIELD_INVALID for a request that is too large, or none.
// * SHUTTING_DOWN once the server is stopping; QUEUE_FULL at once when its lane is full.
// * RATE_LIMITED for a stream when its caller has as many open as it may.
// * DEADLINE_EXCEEDED or CANCELLED, without its work being run, if nobody waits any more for its
//   answer by the time its work's turn comes.
// * Its error with all details.
// * INTERNAL, and a line in the server's log, if its work throws. An error without an ErrorInfo
//   passes, and is logged as the bug it is: its message must not hold what the caller sent.
// * A request id, its caller's or a new one, which its lines in the logs have.
// * A word to each observer once it has ended, among them the access log.
//
// Thread-safe; must outlive all transports.
class CallRunner {
 public:
  CallRunner(Executor* executor, Gatekeeper* gatekeeper, std::vector<CallObserver*> observers,
             ServerLog* log, const Clock* clock);
  CallRunner(const CallRunner&) = delete;
  CallRunner& operator=(const CallRunner&) = delete;

  // From now on new calls are refused with SHUTTING_DOWN, and streams that are under way end.
  void BeginShutdown();

  // Ends the streams under way whose callers may not call any more, and has the others look again
  // at what they may see. To be called when what callers may do has changed, and as time passes.
  void RecheckStreams();

  // True from BeginShutdown on: for work that takes long, so that it ends early.
  std::atomic<bool>* stop_signal() { return &stop_signal_; }

  // Waits until no admitted call is unfinished, or until `deadline` by the machine's clock. True if
  // none is. Lasts only after `BeginShutdown`.
  bool WaitUntilIdle(absl::Time deadline);

  // After `BeginShutdown`: goes on refusing until no call has come for `quiet`, or until `deadline`
  // by the machine's clock. gRPC cuts calls that arrive while it shuts down, so a caller should
  // have been told before.
  void RefuseUntilQuiet(absl::Duration quiet, absl::Time deadline);

  // Admitted calls without an answer, and streams that their transport is not done with.
  int64_t calls_in_flight() const;

  // The id of a call whose caller chose none.
  RequestId NewRequestId() { return request_ids_.Next(); }

 private:
  friend class Call;

  struct OpenStream {
    const RequestContext* context;
    StreamOrigin origin;
  };

  bool Enter();
  void Leave();
  // Errors: those of StreamCounter, and then the stream was not added.
  absl::Status AddStream(Stoppable* stream, const RequestContext* context,
                         const StreamOrigin& origin);
  // Nothing for one that was not added.
  void RemoveStream(Stoppable* stream);
  void Observe(const FinishedCall& call);

  // Runs a handler's code. If it throws, its ReplyHandle has replied on the way here, and the call
  // may be gone: hence the id by value.
  void Guard(const Method& method, RequestId request_id, absl::FunctionRef<void()> code);

  Executor* const executor_;
  Gatekeeper* const gatekeeper_;
  const std::vector<CallObserver*> observers_;
  ServerLog* const log_;
  const Clock* const clock_;
  RequestIds request_ids_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t calls_in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t calls_refused_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<Stoppable*, OpenStream> streams_ ABSL_GUARDED_BY(mutex_);
  StreamCounter stream_counter_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stop_signal_{false};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_CALL_RUNNER_H_
