// Calls that send messages for as long as there are any, and then wait for more. What call.h
// promises of a call holds for them, too.
#ifndef EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/waiter.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"
#include "server/rpc/feed.h"

namespace emptychair {

// Does what a Feed decides. For CallRunner only.
template <typename Response, typename Source>
class FeedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                       public Call,
                       public Stoppable {
 public:
  FeedCall(CallRunner* runner, grpc::CallbackServerContext* context, const char* method, Lane lane,
           absl::StatusOr<Source> source)
      : Call(runner, context, method),
        runner_(runner),
        method_(method),
        lane_(lane),
        source_(std::move(source)),
        waiter_(std::make_shared<Waiter>([this] { Do(feed_.Notified()); })) {}

  void Begin() {
    runner_->AddStream(this);
    Do(feed_.Continue());
  }

  void Stop() override {
    if (feed_.Stop()) {
      runner_->executor_->SubmitPaced(lane_, [this] { Do(feed_.Continue()); }).IgnoreError();
    }
  }

 private:
  void Do(Feed::Step step) {
    while (true) {
      switch (step) {
        case Feed::Step::kNothing:
          return;
        case Feed::Step::kRead: {
          const absl::Status status =
              runner_->executor_->SubmitPaced(lane_, [this] { Do(feed_.Read(Next())); });
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
          if (!source_->NotifyWhenMore(waiter_)) {
            feed_.Notified();
          }
          step = feed_.Continue();
          break;
        case Feed::Step::kFinish:
          Call::ReplyForHandler(feed_.final_status());
          return;
      }
    }
  }

  absl::StatusOr<bool> Next() {
    absl::StatusOr<bool> has_message = absl::InternalError(kNoReply);
    if (!source_.ok()) {
      has_message = source_.status();
    } else {
      runner_->Guard(method_, [&] {
        Response message;
        has_message = source_->Next(message);
        if (has_message.ok() && *has_message) {
          SerializeMessage(message, message_);
        }
      });
    }
    return has_message;
  }

  void OnWriteDone(bool ok) override { Do(feed_.Written(ok)); }
  void OnCancel() override { Do(feed_.Cancelled()); }
  void FinishRpc(const grpc::Status& status) override { Finish(status); }
  void OnDone() override {
    runner_->RemoveStream(this);
    if (source_.ok()) {
      source_->Unsubscribe(waiter_);
    }
    waiter_->Disconnect();
    Done();
  }

  CallRunner* const runner_;
  const char* const method_;
  const Lane lane_;
  absl::StatusOr<Source> source_;
  Feed feed_;
  // Being filled in on the lane, or sent; gRPC reads it until OnWriteDone.
  grpc::ByteBuffer message_;
  const std::shared_ptr<Waiter> waiter_;
};

template <typename Request, typename Response, typename MakeSource>
grpc::ServerWriteReactor<grpc::ByteBuffer>* CallRunner::ExecuteFeed(
    grpc::CallbackServerContext* context, const char* method, Lane lane,
    const grpc::ByteBuffer* request, MakeSource make_source) {
  using Source = typename std::invoke_result_t<MakeSource, const Request&>::value_type;
  absl::StatusOr<Source> source = Prepare<Request, Source>(method, *request, make_source);
  auto* call = new FeedCall<Response, Source>(this, context, method, lane, std::move(source));
  if (call->Admit()) {
    call->Begin();
  }
  return call;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_FEED_CALL_H_
