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

  // How long to wait before another attempt; nothing when the policies have had enough or it would
  // begin after the timeout. Who the caller is, and what it may do, no waiting changes: only
  // another key does, which is tried at once.
  std::optional<absl::Duration> DelayAfter(const absl::Status& status) {
    if (IsAboutCaller(status)) {
      return key_ != nullptr && key_->RenewAfter(status) ? std::optional(absl::ZeroDuration())
                                                         : std::nullopt;
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
      return std::nullopt;
    }
    const absl::Duration delay = backoff_->OnFailure(status);
    return spent + delay < options_.timeout ? std::optional(delay) : std::nullopt;
  }

  // Waits that long and answers true when another attempt is worth it; false at once.
  bool WaitAfter(const absl::Status& status) {
    const std::optional<absl::Duration> delay = DelayAfter(status);
    if (delay.has_value() && !IsAboutCaller(status)) {
      options_.sleep(*delay);
    }
    return delay.has_value();
  }

  // Since Begin, or since the first failure.
  absl::Duration elapsed() const { return options_.now() - *since_; }

 private:
  static bool IsAboutCaller(const absl::Status& status) {
    return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
  }

  const ClientOptions& options_;
  CallKey* const key_;
  std::optional<absl::Time> since_;
  std::unique_ptr<RetryPolicy> retry_;
  std::unique_ptr<BackoffPolicy> backoff_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_RETRIES_H_
