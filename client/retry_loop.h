// The attempts of a call.
#ifndef EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
#define EMPTYCHAIR_CLIENT_RETRY_LOOP_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Whether a call does nothing more when it is sent twice.
enum class Idempotency { kIdempotent, kNotIdempotent };

// Calls `attempt` with the time that is left of `options.timeout`, until it succeeds, the policy
// has had enough, or that time is over, and answers what the last attempt did. A call that is not
// idempotent has one attempt.
template <typename Response>
absl::StatusOr<Response> RetryLoop(
    const ClientOptions& options, Idempotency idempotency,
    absl::FunctionRef<absl::StatusOr<Response>(absl::Duration time_left)> attempt) {
  const absl::Time start = options.now();
  absl::Duration elapsed;
  std::unique_ptr<RetryPolicy> retry;
  std::unique_ptr<BackoffPolicy> backoff;
  while (true) {
    absl::StatusOr<Response> response = attempt(options.timeout - elapsed);
    if (response.ok() || idempotency == Idempotency::kNotIdempotent) {
      return response;
    }
    if (retry == nullptr) {  // Not before there is a failure: most calls never need them.
      retry = options.retry_policy->Clone();
      backoff = options.backoff_policy->Clone();
    }
    elapsed = options.now() - start;
    if (!retry->OnFailure(response.status(), elapsed)) {
      return response;
    }
    const absl::Duration delay = backoff->OnFailure(response.status());
    if (elapsed + delay >= options.timeout) {
      return response;
    }
    options.sleep(delay);
    elapsed = options.now() - start;
    if (elapsed >= options.timeout) {
      return response;
    }
  }
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRY_LOOP_H_
