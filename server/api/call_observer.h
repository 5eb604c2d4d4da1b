// Tells logs and counters of calls that have ended.
#ifndef EMPTYCHAIR_SERVER_API_CALL_OBSERVER_H_
#define EMPTYCHAIR_SERVER_API_CALL_OBSERVER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/api/request_context.h"

namespace emptychair {

// Describes a call that has ended. Holds nothing of what the caller sent but the request id.
struct FinishedCall {
  const RequestContext& context;
  // When the call arrived.
  absl::Time start_time;
  absl::StatusCode code = absl::StatusCode::kOk;
  // Reason of the error, for example "SURVEY_NOT_FOUND"; empty: none.
  absl::string_view reason;
  // From the call's arrival to the moment its answer was ready, by a clock that nobody sets.
  absl::Duration duration;
  // Records that the call brought, of all its messages: of submissions alone, else 0.
  int64_t records = 0;
  // Of all messages of the call, as they travelled.
  int64_t request_bytes = 0;
  int64_t response_bytes = 0;
};

// Is told of every call. Thread-safe.
class CallObserver {
 public:
  // Called once for each call, refused ones too, on whatever thread answers the call: must be quick
  // and must not block. `call` is gone when this returns.
  virtual void CallFinished(const FinishedCall& call) = 0;

 protected:
  ~CallObserver() = default;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_CALL_OBSERVER_H_
