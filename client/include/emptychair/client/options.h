// Options of a client: endpoint, deadline, retries.
#ifndef EMPTYCHAIR_CLIENT_OPTIONS_H_
#define EMPTYCHAIR_CLIENT_OPTIONS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/retry_policy.h"

namespace emptychair {

struct ClientOptions {
  // The server's address, "HOST:PORT", with an IPv6 address in brackets, or "unix:PATH", the path
  // of its socket.
  std::string endpoint = "127.0.0.1:7443";

  // How long a call may take from its start to its answer, all attempts and the waiting between
  // them included: more than 0, at most 24 h. Streams are not bounded by it.
  absl::Duration timeout = absl::Seconds(10);

  // Whether an attempt that failed is followed by another. Default: what is retryable, up to the
  // timeout.
  std::shared_ptr<const RetryPolicy> retry_policy =
      std::make_shared<LimitedTimeRetryPolicy>(absl::InfiniteDuration());

  // How long to wait before it. Default: 100 ms, doubled up to 2 s.
  std::shared_ptr<const BackoffPolicy> backoff_policy =
      std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(100), absl::Seconds(2));

  // Clock and sleep of retries; a test replaces both and does not wait. Called from the threads
  // that make calls.
  std::function<absl::Time()> now = absl::Now;
  std::function<void(absl::Duration)> sleep = absl::SleepFor;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_OPTIONS_H_
