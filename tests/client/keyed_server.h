// A server in the test's process that takes calls with the right key.
#ifndef EMPTYCHAIR_TESTS_CLIENT_KEYED_SERVER_H_
#define EMPTYCHAIR_TESTS_CLIENT_KEYED_SERVER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {

// Answers every method with nothing in particular: a unary call with an empty message, a batch of
// an upload with its acknowledgement, a watch with one change and then an error that ends it, other
// streams with their end. Thread-safe.
class KeyedServer {
 public:
  explicit KeyedServer(
      const std::string& key,
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials(),
      const std::string& address = "127.0.0.1:0");
  ~KeyedServer();

  int port() const { return port_; }

  // From now on this key alone is right.
  void SetKey(const std::string& key);
  // From now on all calls end with `status`.
  void RefuseAll(absl::Status status);

  // What came as `authorization`, call by call, as "Method: values".
  std::vector<std::string> calls() const;

 private:
  class Service;

  const std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CLIENT_KEYED_SERVER_H_
