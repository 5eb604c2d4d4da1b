#include "emptychair/client/backoff_policy.h"

#include <algorithm>
#include <cassert>

#include "emptychair/error.h"

namespace emptychair {

ExponentialBackoffPolicy::ExponentialBackoffPolicy(absl::Duration initial, absl::Duration maximum,
                                                   double growth)
    : initial_(initial), maximum_(maximum), growth_(growth), next_(initial) {
  assert(initial > absl::ZeroDuration() && maximum >= initial && growth >= 1);
}

std::unique_ptr<BackoffPolicy> ExponentialBackoffPolicy::Clone() const {
  return std::make_unique<ExponentialBackoffPolicy>(initial_, maximum_, growth_);
}

absl::Duration ExponentialBackoffPolicy::OnFailure(const absl::Status& status) {
  const absl::Duration jittered = next_ * absl::Uniform(absl::IntervalClosed, random_, 0.5, 1.0);
  next_ = std::min(next_ * growth_, maximum_);
  return RetryDelayOf(status).value_or(absl::ZeroDuration()) + jittered;
}

}  // namespace emptychair
