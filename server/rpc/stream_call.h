// Serves gRPC calls of one request and many responses, which a handler writes.
#ifndef EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Begins a call of `method`, a MethodSpec::Stream. `request` is gRPC's and outlives the call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* ServeStream(CallRunner* runner,
                                                        const MethodSpec* method,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_
