// Serves gRPC calls of one request whose responses come as something happens.
#ifndef EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Begins a call of `method`, a MethodSpec::Feed. `request` is gRPC's and outlives the call.
grpc::ServerWriteReactor<grpc::ByteBuffer>* ServeFeed(CallRunner* runner, const MethodSpec* method,
                                                      grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_
