// Serves gRPC calls whose requests come one after the other and are answered in their order.
#ifndef EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Begins a call of `method`, a MethodSpec::Pipeline.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ServePipeline(
    CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_
