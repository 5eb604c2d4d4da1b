#include "emptychair/client/retry_policy.h"

#include "emptychair/error.h"

namespace emptychair {

bool IsRetryable(const absl::Status& status) {
  return absl::IsUnavailable(status) ||
         (absl::IsResourceExhausted(status) && RetryDelayOf(status).has_value());
}

std::unique_ptr<RetryPolicy> LimitedTimeRetryPolicy::Clone() const {
  return std::make_unique<LimitedTimeRetryPolicy>(duration_);
}

bool LimitedTimeRetryPolicy::OnFailure(const absl::Status& status, absl::Duration elapsed) {
  return IsRetryable(status) && elapsed < duration_;
}

std::unique_ptr<RetryPolicy> LimitedAttemptsRetryPolicy::Clone() const {
  return std::make_unique<LimitedAttemptsRetryPolicy>(attempts_);
}

bool LimitedAttemptsRetryPolicy::OnFailure(const absl::Status& status, absl::Duration) {
  return ++failures_ < attempts_ && IsRetryable(status);
}

}  // namespace emptychair
