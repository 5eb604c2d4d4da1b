// Unary calls by gRPC that no thread waits for.
#ifndef EMPTYCHAIR_CLIENT_ASYNC_GRPC_UNARY_CALLS_H_
#define EMPTYCHAIR_CLIENT_ASYNC_GRPC_UNARY_CALLS_H_

#include <grpcpp/channel.h>

#include <memory>
#include <thread>
#include <vector>

#include "client/api_key.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/options.h"

namespace emptychair {

// Has a completion queue and a thread of its own that takes what ends from it: answers, and timers
// between attempts. So nothing of a call, and no reference to a channel, is ever on a thread of
// gRPC's. Callbacks go to the executor of the options, or to a thread of its own. Thread-safe.
class GrpcUnaryCalls {
 public:
  // `key` can be null.
  GrpcUnaryCalls(const ClientOptions& options, std::shared_ptr<ApiKey> key,
                 const std::vector<std::shared_ptr<grpc::Channel>>& channels);
  // Cancels what is open and waits until each call's callback was given to the executor; with a
  // thread of its own until they are run. In a callback it does not wait: then the others come
  // later.
  ~GrpcUnaryCalls();
  GrpcUnaryCalls(const GrpcUnaryCalls&) = delete;
  GrpcUnaryCalls& operator=(const GrpcUnaryCalls&) = delete;

  AsyncCall Start(UnaryCall call);

 private:
  class Shared;
  class Call;

  // The thread has a part of it, so that it can end after the destructor, where it runs that
  // itself.
  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ASYNC_GRPC_UNARY_CALLS_H_
