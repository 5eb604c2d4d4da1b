// Serves the method table by gRPC.
#ifndef EMPTYCHAIR_SERVER_RPC_GRPC_SERVICE_H_
#define EMPTYCHAIR_SERVER_RPC_GRPC_SERVICE_H_

#include <memory>
#include <vector>

#include "grpcpp/impl/service_type.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Makes a service for each of those that methods of `table` belong to. Requests and responses go
// through gRPC as bytes. The table and `runner` must outlive the services.
std::vector<std::unique_ptr<grpc::Service>> MakeGrpcServices(CallRunner* runner,
                                                             const MethodTable& table);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_GRPC_SERVICE_H_
