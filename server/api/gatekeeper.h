// Finds out who calls, and whether that may be.
#ifndef EMPTYCHAIR_SERVER_API_GATEKEEPER_H_
#define EMPTYCHAIR_SERVER_API_GATEKEEPER_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/api/request_context.h"

namespace emptychair {

// What a caller brought to prove who it is, as its transport found it. The texts are the
// transport's and are gone when it has asked.
struct Credentials {
  // How the call came in.
  enum class Listener : uint8_t { kPlain, kTls, kAdminSocket };

  Listener listener = Listener::kPlain;
  // Values of the metadata `authorization`, all of them.
  absl::InlinedVector<absl::string_view, 1> authorization;
  // Subject alternative names of a certificate that was verified, as `uri:…` and `dns:…`.
  absl::InlinedVector<std::string, 2> certificate_sans;
  bool has_certificate = false;
  // The call came through a proxy, which makes others than this machine its callers.
  bool is_forwarded = false;
};

// Thread-safe.
class Gatekeeper {
 public:
  // Says who calls; `caller.peer` is not touched. Errors: KEY_REQUIRED, KEY_INVALID, KEY_REVOKED,
  // KEY_EXPIRED, CERTIFICATE_UNKNOWN.
  virtual absl::Status Identify(const Credentials& credentials, Caller& caller) = 0;

  // Whether the caller may call the method. Before its request is read, so that the answer to a
  // good request and a bad one is the same. Errors: NOT_PERMITTED, KEY_REQUIRED; RATE_LIMITED.
  virtual absl::Status Authorize(const Method& method, const Caller& caller) = 0;

  // Told of each call that was refused by one of the two above. Must not block.
  virtual void Denied(const Method& method, const Caller& caller, const absl::Status& refusal) = 0;

  // Lets records in that the caller sent, before anything is made of them. Errors: RATE_LIMITED,
  // QUOTA_EXCEEDED.
  virtual absl::Status AdmitRecords(const Caller& caller, int64_t records) = 0;

  // How long a stream of the caller's is not to be read, because it sent faster than its limit.
  virtual absl::Duration RecordDelay(const Caller& caller) = 0;

  // Whether a call that was let in, and is still under way, would be let in now. Errors: those of
  // the two above, but for RATE_LIMITED.
  virtual absl::Status Recheck(const Method& method, const Caller& caller) = 0;

 protected:
  ~Gatekeeper() = default;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_GATEKEEPER_H_
