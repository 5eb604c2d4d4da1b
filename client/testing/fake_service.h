// Serves FakeService: what a test asks of a fake server in another process.
#ifndef EMPTYCHAIR_CLIENT_TESTING_FAKE_SERVICE_H_
#define EMPTYCHAIR_CLIENT_TESTING_FAKE_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "emptychair/testing/fake_server.h"

namespace grpc {
class Server;
}  // namespace grpc

namespace emptychair::testing {

// FakeService on a port of its own, so that its answers outlive the connections and the server that
// they are about. Thread-safe.
class FakeControl {
 public:
  // Listens on a free port of 127.0.0.1. `server` must outlive it.
  static absl::StatusOr<std::unique_ptr<FakeControl>> Start(FakeServer* server);

  ~FakeControl();
  FakeControl(const FakeControl&) = delete;
  FakeControl& operator=(const FakeControl&) = delete;

  // "127.0.0.1:PORT".
  const std::string& endpoint() const { return endpoint_; }

 private:
  class Service;

  explicit FakeControl(FakeServer* server);

  const std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::string endpoint_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_CLIENT_TESTING_FAKE_SERVICE_H_
