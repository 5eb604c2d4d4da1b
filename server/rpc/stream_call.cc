#include "server/rpc/stream_call.h"

#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "server/api/message_arena.h"
#include "server/api/parse_request.h"
#include "server/api/stream_writer.h"
#include "server/call/stream_gate.h"
#include "server/rpc/grpc_call.h"
#include "server/rpc/raw_message.h"

namespace emptychair {
namespace {

using google::protobuf::Message;

class StreamCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                         public GrpcCall,
                         public Stoppable,
                         public MessageWriter {
 public:
  StreamCall(CallRunner* runner, const MethodSpec* method, grpc::CallbackServerContext* context,
             const grpc::ByteBuffer* request)
      : GrpcCall(runner, method, context), body_(request) {
    AddRequestBytes(body_.size());
  }

  void Begin() {
    if (!Admit() || !AddStream(this)) {
      return;
    }
    if (absl::Status checked = stream().check ? stream().check() : absl::OkStatus();
        !checked.ok()) {
      ReplyHandle reply(this);
      reply(checked);
      return;
    }
    RunOn(stream().lane, [this] {
      if (IsAwaited()) {
        Guard([this] {
          ReplyHandle reply(this);
          reply(Run());
        });
      }
    });
  }

  void Stop(const absl::Status& why) override { gate_.Stop(why); }

  absl::Status Write(const Message& message) override {
    RETURN_IF_ERROR(gate_.Enter());
    AddResponseBytes(SerializeMessage(message, message_));
    StartWrite(&message_);
    return absl::OkStatus();
  }

  absl::Status Check() const override { return gate_.Check(); }

 private:
  const MethodSpec::Stream& stream() const {
    return std::get<MethodSpec::Stream>(method().handler);
  }

  absl::Status Run() {
    MessageArena arena;
    ASSIGN_OR_RETURN(const Message* request, ParseRequest(method(), body_, arena));
    return stream().run(context(), *request, *this);
  }

  void FinishCall(const absl::Status& status) override { Finish(ToEnd(status)); }
  void OnWriteDone(bool ok) override { gate_.Leave(ok); }
  void OnCancel() override { gate_.Close(); }
  void OnDone() override {
    RemoveStream(this);
    Done();
  }

  const RawRequest body_;
  StreamGate gate_;
  grpc::ByteBuffer message_;  // Being sent; gRPC reads it until OnWriteDone.
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* ServeStream(CallRunner* runner,
                                                        const MethodSpec* method,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) {
  auto* call = new StreamCall(runner, method, context, request);
  call->Begin();
  return call;
}

}  // namespace emptychair
