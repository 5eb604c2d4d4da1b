#include "client/testing/fake_service.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/testing/v1/fake_service.grpc.pb.h"

namespace emptychair::testing {
namespace {

constexpr int32_t kNanosMax = 999'999'999;

absl::StatusOr<absl::Time> TimeOf(const v1::SetTimeRequest& request) {
  if (!request.has_time()) {
    return FieldError(emptychair::v1::ERROR_REASON_FIELD_REQUIRED, "time", "is missing");
  }
  if (request.time().nanos() < 0 || request.time().nanos() > kNanosMax) {
    return FieldError(emptychair::v1::ERROR_REASON_FIELD_INVALID, "time.nanos",
                      absl::StrCat("is ", request.time().nanos(), "; wanted 0 to ", kNanosMax));
  }
  return FromTimestamp(request.time());
}

}  // namespace

class FakeControl::Service final : public v1::FakeService::Service {
 public:
  explicit Service(FakeServer* server) : server_(server) {}

  grpc::Status SetTime(grpc::ServerContext*, const v1::SetTimeRequest* request,
                       v1::SetTimeResponse*) override {
    const absl::StatusOr<absl::Time> time = TimeOf(*request);
    return ToGrpc(time.ok() ? server_->SetTime(*time) : time.status());
  }

  grpc::Status FailNext(grpc::ServerContext*, const v1::FailNextRequest* request,
                        v1::FailNextResponse*) override {
    return ToGrpc(server_->FailNext(request->method(),
                                    static_cast<absl::StatusCode>(request->code()),
                                    request->count(), request->message()));
  }

  grpc::Status DropConnections(grpc::ServerContext*, const v1::DropConnectionsRequest*,
                               v1::DropConnectionsResponse* response) override {
    response->set_dropped(server_->DropConnections());
    return grpc::Status::OK;
  }

  grpc::Status Restart(grpc::ServerContext*, const v1::RestartRequest*,
                       v1::RestartResponse*) override {
    return ToGrpc(server_->Restart());
  }

 private:
  FakeServer* const server_;
};

FakeControl::FakeControl(FakeServer* server) : service_(std::make_unique<Service>(server)) {}

FakeControl::~FakeControl() {
  if (grpc_server_ != nullptr) {
    grpc_server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
}

absl::StatusOr<std::unique_ptr<FakeControl>> FakeControl::Start(FakeServer* server) {
  std::unique_ptr<FakeControl> control(new FakeControl(server));
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(control->service_.get());
  control->grpc_server_ = builder.BuildAndStart();
  if (control->grpc_server_ == nullptr || port == 0) {
    return absl::UnavailableError("gRPC cannot listen on 127.0.0.1");
  }
  control->endpoint_ = absl::StrCat("127.0.0.1:", port);
  return control;
}

}  // namespace emptychair::testing
