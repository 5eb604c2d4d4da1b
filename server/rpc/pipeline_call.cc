#include "server/rpc/pipeline_call.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/alarm.h"
#include "server/api/message_arena.h"
#include "server/api/parse_request.h"
#include "server/call/pipeline.h"
#include "server/rpc/grpc_call.h"
#include "server/rpc/raw_message.h"

namespace emptychair {
namespace {

using google::protobuf::Message;

constexpr absl::Duration kPauseMax = absl::Milliseconds(500);

// Does what a Pipeline decides.
class PipelineCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                           public GrpcCall,
                           public Stoppable {
 public:
  PipelineCall(CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context)
      : GrpcCall(runner, method, context),
        handler_(std::get<MethodSpec::Pipeline>(method->handler)) {}

  void Begin() {
    if (!Admit() || !AddStream(this)) {
      return;
    }
    Do(pipeline_.Continue());
  }

  void Stop(const absl::Status& why) override {
    must_end_ = true;
    if (pipeline_.Stop(why)) {
      RunPaced(handler_.lane, [this] { Do(pipeline_.Continue()); }).IgnoreError();
    }
  }

 private:
  class Slot final : public PipelineSlot, public PendingReply {
   public:
    explicit Slot(PipelineCall* call) : call_(call), response_(call->method().response->New()) {}

    void ReplyForHandler(const absl::Status& status) override {
      if (status.ok()) {
        SerializeMessage(*response_, answer_);
      }
      response_.reset();
      // On the stack, because the slot may be gone then.
      PipelineCall* const call = call_;
      call->Do(call->pipeline_.Answered(this, status));
    }

    Message& response() { return *response_; }
    const grpc::ByteBuffer& answer() const { return answer_; }

   private:
    PipelineCall* const call_;
    std::unique_ptr<Message> response_;
    grpc::ByteBuffer answer_;
  };

  void Do(Pipeline::Step step) {
    while (true) {
      switch (step) {
        case Pipeline::Step::kNothing:
          return;
        case Pipeline::Step::kRead:
          Read();
          return;
        case Pipeline::Step::kWrite: {
          const grpc::ByteBuffer& answer = static_cast<Slot*>(pipeline_.front())->answer();
          AddResponseBytes(answer.Length());
          StartWrite(&answer);
          step = pipeline_.Continue();
          break;
        }
        case Pipeline::Step::kFinish:
          Call::ReplyForHandler(pipeline_.final_status());
          return;
      }
    }
  }

  // Begins to read the next message once its sender may send it and the store has room: maybe on
  // another thread and much later.
  void Read() {
    const absl::Duration delay = RecordDelay();
    if (delay > absl::ZeroDuration() && !must_end_) {
      // In short turns, so that a stream that must end meanwhile does.
      pause_.Set(absl::ToChronoTime(absl::Now() + std::min(delay, kPauseMax)),
                 [this](bool) { Read(); });
      return;
    }
    handler_.when_ready([this] {
      StartRead(&request_);
      Do(pipeline_.Continue());
    });
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Do(pipeline_.ReadClosed());
      return;
    }
    AddRequestBytes(request_.Length());
    auto owned = std::make_unique<Slot>(this);
    Slot* const slot = owned.get();
    if (!pipeline_.Read(std::move(owned))) {
      return;
    }
    const absl::Status status = RunPaced(handler_.lane, [this, slot] {
      Guard([this, slot] { Start(slot); });
      Do(pipeline_.Prepared());
    });
    if (!status.ok()) {
      slot->ReplyForHandler(status);
      Do(pipeline_.Prepared());
    }
  }

  void Start(Slot* slot) {
    ReplyHandle reply(slot);
    MessageArena arena;
    const absl::StatusOr<const Message*> request =
        ParseRequest(method(), RawRequest(&request_), arena);
    if (!request.ok()) {
      reply(request.status());
      return;
    }
    handler_.start(context(), **request, slot->response(), std::move(reply));
  }

  void OnWriteDone(bool ok) override { Do(pipeline_.Written(ok)); }
  void OnCancel() override {
    must_end_ = true;
    Do(pipeline_.Cancelled());
  }
  void FinishCall(const absl::Status& status) override { Finish(ToEnd(status)); }
  void OnDone() override {
    RemoveStream(this);
    Done();
  }

  const MethodSpec::Pipeline& handler_;
  Pipeline pipeline_;
  grpc::ByteBuffer request_;
  grpc::Alarm pause_;
  std::atomic<bool> must_end_{false};
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ServePipeline(
    CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context) {
  auto* call = new PipelineCall(runner, method, context);
  call->Begin();
  return call;
}

}  // namespace emptychair
