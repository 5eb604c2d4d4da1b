// Keeps what all calls have in common, whatever their transport and shape.
#ifndef EMPTYCHAIR_SERVER_CALL_CALL_H_
#define EMPTYCHAIR_SERVER_CALL_CALL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/api/executor.h"
#include "server/api/gatekeeper.h"
#include "server/api/reply_handle.h"
#include "server/api/request_context.h"
#include "server/call/call_runner.h"

namespace emptychair {

// One call, from its arrival until its end, when it deletes itself. A transport derives from it.
class Call : public PendingReply, public Cancellation {
 public:
  // `context` describes the call, but for its cancellation, which is the call itself.
  Call(CallRunner* runner, RequestContext context);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const RequestContext& context() const { return context_; }

  // False, and answered, if the server is stopping, the caller may not call the method, or nobody
  // waits for the answer. Finds out who calls.
  bool Admit(const Credentials& credentials);

  // False, and answered, if nobody waits for the answer any more.
  bool IsAwaited();

  // How long the caller's messages are not to be read, because it sent faster than it may.
  absl::Duration RecordDelay() const;

  // Runs `work` on `lane`. Answers with the refusal if the lane has no room.
  void RunOn(Lane lane, absl::AnyInvocable<void() &&> work);

  // Runs `work` on `lane`, however much waits there: one piece at a time. Errors: SHUTTING_DOWN.
  absl::Status RunPaced(Lane lane, absl::AnyInvocable<void() &&> work);

  // Runs a handler's code, which must own the reply that it owes. The call may be gone then.
  void Guard(absl::FunctionRef<void()> code);

  void ReplyForHandler(const absl::Status& status) override;

 protected:
  virtual ~Call() = default;

  // Has `stream` stopped when the server stops, until RemoveStream. False, and answered, if its
  // caller has as many open as it may. Of an admitted call.
  bool AddStream(Stoppable* stream, const StreamOrigin& origin);
  void RemoveStream(Stoppable* stream) { runner_->RemoveStream(stream); }

  // Counts bytes of messages, for the observers. By one thread at a time.
  void AddRequestBytes(size_t bytes) { request_bytes_ += static_cast<int64_t>(bytes); }
  void AddResponseBytes(size_t bytes) { response_bytes_ += static_cast<int64_t>(bytes); }

  // To be called when the transport is done with the call: tells the observers and deletes it.
  void Done();

  // The same but for deleting: the server no longer waits for the call.
  void Leave();

 private:
  // Tells the transport the end of the call, which may be gone when this returns.
  virtual void FinishCall(const absl::Status& status) = 0;

  absl::Status Refusal(const Credentials& credentials);
  void Reply(const absl::Status& status);
  void Observe() const;

  CallRunner* const runner_;
  const absl::Time start_time_;
  const absl::Duration start_;  // By Clock::Monotonic.
  RequestContext context_;
  std::atomic<int64_t> records_{0};
  bool admitted_ = false;

  // For the observers: set before FinishCall.
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string reason_;
  absl::Duration duration_;
  int64_t request_bytes_ = 0;
  int64_t response_bytes_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_CALL_H_
