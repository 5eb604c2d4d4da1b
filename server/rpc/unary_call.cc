#include "server/rpc/unary_call.h"

#include <utility>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "server/api/message_arena.h"
#include "server/api/parse_request.h"
#include "server/rpc/grpc_call.h"
#include "server/rpc/raw_message.h"

namespace emptychair {
namespace {

using google::protobuf::Message;

// A call together with its response: one allocation. The call ends when it is answered, and is
// answered by gRPC's own reactor: the end of any other comes through one more of gRPC's threads,
// which has to wake up for it.
class UnaryCall final : public GrpcCall {
 public:
  UnaryCall(CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context,
            const grpc::ByteBuffer* request, grpc::ByteBuffer* answer)
      : GrpcCall(runner, method, context),
        reactor_(context->DefaultReactor()),
        body_(request),
        answer_(answer) {
    AddRequestBytes(body_.size());
  }

  // For gRPC, also when the call has ended.
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

  void Begin() {
    if (!Admit()) {
      return;
    }
    if (const auto* scheduled = std::get_if<MethodSpec::Scheduled>(&method().handler)) {
      Schedule(*scheduled);
      return;
    }
    const auto& unary = std::get<MethodSpec::Unary>(method().handler);
    if (unary.lane.has_value()) {
      RunOn(*unary.lane, [this, &unary] {
        if (IsAwaited()) {
          Start(unary);
        }
      });
    } else {
      Start(unary);
    }
  }

 private:
  void Start(const MethodSpec::Unary& unary) {
    Guard([this, &unary] {
      ReplyHandle reply(this);
      MessageArena arena;
      const absl::StatusOr<const Message*> request = ParseRequest(method(), body_, arena);
      if (!request.ok()) {
        reply(request.status());
        return;
      }
      response_ = &arena_.Make(*method().response);
      unary.start(context(), **request, *response_, std::move(reply));
    });
  }

  void Schedule(const MethodSpec::Scheduled& scheduled) {
    absl::StatusOr<AnyScheduledWork> work = absl::InternalError(kNoReply);
    Guard([&] { work = Prepare(scheduled); });
    if (!work.ok()) {
      ReplyForHandler(work.status());
      return;
    }
    run_ = std::move(work->run);
    plan_ = std::move(work->plan);
    RunOn(work->lane, [this, lane = work->lane] {
      if (IsAwaited()) {
        Plan(lane);
      }
    });
  }

  // Runs on the lane that the plan says, which is as a rule the one that it is made on.
  void Plan(Lane lane) {
    absl::StatusOr<Lane> planned = lane;
    if (plan_ != nullptr) {
      planned = absl::InternalError(kNoReply);
      Guard([&] { planned = plan_(); });
      plan_ = nullptr;
    }
    if (!planned.ok()) {
      ReplyForHandler(planned.status());
      return;
    }
    if (*planned == lane) {
      RunScheduled();
      return;
    }
    // Not refused for what waits there: what was found on the way would be lost, and sought again.
    const absl::Status going_on = RunPaced(*planned, [this] {
      if (IsAwaited()) {
        RunScheduled();
      }
    });
    if (!going_on.ok()) {
      ReplyForHandler(going_on);
    }
  }

  absl::StatusOr<AnyScheduledWork> Prepare(const MethodSpec::Scheduled& scheduled) {
    MessageArena arena;
    ASSIGN_OR_RETURN(const Message* request, ParseRequest(method(), body_, arena));
    return scheduled.schedule(context(), *request);
  }

  void RunScheduled() {
    Guard([this] {
      ReplyHandle reply(this);
      // On the stack, because answering deletes this call while the function still exists.
      absl::AnyInvocable<absl::Status(Message&)> run = std::move(run_);
      response_ = &arena_.Make(*method().response);
      reply(run(*response_));
    });
  }

  void FinishCall(const absl::Status& status) override {
    if (status.ok()) {
      AddResponseBytes(SerializeMessage(*response_, *answer_));
    }
    const grpc::Status end = ToEnd(status);
    // Before the end, after which the server may be gone.
    Leave();
    reactor_->Finish(end);
    delete this;
  }

  grpc::ServerUnaryReactor* const reactor_;
  const RawRequest body_;
  grpc::ByteBuffer* const answer_;
  absl::AnyInvocable<absl::Status(Message&)> run_;
  absl::AnyInvocable<absl::StatusOr<Lane>()> plan_;
  MessageArena arena_;
  Message* response_ = nullptr;
};

}  // namespace

grpc::ServerUnaryReactor* ServeUnary(CallRunner* runner, const MethodSpec* method,
                                     grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  auto* call = new UnaryCall(runner, method, context, request, response);
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  call->Begin();
  return reactor;
}

}  // namespace emptychair
