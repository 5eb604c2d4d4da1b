// Finds out who calls by keys, certificates and listeners, and what that caller may do.
#ifndef EMPTYCHAIR_SERVER_ACCESS_ACCESS_GATE_H_
#define EMPTYCHAIR_SERVER_ACCESS_ACCESS_GATE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "emptychair/v1/access_types.pb.h"
#include "server/access/denial_counter.h"
#include "server/access/key_meter.h"
#include "server/api/gatekeeper.h"
#include "storage/store.h"

namespace emptychair {

// What was sent decides, and nothing falls through: a wrong key is refused where none is needed, on
// the admin socket and beside a certificate. In this order: key, certificate, admin socket,
// anonymous. Thread-safe. `store` and `clock` must outlive it.
class AccessGate final : public Gatekeeper {
 public:
  // `anonymous`: the role of callers who do not say who they are; ROLE_UNSPECIFIED: none.
  AccessGate(const storage::Store* store, v1::Role anonymous, const Clock* clock);

  absl::Status Identify(const Credentials& credentials, Caller& caller) override;
  absl::Status Authorize(const Method& method, const Caller& caller) override;
  void Denied(const Method& method, const Caller& caller, const absl::Status& refusal) override;
  absl::Status AdmitRecords(const Caller& caller, int64_t records) override;
  absl::Duration RecordDelay(const Caller& caller) override;
  absl::Status Recheck(const Method& method, const Caller& caller) override;

  KeyMeter& meter() { return meter_; }
  DenialCounter& denials() { return denials_; }

 private:
  absl::Status IdentifyByKey(const Credentials& credentials, Caller& caller) const;
  absl::Status IdentifyByCertificate(const Credentials& credentials, Caller& caller) const;
  // Whether a caller may call the method, whatever its limits.
  static absl::Status CheckMay(const Method& method, const Caller& caller);
  // The caller's entry at present; null for callers without one.
  std::shared_ptr<const store::v1::StoredAccess> EntryOf(const Caller& caller) const;

  const storage::Store* const store_;
  const v1::Role anonymous_;
  const Clock* const clock_;
  // No text has this hash; compared with in place of that of a key that is not there.
  const std::string no_hash_;
  KeyMeter meter_;
  DenialCounter denials_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_ACCESS_GATE_H_
