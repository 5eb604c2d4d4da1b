// The attempts of a call that no thread waits for.
#ifndef EMPTYCHAIR_CLIENT_ASYNC_RETRIED_CALL_H_
#define EMPTYCHAIR_CLIENT_ASYNC_RETRIED_CALL_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/api_key.h"
#include "client/retry_loop.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Does what RetryLoop does, as a state machine: at any time either an attempt is under way or a
// timer, which whoever derives from it starts and ends. Cancel is for any thread; the rest for one
// at a time.
class RetriedCall : public AsyncCall::Operation {
 public:
  // `options` must outlive the call's end. `key` can be null.
  RetriedCall(const ClientOptions& options, Idempotency idempotency, std::shared_ptr<ApiKey> key)
      : key_(std::move(key)), attempts_(options, idempotency, &key_) {}

  // Starts the first attempt. Once.
  void Start() ABSL_LOCKS_EXCLUDED(mutex_);

  // To be called once for each attempt and timer, after it has ended or was cancelled; not inside
  // the methods below.
  void OnEvent() ABSL_LOCKS_EXCLUDED(mutex_);

  void Cancel() final ABSL_LOCKS_EXCLUDED(mutex_);

 protected:
  virtual void StartAttempt(absl::Duration time_left) = 0;
  // The attempt that is under way should end soon.
  virtual void CancelAttempt() = 0;
  // What an attempt that has ended came to.
  virtual absl::Status EndAttempt() = 0;
  virtual void StartTimer(absl::Duration delay) = 0;
  virtual void CancelTimer() = 0;
  // The end of the call, once. Called last; the rest is never called after it.
  virtual void OnEnd(absl::Status status) = 0;

  CallKey& key() { return key_; }

 private:
  enum class Phase { kNothing, kAttempt, kTimer };

  // False, and nothing is begun: the call is at its end.
  bool GoOnAfterAttempt() ABSL_LOCKS_EXCLUDED(mutex_);
  bool TryAgain() ABSL_LOCKS_EXCLUDED(mutex_);
  bool BeginAttempt() ABSL_LOCKS_EXCLUDED(mutex_);
  bool BeginTimer(absl::Duration delay) ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_cancelled() ABSL_LOCKS_EXCLUDED(mutex_);

  CallKey key_;
  Attempts attempts_;
  absl::Status status_;  // Of the last attempt.

  absl::Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kNothing;
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ASYNC_RETRIED_CALL_H_
