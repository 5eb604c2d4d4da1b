// A policy whose waits a test can foresee.
#ifndef EMPTYCHAIR_TESTS_CLIENT_FIXED_BACKOFF_POLICY_H_
#define EMPTYCHAIR_TESTS_CLIENT_FIXED_BACKOFF_POLICY_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "emptychair/client/backoff_policy.h"

namespace emptychair {

// Waits as long as the server asks, else a second.
class FixedBackoffPolicy final : public BackoffPolicy {
 public:
  std::unique_ptr<BackoffPolicy> Clone() const override {
    return std::make_unique<FixedBackoffPolicy>();
  }
  absl::Duration OnFailure(const absl::Status& status) override {
    return RetryDelayOf(status).value_or(absl::Seconds(1));
  }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CLIENT_FIXED_BACKOFF_POLICY_H_
