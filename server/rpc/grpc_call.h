// Keeps what gRPC's calls of all shapes have in common.
#ifndef EMPTYCHAIR_SERVER_RPC_GRPC_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_GRPC_CALL_H_

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "server/api/gatekeeper.h"
#include "server/api/method_spec.h"
#include "server/api/request_context.h"
#include "server/call/call.h"
#include "server/call/call_runner.h"

namespace emptychair {

// Describes a call of `method` that came by gRPC, but for its cancellation.
RequestContext ContextOf(const Method& method, const grpc::CallbackServerContext& context,
                         CallRunner& runner);

// Makes the status that gRPC sends. Once, just before the end: the call's id goes into the trailing
// metadata as `x-request-id`, and the delay of a RetryInfo as `grpc-retry-pushback-ms`.
grpc::Status EndOf(const absl::Status& status, const RequestId& request_id,
                   grpc::CallbackServerContext& context);

// What the caller of a call that came by gRPC brought to prove who it is. Lives no longer than
// `context`.
Credentials CredentialsOf(const grpc::CallbackServerContext& context);

// What tells the connection of a call from all others while the call is there; null: not known.
const void* ConnectionOf(const grpc::CallbackServerContext& context);

// A call that came by gRPC. Takes the caller's address, the deadline and the metadata
// `x-request-id` and `traceparent` from gRPC's context.
class GrpcCall : public Call {
 public:
  GrpcCall(CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context);

  bool IsCancelled() const final { return grpc_context_->IsCancelled(); }

 protected:
  const MethodSpec& method() const { return *method_; }

  bool Admit() { return Call::Admit(CredentialsOf(*grpc_context_)); }

  bool AddStream(Stoppable* stream) {
    return Call::AddStream(stream, {.connection = ConnectionOf(*grpc_context_),
                                    .per_connection_max = method_->streams_per_connection_max});
  }

  grpc::Status ToEnd(const absl::Status& status) {
    return EndOf(status, context().request_id, *grpc_context_);
  }

 private:
  const MethodSpec* const method_;
  grpc::CallbackServerContext* const grpc_context_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_GRPC_CALL_H_
