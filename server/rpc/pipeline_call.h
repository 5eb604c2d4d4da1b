// Calls whose messages come one after the other and are answered in their order. What call.h
// promises of a call holds for them, too.
#ifndef EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/rpc/pipeline.h"

namespace emptychair {

// Does what a Pipeline decides. For CallRunner only.
template <typename Request, typename Response, typename StartWork>
class PipelineCall final : public grpc::ServerBidiReactor<Request, Response>,
                           public Call,
                           public Stoppable {
 public:
  PipelineCall(CallRunner* runner, grpc::CallbackServerContext* context, const char* method,
               Lane lane, std::function<void(absl::AnyInvocable<void()>)> when_ready,
               StartWork start)
      : Call(runner, context, method),
        runner_(runner),
        method_(method),
        lane_(lane),
        when_ready_(std::move(when_ready)),
        start_(std::move(start)) {}

  void Begin() {
    runner_->AddStream(this);
    Do(pipeline_.Continue());
  }

  void Stop() override {
    if (pipeline_.Stop()) {
      runner_->executor_->SubmitPaced(lane_, [this] { Do(pipeline_.Continue()); }).IgnoreError();
    }
  }

 private:
  class Slot final : public PipelineSlot, public PendingReply {
   public:
    explicit Slot(PipelineCall* call) : call_(call) {}
    void ReplyForHandler(const absl::Status& status) override {
      // On the stack, because the slot may be gone then.
      PipelineCall* const call = call_;
      call->Do(call->pipeline_.Answered(this, status));
    }
    Response& response() { return response_; }

   private:
    PipelineCall* const call_;
    Response response_;
  };

  void Do(Pipeline::Step step) {
    while (true) {
      switch (step) {
        case Pipeline::Step::kNothing:
          return;
        case Pipeline::Step::kRead:
          // May be on another thread and much later.
          when_ready_([this] {
            this->StartRead(&request_);
            Do(pipeline_.Continue());
          });
          return;
        case Pipeline::Step::kWrite:
          this->StartWrite(&static_cast<Slot*>(pipeline_.front())->response());
          step = pipeline_.Continue();
          break;
        case Pipeline::Step::kFinish:
          Call::ReplyForHandler(pipeline_.final_status());
          return;
      }
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Do(pipeline_.ReadClosed());
      return;
    }
    auto owned = std::make_unique<Slot>(this);
    Slot* const slot = owned.get();
    if (!pipeline_.Read(std::move(owned))) {
      return;
    }
    const absl::Status status = runner_->executor_->SubmitPaced(lane_, [this, slot] {
      runner_->Guard(method_,
                     [this, slot] { start_(request_, slot->response(), ReplyHandle(slot)); });
      Do(pipeline_.Prepared());
    });
    if (!status.ok()) {
      slot->ReplyForHandler(status);
      Do(pipeline_.Prepared());
    }
  }

  void OnWriteDone(bool ok) override { Do(pipeline_.Written(ok)); }
  void OnCancel() override { Do(pipeline_.Cancelled()); }
  void FinishRpc(const grpc::Status& status) override { this->Finish(status); }
  void OnDone() override {
    runner_->RemoveStream(this);
    Done();
  }

  CallRunner* const runner_;
  const char* const method_;
  const Lane lane_;
  const std::function<void(absl::AnyInvocable<void()>)> when_ready_;
  StartWork start_;
  Pipeline pipeline_;
  // One after the other, so that their parts are allocated once.
  Request request_;
};

template <typename Request, typename Response, typename StartWork>
grpc::ServerBidiReactor<Request, Response>* CallRunner::ExecutePipeline(
    grpc::CallbackServerContext* context, const char* method, Lane lane,
    std::function<void(absl::AnyInvocable<void()>)> when_ready, StartWork start) {
  auto* call = new PipelineCall<Request, Response, StartWork>(
      this, context, method, lane, std::move(when_ready), std::move(start));
  if (call->Admit()) {
    call->Begin();
  }
  return call;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_PIPELINE_CALL_H_
