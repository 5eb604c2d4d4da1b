// Answers calls of methods that no service has.
#ifndef EMPTYCHAIR_SERVER_RPC_UNKNOWN_METHOD_H_
#define EMPTYCHAIR_SERVER_RPC_UNKNOWN_METHOD_H_

#include "grpcpp/generic/async_generic_service.h"
#include "server/call/call_runner.h"

namespace emptychair {

// METHOD_UNKNOWN, as calls that every observer is told of. To be registered beside the services,
// which gRPC asks first. Thread-safe.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  // `runner` must outlive the service.
  explicit UnknownMethods(CallRunner* runner) : runner_(runner) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  CallRunner* const runner_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_UNKNOWN_METHOD_H_
