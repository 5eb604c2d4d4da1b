#include "server/rpc/unknown_method.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "server/rpc/grpc_call.h"

namespace emptychair {
namespace {

constexpr size_t kLoggedNameBytesMax = 128;

// What the caller asked for, as logs may have it: a base, so that it is there before the call is.
struct Asked {
  explicit Asked(const grpc::GenericCallbackServerContext& context)
      : path(context.method()),
        method{
            .name = absl::CHexEscape(absl::StripPrefix(path, "/")).substr(0, kLoggedNameBytesMax),
            .permission = v1::PERMISSION_ANY} {}

  const std::string path;
  const Method method;
};

class UnknownCall final : private Asked, public grpc::ServerGenericBidiReactor, public Call {
 public:
  UnknownCall(CallRunner* runner, grpc::GenericCallbackServerContext* context)
      : Asked(*context),
        Call(runner, ContextOf(method, *context, *runner)),
        grpc_context_(context) {}

  void Begin() {
    if (Admit(CredentialsOf(*grpc_context_))) {
      ReplyForHandler(Error(v1::ERROR_REASON_METHOD_UNKNOWN,
                            absl::StrCat("there is no method ", Quoted(path, 256),
                                         "; is the client newer than the server?"),
                            {{"method", method.name}}));
    }
  }

  bool IsCancelled() const override { return grpc_context_->IsCancelled(); }

 private:
  void FinishCall(const absl::Status& status) override {
    Finish(EndOf(status, context().request_id, *grpc_context_));
  }
  void OnDone() override { Done(); }

  grpc::CallbackServerContext* const grpc_context_;
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  auto* call = new UnknownCall(runner_, context);
  call->Begin();
  return call;
}

}  // namespace emptychair
