#include "server/rpc/grpc_call.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {
namespace {

RequestId RequestIdOf(const grpc::CallbackServerContext& context, CallRunner& runner) {
  const auto& metadata = context.client_metadata();
  const auto sent = metadata.find("x-request-id");
  std::optional<RequestId> id;
  if (sent != metadata.end()) {
    id = RequestId::FromCaller({sent->second.data(), sent->second.size()});
  }
  return id.has_value() ? *id : runner.NewRequestId();
}

}  // namespace

// All is asked for at once: gRPC has forgotten the address when the connection is gone.
RequestContext ContextOf(const Method& method, const grpc::CallbackServerContext& context,
                         CallRunner& runner) {
  return {.method = &method,
          .caller = {.kind = Caller::Kind::kAnonymous, .peer = context.peer()},
          .deadline = absl::FromChrono(context.deadline()),
          .request_id = RequestIdOf(context, runner)};
}

GrpcCall::GrpcCall(CallRunner* runner, const MethodSpec* method,
                   grpc::CallbackServerContext* context)
    : Call(runner, ContextOf(method->method, *context, *runner)),
      method_(method),
      grpc_context_(context) {}

grpc::Status EndOf(const absl::Status& status, grpc::CallbackServerContext& context) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  if (const std::optional<absl::Duration> delay = RetryDelayOf(status)) {
    const int64_t delay_ms = absl::ToInt64Milliseconds(absl::Ceil(*delay, absl::Milliseconds(1)));
    context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(delay_ms));
  }
  return ToGrpc(status);
}

}  // namespace emptychair
