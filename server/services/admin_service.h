// AdminService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive it.
class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(const storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock), start_time_(clock->Now()) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

 private:
  absl::Status Status(v1::GetStatusResponse& response) const;

  const storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
  const absl::Time start_time_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
