// Serves gRPC calls of one request and one response.
#ifndef EMPTYCHAIR_SERVER_RPC_UNARY_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_UNARY_CALL_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Begins a call of `method`, a MethodSpec::Unary or Scheduled. `request` and `response` are gRPC's
// and outlive the call. Never null.
grpc::ServerUnaryReactor* ServeUnary(CallRunner* runner, const MethodSpec* method,
                                     grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_UNARY_CALL_H_
