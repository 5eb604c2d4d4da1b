// Callers and a gatekeeper for tests that are not about who may what.
#ifndef EMPTYCHAIR_TESTS_SERVER_API_FAKES_H_
#define EMPTYCHAIR_TESTS_SERVER_API_FAKES_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "emptychair/v1/access_options.pb.h"
#include "server/api/gatekeeper.h"
#include "server/api/request_context.h"

namespace emptychair {

// A caller who may do everything.
inline Caller AllPowerfulCaller() {
  Caller caller;
  caller.kind = Caller::Kind::kAdminSocket;
  caller.role = v1::ROLE_ADMIN;
  for (int number = v1::Permission_MIN; number <= v1::Permission_MAX; ++number) {
    caller.permissions = caller.permissions | PermissionSet{static_cast<v1::Permission>(number)};
  }
  caller.has_all_surveys = true;
  return caller;
}

// Lets everybody do everything.
class OpenGate final : public Gatekeeper {
 public:
  absl::Status Identify(const Credentials&, Caller& caller) override {
    const std::string peer = caller.peer;
    caller = AllPowerfulCaller();
    caller.peer = peer;
    return absl::OkStatus();
  }
  absl::Status Authorize(const Method&, const Caller&) override { return absl::OkStatus(); }
  void Denied(const Method&, const Caller&, const absl::Status&) override {}
  absl::Status AdmitRecords(const Caller&, int64_t) override { return absl::OkStatus(); }
  absl::Duration RecordDelay(const Caller&) override { return absl::ZeroDuration(); }
  absl::Status Recheck(const Method&, const Caller&) override { return absl::OkStatus(); }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_SERVER_API_FAKES_H_
