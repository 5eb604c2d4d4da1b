// Calls that answer with a stream of messages. What call.h promises of a call holds for them, too.
#ifndef EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/call.h"

namespace emptychair {

// Says when the next message of a stream may be sent. Thread-safe.
class StreamGate final : public Stoppable {
 public:
  // Waits until no message is being sent, then lets one pass. CANCELLED when the client has gone,
  // SHUTTING_DOWN when the server is stopping: also while it waits.
  absl::Status Enter();
  // The message that passed has been sent, or has not.
  void Leave(bool was_sent);

  // OK while messages can pass at all; else as for Enter.
  absl::Status Check() const;

  // The client has gone.
  void Close();
  void Stop() override;

 private:
  absl::Status CheckLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  bool is_sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

// Where the work of a streaming call sends its messages. For one thread, which must not be one of
// gRPC's.
template <typename Response>
class StreamWriter {
 public:
  // Sends a message, after the one before has been sent: blocks while the client does not read.
  // After an error, CANCELLED or SHUTTING_DOWN, the work should end with it.
  virtual absl::Status Write(const Response& message) = 0;

  // The error that Write would end with; OK: it would send.
  virtual absl::Status Check() const = 0;

 protected:
  ~StreamWriter() = default;
};

// A streaming call together with its work. For CallRunner only.
template <typename Response, typename Work>
class StreamCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                         public Call,
                         public StreamWriter<Response> {
 public:
  // `work` is a void(StreamWriter<Response>&, ReplyHandle).
  StreamCall(CallRunner* runner, grpc::CallbackServerContext* context, const char* method,
             Work work)
      : Call(runner, context, method), runner_(runner), work_(std::move(work)) {
    runner_->AddStream(&gate_);
  }

  void Run() {
    // On the stack, because answering may delete this call while the function still runs.
    Work work = std::move(work_);
    work(static_cast<StreamWriter<Response>&>(*this), ReplyHandle(this));
  }

  absl::Status Write(const Response& message) override {
    if (absl::Status status = gate_.Enter(); !status.ok()) {
      return status;
    }
    SerializeMessage(message, message_);
    StartWrite(&message_);
    return absl::OkStatus();
  }

  absl::Status Check() const override { return gate_.Check(); }

 private:
  void FinishRpc(const grpc::Status& status) override { Finish(status); }
  void OnWriteDone(bool ok) override { gate_.Leave(ok); }
  void OnCancel() override { gate_.Close(); }
  void OnDone() override {
    runner_->RemoveStream(&gate_);
    Done();
  }

  CallRunner* const runner_;
  Work work_;
  StreamGate gate_;
  grpc::ByteBuffer message_;  // Being sent; gRPC reads it until OnWriteDone.
};

template <typename Request, typename Response, typename Work>
grpc::ServerWriteReactor<grpc::ByteBuffer>* CallRunner::ExecuteStream(
    grpc::CallbackServerContext* context, const char* method, Lane lane,
    const grpc::ByteBuffer* request, Work work) {
  auto start = StartWithRequest<Request>(
      request, [work = std::move(work)](const Request& request, StreamWriter<Response>& writer,
                                        ReplyHandle finish) { finish(work(request, writer)); });
  auto* call = new StreamCall<Response, decltype(start)>(this, context, method, std::move(start));
  if (call->Admit()) {
    call->RunOn(lane, [this, method, call] {
      if (call->IsAwaited()) {
        Guard(method, [call] { call->Run(); });
      }
    });
  }
  return call;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_STREAM_CALL_H_
