// Where a gRPC server takes connections, and what callers prove themselves with there.
#ifndef EMPTYCHAIR_SERVER_RPC_LISTENER_H_
#define EMPTYCHAIR_SERVER_RPC_LISTENER_H_

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "server/rpc/acceptor.h"

namespace emptychair {

// Hands the connections of an acceptor to a gRPC server. Thread-safe.
class Listener {
 public:
  // To be made before `builder` builds the server. Each listener of a server has its own
  // credentials.
  Listener(std::unique_ptr<Acceptor> acceptor, grpc::ServerBuilder& builder,
           std::shared_ptr<grpc::ServerCredentials> credentials);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Once the server was built.
  void Start();
  // Before the server is shut down. Idempotent, but not to be called by two threads at a time.
  void Stop() { acceptor_->Stop(); }

  const Acceptor& acceptor() const { return *acceptor_; }

 private:
  // Used by the acceptor's thread, and so gone after it.
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  const std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_LISTENER_H_
