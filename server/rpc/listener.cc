#include "server/rpc/listener.h"

#include <utility>

namespace emptychair {

using grpc::experimental::ExternalConnectionAcceptor;

Listener::Listener(std::unique_ptr<Acceptor> acceptor, grpc::ServerBuilder& builder,
                   std::shared_ptr<grpc::ServerCredentials> credentials)
    : connections_(builder.experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
          std::move(credentials))),
      acceptor_(std::move(acceptor)) {}

void Listener::Start() {
  acceptor_->Start([connections = connections_.get()](int listener, int connection) {
    ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.listener_fd = listener;
    parameters.fd = connection;
    connections->HandleNewConnection(&parameters);
  });
}

}  // namespace emptychair
