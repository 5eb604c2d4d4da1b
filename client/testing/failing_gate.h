// Refuses calls that a test wants to fail.
#ifndef EMPTYCHAIR_CLIENT_TESTING_FAILING_GATE_H_
#define EMPTYCHAIR_CLIENT_TESTING_FAILING_GATE_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/api/gatekeeper.h"

namespace emptychair::testing {

// Which of the next calls fail, and how. Thread-safe.
class FailurePlan {
 public:
  // The next `count` calls of `method`, a Method's name, or of all if it is empty, fail with
  // `error`. Replaces what was left of that.
  void Add(absl::string_view method, const absl::Status& error, int count);

  // The error of a call that has come; OK when it is not to fail.
  absl::Status Take(absl::string_view method);

 private:
  struct Failure {
    absl::Status error;
    int left = 0;
  };

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Failure> failures_ ABSL_GUARDED_BY(mutex_);
};

// Lets the plan decide, and then the server's own gatekeeper. Both must outlive it. Thread-safe.
class FailingGate final : public Gatekeeper {
 public:
  FailingGate(Gatekeeper* own, FailurePlan* plan) : own_(own), plan_(plan) {}

  absl::Status Identify(const Credentials& credentials, Caller& caller) override {
    return own_->Identify(credentials, caller);
  }
  absl::Status Authorize(const Method& method, const Caller& caller) override;
  void Denied(const Method& method, const Caller& caller, const absl::Status& refusal) override;
  absl::Status AdmitRecords(const Caller& caller, int64_t records) override {
    return own_->AdmitRecords(caller, records);
  }
  absl::Duration RecordDelay(const Caller& caller) override { return own_->RecordDelay(caller); }
  absl::Status Recheck(const Method& method, const Caller& caller) override {
    return own_->Recheck(method, caller);
  }

 private:
  Gatekeeper* const own_;
  FailurePlan* const plan_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_CLIENT_TESTING_FAILING_GATE_H_
