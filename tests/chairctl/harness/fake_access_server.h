// A service in the test's process that answers calls about keys and the audit as it is told.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_ACCESS_SERVER_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_ACCESS_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "emptychair/v1/access_service.grpc.pb.h"
#include "emptychair/v1/admin_service.grpc.pb.h"

namespace emptychair {

// What the service is to answer, and what it was asked. Change it between calls of chairctl alone.
struct AccessPlan {
  // Of every call about one key, and of lists, in pages of two.
  v1::Key key;
  std::vector<v1::Key> keys;
  std::string key_text;
  v1::GetCallerResponse caller;
  // Answered in pages of two.
  v1::ListAuditEventsResponse audit;
  // What the check of the audit tells.
  std::vector<v1::VerifyStoreResponse> verdict;
  // With what every call ends.
  absl::Status status;

  // The requests, as text, in order.
  std::vector<std::string> requests;
  // Those of changes.
  v1::CreateKeyRequest created;
  v1::UpdateKeyRequest updated;
  v1::RotateKeyRequest rotated;
  // What the last call sent as `authorization`.
  std::string authorization;
};

class FakeAccessServer {
 public:
  explicit FakeAccessServer(
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials(),
      const std::string& address = "127.0.0.1:0");
  ~FakeAccessServer();

  // "127.0.0.1:PORT".
  const std::string& endpoint() const { return endpoint_; }
  AccessPlan& plan() { return plan_; }

 private:
  class Service;
  class Admin;

  AccessPlan plan_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_ACCESS_SERVER_H_
