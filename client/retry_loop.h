// The attempts of a call.
#ifndef EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
#define EMPTYCHAIR_CLIENT_RETRY_LOOP_H_

#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/retries.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Tells calls that have the same effect when sent twice from others.
enum class Idempotency { kIdempotent, kNotIdempotent };

// How many attempts a call has, and when: until one succeeds, the policy has had enough, or
// `options.timeout` is over. A call that is not idempotent has one attempt, and another only where
// the first was refused for its key, because that has done nothing. For one thread; `options` must
// outlive it, and so must `key`, unless it is null.
class Attempts {
 public:
  Attempts(const ClientOptions& options, Idempotency idempotency, CallKey* key)
      : timeout_(options.timeout), idempotency_(idempotency), retries_(options, key) {}

  // The call begins.
  void Begin() { retries_.Begin(); }

  // What the next attempt may take: with 0 or less there is none.
  absl::Duration time_left() const { return timeout_ - retries_.elapsed(); }

  // Whether and when there is another after an attempt that failed: as Retries says.
  std::optional<absl::Duration> DelayAfter(const absl::Status& status) {
    return CanRepeat(status) ? retries_.DelayAfter(status) : std::nullopt;
  }
  bool WaitAfter(const absl::Status& status) {
    return CanRepeat(status) && retries_.WaitAfter(status);
  }

 private:
  bool CanRepeat(const absl::Status& status) const {
    return idempotency_ == Idempotency::kIdempotent || absl::IsUnauthenticated(status);
  }

  const absl::Duration timeout_;
  const Idempotency idempotency_;
  Retries retries_;
};

// Calls `attempt` with the time that it may take, as Attempts says, and answers what the last one
// did. `key` can be null.
template <typename Response>
absl::StatusOr<Response> RetryLoop(
    const ClientOptions& options, Idempotency idempotency,
    absl::FunctionRef<absl::StatusOr<Response>(absl::Duration time_left)> attempt,
    CallKey* key = nullptr) {
  Attempts attempts(options, idempotency, key);
  attempts.Begin();
  absl::Duration time_left = options.timeout;
  while (true) {
    absl::StatusOr<Response> response = attempt(time_left);
    if (response.ok() || !attempts.WaitAfter(response.status())) {
      return response;
    }
    time_left = attempts.time_left();
    if (time_left <= absl::ZeroDuration()) {
      return response;
    }
  }
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
