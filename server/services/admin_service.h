// AdminService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "server/rpc/raw_methods.h"
#include "server/rpc/stream_call.h"
#include "server/services/maintenance_status.h"
#include "storage/store.h"

namespace emptychair {

using AdminServiceBase =
    RawMethods<v1::AdminService::Service, v1::AdminService::WithRawCallbackMethod_GetStatus,
               v1::AdminService::WithRawCallbackMethod_VerifyStore,
               v1::AdminService::WithRawCallbackMethod_RebuildCube,
               v1::AdminService::WithRawCallbackMethod_CompactStore>::Type;

// Thread-safe. What it is given must outlive it.
class AdminServiceImpl final : public AdminServiceBase {
 public:
  AdminServiceImpl(storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock), start_time_(clock->Now()) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* VerifyStore(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* RebuildCube(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CompactStore(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  absl::Status Status(v1::GetStatusResponse& response) const;
  absl::Status Verify(StreamWriter<v1::VerifyStoreResponse>& writer);
  absl::Status Rebuild(v1::RebuildCubeResponse& response);
  absl::Status Compact(v1::CompactStoreResponse& response);
  // Shows how far a unary task is; SHUTTING_DOWN once it must end.
  absl::Status Show(RunningTask& task, const storage::TaskProgress& progress) const;

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
  const absl::Time start_time_;
  MaintenanceStatus maintenance_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
