#include "client/testing/failing_gate.h"

#include "common/base/status_macros.h"
#include "emptychair/error.h"

namespace emptychair::testing {

void FailurePlan::Add(absl::string_view method, const absl::Status& error, int count) {
  absl::MutexLock lock(&mutex_);
  failures_[method] = {error, count};
}

absl::Status FailurePlan::Take(absl::string_view method) {
  absl::MutexLock lock(&mutex_);
  for (const absl::string_view name : {method, absl::string_view()}) {
    if (const auto found = failures_.find(name); found != failures_.end()) {
      absl::Status error = found->second.error;
      if (--found->second.left == 0) {
        failures_.erase(found);
      }
      return error;
    }
  }
  return absl::OkStatus();
}

absl::Status FailingGate::Authorize(const Method& method, const Caller& caller) {
  RETURN_IF_ERROR(plan_->Take(method.name));
  return own_->Authorize(method, caller);
}

void FailingGate::Denied(const Method& method, const Caller& caller, const absl::Status& refusal) {
  // A planned error has no reason, and is no event of the store's audit.
  if (!ReasonNameOf(refusal).empty()) {
    own_->Denied(method, caller, refusal);
  }
}

}  // namespace emptychair::testing
