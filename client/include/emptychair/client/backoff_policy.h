// Chooses the delay before the next attempt.
#ifndef EMPTYCHAIR_CLIENT_BACKOFF_POLICY_H_
#define EMPTYCHAIR_CLIENT_BACKOFF_POLICY_H_

#include <functional>
#include <memory>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace emptychair {

// Says for one call, attempt by attempt, how long to wait. Write your own by deriving from it. Each
// call has a clone of its own: an implementation needs no locks.
class BackoffPolicy {
 public:
  virtual ~BackoffPolicy() = default;

  // A policy for a new call, as if nothing had failed yet. Called from several threads at once.
  virtual std::unique_ptr<BackoffPolicy> Clone() const = 0;

  // The time to wait after `status`, which is not OK and is going to be tried again. Called once
  // per such attempt.
  virtual absl::Duration OnFailure(const absl::Status& status) = 0;
};

// Waits about `initial`, then `growth` times as long after each further failure, up to `maximum`.
// Of that time a share is waited, drawn anew from none to all, so that callers that failed together
// do not come back together. A delay that the server asks for comes on top: it is the least that is
// waited.
class ExponentialBackoffPolicy final : public BackoffPolicy {
 public:
  // `initial` is more than 0, `maximum` at least `initial`, `growth` at least 1. `jitter` gives the
  // share, 0 to 1; null: a random one. Thread-safe: called from the threads that make calls and
  // from one of the client's.
  ExponentialBackoffPolicy(absl::Duration initial, absl::Duration maximum, double growth = 2,
                           std::function<double()> jitter = nullptr);

  std::unique_ptr<BackoffPolicy> Clone() const override;
  absl::Duration OnFailure(const absl::Status& status) override;

 private:
  const absl::Duration initial_;
  const absl::Duration maximum_;
  const double growth_;
  const std::function<double()> jitter_;
  absl::Duration next_;
  absl::BitGen random_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_BACKOFF_POLICY_H_
