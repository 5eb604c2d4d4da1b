// The attempts of a call.
#ifndef EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
#define EMPTYCHAIR_CLIENT_RETRY_LOOP_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/retries.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Tells calls that have the same effect when sent twice from others.
enum class Idempotency { kIdempotent, kNotIdempotent };

// Calls `attempt` with the time that is left of `options.timeout`, until it succeeds, the policy
// has had enough, or that time is over, and answers what the last attempt did. A call that is not
// idempotent has one attempt, and another only where the first was refused for its key, because
// that has done nothing. `key` can be null.
template <typename Response>
absl::StatusOr<Response> RetryLoop(
    const ClientOptions& options, Idempotency idempotency,
    absl::FunctionRef<absl::StatusOr<Response>(absl::Duration time_left)> attempt,
    CallKey* key = nullptr) {
  Retries retries(options, key);
  retries.Begin();
  absl::Duration elapsed;
  while (true) {
    absl::StatusOr<Response> response = attempt(options.timeout - elapsed);
    const bool can_repeat =
        idempotency == Idempotency::kIdempotent || absl::IsUnauthenticated(response.status());
    if (response.ok() || !can_repeat || !retries.WaitAfter(response.status())) {
      return response;
    }
    elapsed = retries.elapsed();
    if (elapsed >= options.timeout) {
      return response;
    }
  }
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
