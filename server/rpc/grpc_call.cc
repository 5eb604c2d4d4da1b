#include "server/rpc/grpc_call.h"

#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "grpc/grpc_security_constants.h"

namespace emptychair {
namespace {

constexpr std::array<const char*, 3> kProxyHeaders = {"forwarded", "x-forwarded-for", "via"};

RequestId RequestIdOf(const grpc::CallbackServerContext& context, CallRunner& runner) {
  const auto& metadata = context.client_metadata();
  const auto sent = metadata.find("x-request-id");
  std::optional<RequestId> id;
  if (sent != metadata.end()) {
    id = RequestId::FromCaller({sent->second.data(), sent->second.size()});
  }
  return id.has_value() ? *id : runner.NewRequestId();
}

// Two would name two callers: then there is none.
std::optional<TraceParent> TraceOf(const grpc::CallbackServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range("traceparent");
  if (begin == end || std::next(begin) != end) {
    return std::nullopt;
  }
  return TraceParent::Parse({begin->second.data(), begin->second.size()});
}

using Listener = Credentials::Listener;

// By the kind of transport alone: the address of every Unix socket looks alike, and a connection to
// one counts as authenticated.
Listener ListenerOf(const grpc::AuthContext& auth) {
  const std::vector<grpc::string_ref> types =
      auth.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  if (types.size() != 1) {
    return Listener::kPlain;
  }
  return types[0] == "local" ? Listener::kAdminSocket
         : types[0] == GRPC_SSL_TRANSPORT_SECURITY_TYPE || types[0] == "tls" ? Listener::kTls
                                                                             : Listener::kPlain;
}

void AddNames(const grpc::AuthContext& auth, const char* property, absl::string_view prefix,
              bool folds_case, Credentials& credentials) {
  for (const grpc::string_ref& value : auth.FindPropertyValues(property)) {
    const absl::string_view name(value.data(), value.size());
    credentials.certificate_sans.push_back(
        absl::StrCat(prefix, folds_case ? absl::AsciiStrToLower(name) : std::string(name)));
  }
}

}  // namespace

Credentials CredentialsOf(const grpc::CallbackServerContext& context) {
  Credentials credentials;
  const auto& metadata = context.client_metadata();
  const auto [begin, end] = metadata.equal_range("authorization");
  for (auto it = begin; it != end; ++it) {
    credentials.authorization.push_back({it->second.data(), it->second.size()});
  }
  credentials.is_forwarded =
      absl::c_any_of(kProxyHeaders, [&](const char* name) { return metadata.contains(name); });
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  credentials.listener = ListenerOf(*auth);
  if (credentials.listener == Listener::kTls) {
    credentials.has_certificate =
        !auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME).empty();
    AddNames(*auth, GRPC_PEER_URI_PROPERTY_NAME, "uri:", /*folds_case=*/false, credentials);
    AddNames(*auth, GRPC_PEER_DNS_PROPERTY_NAME, "dns:", /*folds_case=*/true, credentials);
  }
  return credentials;
}

// gRPC has one copy of a connection's properties, which its calls hold: the copy's address is its
// name. The addresses of clients are none: those of all Unix sockets are alike.
const void* ConnectionOf(const grpc::CallbackServerContext& context) {
  const std::vector<grpc::string_ref> types =
      context.auth_context()->FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return types.empty() ? nullptr : types.front().data();
}

// All is asked for at once: gRPC has forgotten the address when the connection is gone.
RequestContext ContextOf(const Method& method, const grpc::CallbackServerContext& context,
                         CallRunner& runner) {
  return {.method = &method,
          .caller = {.kind = Caller::Kind::kAnonymous, .peer = context.peer()},
          .deadline = absl::FromChrono(context.deadline()),
          .request_id = RequestIdOf(context, runner),
          .trace = TraceOf(context)};
}

GrpcCall::GrpcCall(CallRunner* runner, const MethodSpec* method,
                   grpc::CallbackServerContext* context)
    : Call(runner, ContextOf(method->method, *context, *runner)),
      method_(method),
      grpc_context_(context) {}

grpc::Status EndOf(const absl::Status& status, const RequestId& request_id,
                   grpc::CallbackServerContext& context) {
  context.AddTrailingMetadata("x-request-id", std::string(request_id.text()));
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
