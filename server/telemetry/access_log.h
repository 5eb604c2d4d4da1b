// Logs each call, with peer, method, time and outcome: a JSON object a line.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_ACCESS_LOG_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_ACCESS_LOG_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/call_observer.h"

namespace emptychair {

// Writes a line for each finished call:
// {"time":"2024-01-31T12:00:00.000Z","method":"FeedbackService/SubmitFeedback",
//  "request_id":"9f86d081884c7d65","code":"OK","duration_us":412,"peer":"ipv4:127.0.0.1:51234"},
// always in this order. When there are any, "reason" stands behind "code", "records", of a call
// that brought some, before "duration_us", and "trace_id" and "span_id" at the end.
//
// A thread of its own writes, in order, at least every second; callers never wait for it. When it
// falls behind, the oldest lines that wait are dropped and counted. Thread-safe.
class AccessLog : public CallObserver {
 public:
  static constexpr int kQueueMax = 8'192;

  // `target` is "stderr", "off", or the path of a file to append to, which is created if absent.
  // Up to `queue_max` lines wait for the disk. Errors: FIELD_INVALID for a path that cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const std::string& target,
                                                         int queue_max = kQueueMax);

  // Opens the file anew by its name, for when it was renamed: lines from now on go there. Errors as
  // for Open; then the old file stays.
  virtual absl::Status Reopen() = 0;

  // Writes what still waits.
  virtual ~AccessLog() = default;

  // Lines lost since the start, because they came too fast or the file did not take them.
  virtual int64_t dropped() const = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_ACCESS_LOG_H_
