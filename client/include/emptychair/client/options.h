// Options of a client: endpoint, credentials, deadline, retries.
#ifndef EMPTYCHAIR_CLIENT_OPTIONS_H_
#define EMPTYCHAIR_CLIENT_OPTIONS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/credentials.h"
#include "emptychair/client/executor.h"
#include "emptychair/client/retry_policy.h"

namespace emptychair {

struct ClientOptions {
  // The server's address, "HOST:PORT", with an IPv6 address in brackets, or "unix:PATH", the path
  // of its socket.
  std::string endpoint = "127.0.0.1:7443";

  // How long a call may take from its start to its answer, all attempts and the waiting between
  // them included: more than 0, at most 24 h. Calls that answer with their progress, such as a
  // check or a backup, are bounded by it; uploads and watches are not.
  absl::Duration timeout = absl::Seconds(10);

  // Whether an attempt that failed is followed by another. Default: what is retryable, up to the
  // timeout.
  std::shared_ptr<const RetryPolicy> retry_policy =
      std::make_shared<LimitedTimeRetryPolicy>(absl::InfiniteDuration());

  // How long to wait before it. Default: 100 ms, doubled up to 2 s.
  std::shared_ptr<const BackoffPolicy> backoff_policy =
      std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(100), absl::Seconds(2));

  // How the connection is made.
  Credentials credentials = PlainText();

  // A file with the API key that every call sends, `eck_…` and at most a line end behind it. Read
  // when the client is made, and once more when the server says UNAUTHENTICATED: when the file has
  // another key by then, as after a rotation, the call is sent once more with that. Empty: no key.
  std::string api_key_file;

  // Gives the key in place of a file, at the same moments, for programs that keep it elsewhere.
  // Called from the threads that make calls, and for an AsyncX from one that all of them share.
  std::function<absl::StatusOr<std::string>()> api_key_source;

  // Whether the key may be sent in plain text to an endpoint that is neither loopback nor a Unix
  // socket. Who reads along on the way can then do all that the key may do.
  bool allow_key_in_plain_text = false;

  // Gives the W3C `traceparent` of the trace that the caller is in, for the server's logs; null or
  // an empty text: none. Called for each attempt of a call, on the thread that makes it; for an
  // AsyncX once, in it. A text of another form than `00-` 32 hex digits `-` 16 `-` 2, in lower
  // case, is not sent.
  std::function<std::string()> traceparent;

  // Clock and sleep of retries; a test replaces both and does not wait. Called from the threads
  // that make calls, and `now` also from one that all AsyncX share, which has a timer of its own in
  // place of `sleep`.
  std::function<absl::Time()> now = absl::Now;
  std::function<void(absl::Duration)> sleep = absl::SleepFor;

  // Runs the callbacks of AsyncX. Null: a thread of the client's, one callback after the other.
  CallbackExecutor executor;

  // Connections to the server, which calls take in turn, attempt by attempt: 1 to 64.
  int channels = 1;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_OPTIONS_H_
