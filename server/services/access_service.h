// Handles the methods of AccessService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_ACCESS_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_ACCESS_SERVICE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "emptychair/v1/access_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive the service, which must outlive all its calls.
class AccessService {
 public:
  AccessService(storage::Store* store, const Clock* clock)
      : store_(store), clock_(clock), auditor_(store, clock) {}
  AccessService(const AccessService&) = delete;
  AccessService& operator=(const AccessService&) = delete;

  void AddTo(MethodTable& table);

  void CreateKey(const RequestContext& context, const v1::CreateKeyRequest& request,
                 v1::CreateKeyResponse& response, ReplyHandle reply);
  absl::Status GetKey(const RequestContext& context, const v1::GetKeyRequest& request,
                      v1::GetKeyResponse& response) const;
  absl::Status ListKeys(const RequestContext& context, const v1::ListKeysRequest& request,
                        v1::ListKeysResponse& response) const;
  void UpdateKey(const RequestContext& context, const v1::UpdateKeyRequest& request,
                 v1::UpdateKeyResponse& response, ReplyHandle reply);
  void RotateKey(const RequestContext& context, const v1::RotateKeyRequest& request,
                 v1::RotateKeyResponse& response, ReplyHandle reply);
  void RevokeKey(const RequestContext& context, const v1::RevokeKeyRequest& request,
                 v1::RevokeKeyResponse& response, ReplyHandle reply);
  absl::Status ListAuditEvents(const RequestContext& context,
                               const v1::ListAuditEventsRequest& request,
                               v1::ListAuditEventsResponse& response) const;
  absl::Status GetCaller(const RequestContext& context, const v1::GetCallerRequest& request,
                         v1::GetCallerResponse& response) const;

 private:
  void StartUpdate(const RequestContext& context,
                   std::shared_ptr<const v1::UpdateKeyRequest> request,
                   v1::UpdateKeyResponse& response, ReplyHandle reply);

  storage::Store* const store_;
  const Clock* const clock_;
  const Auditor auditor_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_ACCESS_SERVICE_H_
