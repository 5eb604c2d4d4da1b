#include "emptychair/client/backoff_policy.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "emptychair/error.h"

namespace emptychair {

ExponentialBackoffPolicy::ExponentialBackoffPolicy(absl::Duration initial, absl::Duration maximum,
                                                   double growth, std::function<double()> jitter)
    : initial_(initial),
      maximum_(maximum),
      growth_(growth),
      jitter_(std::move(jitter)),
      next_(initial) {
  assert(initial > absl::ZeroDuration() && maximum >= initial && growth >= 1);
}

std::unique_ptr<BackoffPolicy> ExponentialBackoffPolicy::Clone() const {
  return std::make_unique<ExponentialBackoffPolicy>(initial_, maximum_, growth_, jitter_);
}

absl::Duration ExponentialBackoffPolicy::OnFailure(const absl::Status& status) {
  const absl::Duration jittered =
      next_ * (jitter_ != nullptr ? jitter_() : absl::Uniform(random_, 0.0, 1.0));
  next_ = std::min(next_ * growth_, maximum_);
  return RetryDelayOf(status).value_or(absl::ZeroDuration()) + jittered;
}

}  // namespace emptychair
