// Decides which errors are retried, and until when.
#ifndef EMPTYCHAIR_CLIENT_RETRY_POLICY_H_
#define EMPTYCHAIR_CLIENT_RETRY_POLICY_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace emptychair {

// Returns whether the same call can succeed later: UNAVAILABLE, and RESOURCE_EXHAUSTED that says
// when to come back. RESOURCE_EXHAUSTED without a delay is a message that is too large, which no
// attempt makes smaller.
bool IsRetryable(const absl::Status& status);

// Decides for one call, attempt by attempt, whether there is another. Write your own by deriving
// from it. Each call has a clone of its own: an implementation needs no locks.
class RetryPolicy {
 public:
  virtual ~RetryPolicy() = default;

  // A policy for a new call, as if nothing had failed yet. Called from several threads at once.
  virtual std::unique_ptr<RetryPolicy> Clone() const = 0;

  // Whether to try again after `status`, which is not OK. `elapsed` is the time since the call was
  // begun, waiting included. Called once per failed attempt. Whatever it answers, no attempt begins
  // after the call's timeout.
  virtual bool OnFailure(const absl::Status& status, absl::Duration elapsed) = 0;
};

// Tries again what is retryable as long as the call is younger than `duration`: 0 is never,
// infinite is up to the call's timeout.
class LimitedTimeRetryPolicy final : public RetryPolicy {
 public:
  explicit LimitedTimeRetryPolicy(absl::Duration duration) : duration_(duration) {}

  std::unique_ptr<RetryPolicy> Clone() const override;
  bool OnFailure(const absl::Status& status, absl::Duration elapsed) override;

 private:
  const absl::Duration duration_;
};

// Tries again what is retryable until there were `attempts` in all, the first included: 1 (or less)
// is never.
class LimitedAttemptsRetryPolicy final : public RetryPolicy {
 public:
  explicit LimitedAttemptsRetryPolicy(int attempts) : attempts_(attempts) {}

  std::unique_ptr<RetryPolicy> Clone() const override;
  bool OnFailure(const absl::Status& status, absl::Duration elapsed) override;

 private:
  const int attempts_;
  int failures_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRY_POLICY_H_
