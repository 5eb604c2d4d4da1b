// Retries a call by the policies of the options.
#ifndef EMPTYCHAIR_CLIENT_RETRIES_H_
#define EMPTYCHAIR_CLIENT_RETRIES_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/api_key.h"
#include "emptychair/client/options.h"

namespace emptychair {

// The failures since something last went well, and what the policies say of them. For one thread;
// `options` must outlive it, and so must `key`, unless it is null.
class Retries {
 public:
  explicit Retries(const ClientOptions& options, CallKey* key = nullptr)
      : options_(options), key_(key) {}

  // Something begins, or has gone well: the next failure is the first again, and time counts from
  // now, or with ForgetUntilFailure from that failure.
  void Begin() {
    ForgetUntilFailure();
    since_ = options_.now();
  }
  void ForgetUntilFailure() {
    since_.reset();
    retry_.reset();
    backoff_.reset();
    if (key_ != nullptr) {
      key_->Begin();
    }
  }

  // Waits and answers true when another attempt is worth it; false, at once, when the policies have
  // had enough or the next would begin after the timeout. Who the caller is, and what it may do, no
  // waiting changes: only another key does, which is tried without a wait.
  bool WaitAfter(const absl::Status& status) {
    if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status)) {
      return key_ != nullptr && key_->RenewAfter(status);
    }
    if (!since_.has_value()) {
      since_ = options_.now();
    }
    if (retry_ == nullptr) {  // Not before there is a failure: most calls never need them.
      retry_ = options_.retry_policy->Clone();
      backoff_ = options_.backoff_policy->Clone();
    }
    const absl::Duration spent = elapsed();
    if (!retry_->OnFailure(status, spent)) {
      return false;
    }
    const absl::Duration delay = backoff_->OnFailure(status);
    if (spent + delay >= options_.timeout) {
      return false;
    }
    options_.sleep(delay);
    return true;
  }

  // Since Begin, or since the first failure.
  absl::Duration elapsed() const { return options_.now() - *since_; }

 private:
  const ClientOptions& options_;
  CallKey* const key_;
  std::optional<absl::Time> since_;
  std::unique_ptr<RetryPolicy> retry_;
  std::unique_ptr<BackoffPolicy> backoff_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRIES_H_
