#include "server/rpc/feed_call.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/base/waiter.h"
#include "server/api/feed_source.h"
#include "server/api/message_arena.h"
#include "server/api/parse_request.h"
#include "server/call/feed.h"
#include "server/rpc/grpc_call.h"
#include "server/rpc/raw_message.h"

namespace emptychair {
namespace {

using google::protobuf::Message;

// Does what a Feed decides.
class FeedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                       public GrpcCall,
                       public Stoppable {
 public:
  FeedCall(CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context,
           const grpc::ByteBuffer* request)
      : GrpcCall(runner, method, context),
        handler_(std::get<MethodSpec::Feed>(method->handler)),
        body_(request),
        waiter_(std::make_shared<Waiter>([this] { Do(feed_.Notified()); })) {
    AddRequestBytes(body_.size());
  }

  void Begin() {
    if (!Admit()) {
      return;
    }
    Guard([this] { source_ = Open(); });
    if (AddStream(this)) {
      Do(feed_.Continue());
    }
  }

  void Stop(const absl::Status& why) override {
    if (feed_.Stop(why)) {
      RunPaced(handler_.lane, [this] { Do(feed_.Continue()); }).IgnoreError();
    }
  }

  // By the waiter, which outlives the call.
  void LookAgain() override {
    RunPaced(handler_.lane, [waiter = waiter_] { waiter->Notify(); }).IgnoreError();
  }

 private:
  void Do(Feed::Step step) {
    while (true) {
      switch (step) {
        case Feed::Step::kNothing:
          return;
        case Feed::Step::kRead: {
          const absl::Status status = RunPaced(handler_.lane, [this] { Do(ReadNext()); });
          if (status.ok()) {
            return;
          }
          step = feed_.Read(status);
          break;
        }
        case Feed::Step::kWrite:
          StartWrite(&message_);
          step = feed_.Continue();
          break;
        case Feed::Step::kWait:
          if (!(*source_)->NotifyWhenMore(waiter_)) {
            feed_.Notified();
          }
          step = feed_.Continue();
          break;
        case Feed::Step::kFinish:
          ReplyForHandler(feed_.final_status());
          return;
      }
    }
  }

  absl::StatusOr<std::unique_ptr<FeedSource>> Open() {
    MessageArena arena;
    ASSIGN_OR_RETURN(const Message* request, ParseRequest(method(), body_, arena));
    return handler_.open(context(), *request);
  }

  Feed::Step ReadNext() {
    const absl::StatusOr<bool> has_message = Next();
    const bool is_over = has_message.ok() && !*has_message && (*source_)->IsOver();
    return is_over ? feed_.Ended() : feed_.Read(has_message);
  }

  absl::StatusOr<bool> Next() {
    absl::StatusOr<bool> has_message = absl::InternalError(kNoReply);
    if (!source_.ok()) {
      has_message = source_.status();
    } else {
      Guard([&] {
        const std::unique_ptr<Message> message(method().response->New());
        has_message = (*source_)->Next(*message);
        if (has_message.ok() && *has_message) {
          AddResponseBytes(SerializeMessage(*message, message_));
        }
      });
    }
    return has_message;
  }

  void OnWriteDone(bool ok) override { Do(feed_.Written(ok)); }
  void OnCancel() override { Do(feed_.Cancelled()); }
  void FinishCall(const absl::Status& status) override { Finish(ToEnd(status)); }
  void OnDone() override {
    RemoveStream(this);
    if (source_.ok()) {
      (*source_)->Unsubscribe(waiter_);
    }
    waiter_->Disconnect();
    Done();
  }

  const MethodSpec::Feed& handler_;
  const RawRequest body_;
  absl::StatusOr<std::unique_ptr<FeedSource>> source_ = absl::InternalError(kNoReply);
  Feed feed_;
  // Being filled in on the lane, or sent; gRPC reads it until OnWriteDone.
  grpc::ByteBuffer message_;
  const std::shared_ptr<Waiter> waiter_;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* ServeFeed(CallRunner* runner, const MethodSpec* method,
                                                      grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request) {
  auto* call = new FeedCall(runner, method, context, request);
  call->Begin();
  return call;
}

}  // namespace emptychair
