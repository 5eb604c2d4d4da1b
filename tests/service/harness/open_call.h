// Calls that stay open, of any method.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_OPEN_CALL_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_OPEN_CALL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/status_conversion.h"
#include "grpc/grpc.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace emptychair::testing {

// A channel that shares its connection with no other.
inline std::shared_ptr<grpc::Channel> OwnConnection(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

// A call by its path, with the messages of its types.
template <typename Request, typename Response>
class OpenCall {
 public:
  // `authorization`: what is sent so; empty: nothing is.
  OpenCall(const std::shared_ptr<grpc::Channel>& channel, absl::string_view path,
           const std::string& authorization = "")
      : stub_(channel) {
    if (!authorization.empty()) {
      context_.AddMetadata("authorization", authorization);
    }
    call_ = stub_.PrepareCall(&context_, std::string(path), &queue_);
    call_->StartCall(nullptr);
    Next();
  }
  ~OpenCall() {
    context_.TryCancel();
    Finish().IgnoreError();
    queue_.Shutdown();
    while (Next()) {
    }
  }

  bool Write(const Request& request) {
    call_->Write(request, nullptr);
    return Next();
  }
  bool Read(Response& response) {
    call_->Read(&response, nullptr);
    return Next();
  }
  absl::Status Finish() {
    if (!is_finished_) {
      call_->Finish(&status_, nullptr);
      is_finished_ = Next();
    }
    return FromGrpc(status_);
  }

 private:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::TemplatedGenericStub<Request, Response> stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<Request, Response>> call_;
  grpc::Status status_;
  bool is_finished_ = false;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_OPEN_CALL_H_
