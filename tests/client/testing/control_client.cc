#include "tests/client/testing/control_client.h"

#include <grpcpp/grpcpp.h>

#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/testing/v1/fake_service.grpc.pb.h"

namespace emptychair::testing {

class ControlClient::Stub {
 public:
  explicit Stub(const std::string& endpoint)
      : stub_(v1::FakeService::NewStub(
            grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials()))) {}

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::FakeService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return FromGrpc((stub_.get()->*method)(&context, request, &response));
  }

 private:
  const std::unique_ptr<v1::FakeService::Stub> stub_;
};

ControlClient::ControlClient(const std::string& endpoint)
    : stub_(std::make_unique<Stub>(endpoint)) {}

ControlClient::~ControlClient() = default;

absl::Status ControlClient::SetTime(int64_t seconds, int32_t nanos) {
  v1::SetTimeRequest request;
  request.mutable_time()->set_seconds(seconds);
  request.mutable_time()->set_nanos(nanos);
  v1::SetTimeResponse response;
  return stub_->Call(&v1::FakeService::Stub::SetTime, request, response);
}

absl::Status ControlClient::SetNoTime() {
  v1::SetTimeResponse response;
  return stub_->Call(&v1::FakeService::Stub::SetTime, v1::SetTimeRequest(), response);
}

absl::Status ControlClient::FailNext(const std::string& method, int32_t code, int32_t count,
                                     const std::string& message) {
  v1::FailNextRequest request;
  request.set_method(method);
  request.set_code(code);
  request.set_count(count);
  request.set_message(message);
  v1::FailNextResponse response;
  return stub_->Call(&v1::FakeService::Stub::FailNext, request, response);
}

absl::StatusOr<int> ControlClient::DropConnections() {
  v1::DropConnectionsResponse response;
  RETURN_IF_ERROR(
      stub_->Call(&v1::FakeService::Stub::DropConnections, v1::DropConnectionsRequest(), response));
  return response.dropped();
}

absl::Status ControlClient::Restart() {
  v1::RestartResponse response;
  return stub_->Call(&v1::FakeService::Stub::Restart, v1::RestartRequest(), response);
}

}  // namespace emptychair::testing
