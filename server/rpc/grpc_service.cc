#include "server/rpc/grpc_service.h"

#include <deque>
#include <map>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/feed_call.h"
#include "server/rpc/pipeline_call.h"
#include "server/rpc/stream_call.h"
#include "server/rpc/unary_call.h"

namespace emptychair {
namespace {

using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::internal::MethodHandler;
using grpc::internal::RpcMethod;

// What the generated code of a service does, for messages that stay bytes.
class GrpcService final : public grpc::Service {
 public:
  explicit GrpcService(CallRunner* runner) : runner_(runner) {}

  void Add(const MethodSpec& method) {
    const std::string& path = paths_.emplace_back(absl::StrCat(
        "/", method.descriptor->service()->full_name(), "/", method.descriptor->name()));
    AddMethod(new grpc::internal::RpcServiceMethod(path.c_str(), TypeOf(method), nullptr));
    MarkMethodRawCallback(static_cast<int>(paths_.size()) - 1, HandlerOf(&method));
  }

 private:
  static RpcMethod::RpcType TypeOf(const MethodSpec& method) {
    if (method.descriptor->client_streaming()) {
      return RpcMethod::BIDI_STREAMING;
    }
    return method.descriptor->server_streaming() ? RpcMethod::SERVER_STREAMING
                                                 : RpcMethod::NORMAL_RPC;
  }

  MethodHandler* HandlerOf(const MethodSpec* method) const {
    if (std::holds_alternative<MethodSpec::Pipeline>(method->handler)) {
      return new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
          [runner = runner_, method](CallbackServerContext* context) {
            return ServePipeline(runner, method, context);
          });
    }
    if (std::holds_alternative<MethodSpec::Stream>(method->handler)) {
      return new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
          [runner = runner_, method](CallbackServerContext* context, const ByteBuffer* request) {
            return ServeStream(runner, method, context, request);
          });
    }
    if (std::holds_alternative<MethodSpec::Feed>(method->handler)) {
      return new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
          [runner = runner_, method](CallbackServerContext* context, const ByteBuffer* request) {
            return ServeFeed(runner, method, context, request);
          });
    }
    return new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
        [runner = runner_, method](CallbackServerContext* context, const ByteBuffer* request,
                                   ByteBuffer* response) {
          return ServeUnary(runner, method, context, request, response);
        });
  }

  CallRunner* const runner_;
  // gRPC points at the names of its methods.
  std::deque<std::string> paths_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeGrpcServices(CallRunner* runner,
                                                             const MethodTable& table) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::map<const google::protobuf::ServiceDescriptor*, GrpcService*> by_descriptor;
  for (const MethodSpec& method : table) {
    GrpcService*& service = by_descriptor[method.descriptor->service()];
    if (service == nullptr) {
      auto made = std::make_unique<GrpcService>(runner);
      service = made.get();
      services.push_back(std::move(made));
    }
    service->Add(method);
  }
  return services;
}

}  // namespace emptychair
