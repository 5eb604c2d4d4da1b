// The one wrapper around every call: refusals, deadlines, errors, the access log. Calls that answer
// with a stream are in stream_call.h and feed_call.h, those that also take one in pipeline_call.h.
#ifndef EMPTYCHAIR_SERVER_RPC_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_CALL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/api/executor.h"
#include "server/rpc/message_arena.h"
#include "server/rpc/raw_message.h"
#include "server/telemetry/access_log.h"
#include "server/telemetry/server_log.h"

namespace emptychair {

class Call;

// What a caller hears of a handler that threw or forgot it.
inline constexpr char kNoReply[] = "the server failed to answer this call";

// What a handler owes an answer: a call, or a message of one.
class PendingReply {
 public:
  // Answers with what a handler says. The question may be gone when this returns.
  virtual void ReplyForHandler(const absl::Status& status) = 0;

 protected:
  ~PendingReply() = default;
};

// The duty to answer one question, from any thread. Destroying it unused answers INTERNAL, so that
// no path leaves a caller without an answer. Movable only.
class ReplyHandle {
 public:
  explicit ReplyHandle(PendingReply* question) : pending_(question) {}
  ReplyHandle(ReplyHandle&& other) noexcept : pending_(std::exchange(other.pending_, nullptr)) {}
  ReplyHandle& operator=(ReplyHandle&& other) noexcept {
    std::swap(pending_, other.pending_);
    return *this;
  }
  ~ReplyHandle();

  // Answers with `status`, and with the response if it is OK. Once; request and response may be
  // gone when this returns.
  void operator()(const absl::Status& status);

 private:
  PendingReply* pending_;
};

// A call that goes on until somebody ends it.
class Stoppable {
 public:
  // The server is stopping. Must not block, nor end the call on this thread.
  virtual void Stop() = 0;

 protected:
  ~Stoppable() = default;
};

// How a request is answered, as its content says.
template <typename Response>
struct ScheduledWork {
  Lane lane = Lane::kQuery;
  absl::AnyInvocable<absl::Status(Response&)> run;
};

// Runs the calls of all services. A service's method hands everything to it:
//
//   grpc::ServerUnaryReactor* GetSurvey(grpc::CallbackServerContext* context,
//                                       const grpc::ByteBuffer* request,
//                                       grpc::ByteBuffer* response) override {
//     return runner_->Execute<v1::GetSurveyRequest, v1::GetSurveyResponse>(
//         context, "SurveyService/GetSurvey", Lane::kQuery, request, response,
//         [this](const auto& request, auto& response) {
//           return domain_->GetSurvey(request, response);
//         });
//   }
//
// Messages come as bytes, and are parsed when there is a thread for them, so that what waits stays
// as small as it came: see raw_message.h. A `Request` or `Response` that is grpc::ByteBuffer is
// handed on as it is, for the handler to parse and to bound.
//
// What every call gets:
// * FIELD_INVALID for a request that is too large, or none.
// * SHUTTING_DOWN once the server is stopping; QUEUE_FULL at once when its lane is full.
// * DEADLINE_EXCEEDED or CANCELLED, without its work being run, if nobody waits any more for its
//   answer by the time its work's turn comes.
// * Its error with all details, and the delay of a RetryInfo also as `grpc-retry-pushback-ms`.
// * INTERNAL, and a line in the server's log, if its work throws. An error without an ErrorInfo
//   passes, and is logged as the bug it is: its message must not hold what the caller sent.
// * A line in the access log.
//
// A request is valid until the handler returns, a response until the call is answered. Thread-safe;
// must outlive the grpc::Server. `method` is "Service/Method" and must live as long.
class CallRunner {
 public:
  CallRunner(Executor* executor, AccessLog* access_log, ServerLog* log, const Clock* clock)
      : executor_(executor), access_log_(access_log), log_(log), clock_(clock) {}
  CallRunner(const CallRunner&) = delete;
  CallRunner& operator=(const CallRunner&) = delete;

  // Runs `work`, an absl::Status(const Request&, Response&), on `lane`; its status is the answer.
  template <typename Request, typename Response, typename Work>
  grpc::ServerUnaryReactor* Execute(grpc::CallbackServerContext* context, const char* method,
                                    Lane lane, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response, Work work);

  // The same for calls whose lane depends on the request: runs `make_plan`, an
  // absl::StatusOr<ScheduledWork<Response>>(const Request&), at once on gRPC's thread, where it
  // must not block, and then what it has planned.
  template <typename Request, typename Response, typename MakePlan>
  grpc::ServerUnaryReactor* ExecuteScheduled(grpc::CallbackServerContext* context,
                                             const char* method, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response, MakePlan make_plan);

  // Runs `start`, a void(const Request&, Response&, ReplyHandle), at once on gRPC's thread: it must
  // not block. The call ends when the ReplyHandle is called, by any thread.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const char* method,
                                  const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                  StartWork start);

  // The same on `lane`, where `start` may take its time.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const char* method,
                                  Lane lane, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response, StartWork start);

  // Runs `work`, an absl::Status(const Request&, StreamWriter<Response>&), on `lane`; its status
  // ends the stream. Defined in stream_call.h.
  template <typename Request, typename Response, typename Work>
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ExecuteStream(grpc::CallbackServerContext* context,
                                                            const char* method, Lane lane,
                                                            const grpc::ByteBuffer* request,
                                                            Work work);

  // For messages that come one after the other, each answered with one, in their order: runs
  // `start`, a void(const Request&, Response&, ReplyHandle), for each on `lane`. The request is
  // valid until `start` returns, the response until the message is answered. An answer that is an
  // error ends the call; so does the client's half-close, once all is answered. Each message is
  // read when `when_ready`, which is given what to do then, finds it time. Defined in
  // pipeline_call.h.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerBidiReactor<Request, Response>* ExecutePipeline(
      grpc::CallbackServerContext* context, const char* method, Lane lane,
      std::function<void(absl::AnyInvocable<void()>)> when_ready, StartWork start);

  // For messages that come as something happens. `make_source`, an
  // absl::StatusOr<Source>(const Request&), runs at once on gRPC's thread. A Source has
  //   absl::StatusOr<bool> Next(Response&), which runs on `lane` and fills in a message if there is
  //     one; an error ends the call;
  //   bool NotifyWhenMore(std::shared_ptr<Waiter>), which has the waiter notified once when there
  //   may be
  //     one, and answers false if there may be one now;
  //   void Unsubscribe(std::shared_ptr<Waiter>), after which the waiter is not kept any more.
  // No thread waits between messages. Defined in feed_call.h.
  template <typename Request, typename Response, typename MakeSource>
  grpc::ServerWriteReactor<grpc::ByteBuffer>* ExecuteFeed(grpc::CallbackServerContext* context,
                                                          const char* method, Lane lane,
                                                          const grpc::ByteBuffer* request,
                                                          MakeSource make_source);

  // From now on new calls are refused with SHUTTING_DOWN, and streams that are under way end.
  void BeginShutdown();

  // True from BeginShutdown on: for work that takes long, so that it ends early.
  std::atomic<bool>* stop_signal() { return &stop_signal_; }

  // Waits until no admitted call is unfinished, or until `deadline` by the machine's clock. True if
  // none is. Lasts only after `BeginShutdown`.
  bool WaitUntilIdle(absl::Time deadline);

  // After `BeginShutdown`: goes on refusing until no call has come for `quiet`, or until `deadline`
  // by the machine's clock. gRPC cuts calls that arrive while it shuts down, so a caller should
  // have been told before.
  void RefuseUntilQuiet(absl::Duration quiet, absl::Time deadline);

  // Admitted calls without an answer, and streams that gRPC is not done with.
  int64_t calls_in_flight() const;

 private:
  friend class Call;
  template <typename Response, typename Work>
  friend class StreamCall;
  template <typename Request, typename Response, typename StartWork>
  friend class PipelineCall;
  template <typename Response, typename Source>
  friend class FeedCall;

  bool Enter();
  void Leave();
  void AddStream(Stoppable* stream);
  void RemoveStream(Stoppable* stream);

  // What `make`, an absl::StatusOr<Prepared>(const Request&), makes of the request in `bytes`.
  template <typename Request, typename Prepared, typename Make>
  absl::StatusOr<Prepared> Prepare(const char* method, const grpc::ByteBuffer& bytes,
                                   const Make& make);

  // Runs `start`, a void(Response&, ReplyHandle), on `lane`, without one at once.
  template <typename Response, typename StartWork>
  grpc::ServerUnaryReactor* Launch(grpc::CallbackServerContext* context, const char* method,
                                   std::optional<Lane> lane, grpc::ByteBuffer* response,
                                   StartWork start);

  // Runs a handler's code. If it throws, its ReplyHandle has answered on the way here.
  void Guard(const char* method, absl::FunctionRef<void()> code);

  Executor* const executor_;
  AccessLog* const access_log_;
  ServerLog* const log_;
  const Clock* const clock_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t calls_in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t calls_refused_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_set<Stoppable*> streams_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stop_signal_{false};
};

// One call, from its arrival until its end, when it deletes itself. For CallRunner only.
class Call : public PendingReply {
 public:
  Call(CallRunner* runner, grpc::CallbackServerContext* context, const char* method);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // False, and answered, if the server is stopping or nobody waits for the answer.
  bool Admit();

  // False, and answered, if nobody waits for the answer any more.
  bool IsAwaited();

  // Answers with the refusal if `lane` has no room for `work`.
  void RunOn(Lane lane, absl::AnyInvocable<void() &&> work);

  void ReplyForHandler(const absl::Status& status) override;

 protected:
  virtual ~Call() = default;

  // To be called when gRPC is done with the call: logs and deletes it.
  void Done();

  // The same but for deleting: the server no longer waits for the call.
  void Leave();

 private:
  // Tells gRPC the end of the call, which may be gone when this returns.
  virtual void FinishRpc(const grpc::Status& status) = 0;

  void Reply(const absl::Status& status);
  void WriteLogLine() const;

  CallRunner* const runner_;
  grpc::CallbackServerContext* const context_;
  const char* const method_;
  const absl::Time start_time_;
  // Asked for at once: gRPC has forgotten it when the connection is gone.
  const std::string peer_;
  bool admitted_ = false;

  // For the access log: set before FinishRpc.
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string reason_;
  absl::Duration duration_;
};

// A unary call together with its response and what answers it, a void(Response&, ReplyHandle): one
// allocation. It ends when it is answered, and is answered by gRPC's own reactor: the end of any
// other comes through one more of gRPC's threads, which has to wake up for it. For CallRunner only.
template <typename Response, typename StartWork>
class UnaryCall final : public Call {
 public:
  UnaryCall(CallRunner* runner, grpc::CallbackServerContext* context, const char* method,
            grpc::ByteBuffer* answer, StartWork start)
      : Call(runner, context, method),
        reactor_(context->DefaultReactor()),
        answer_(answer),
        start_(std::move(start)) {}

  // For the service's method to return, also when the call has ended.
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

  void Run() {
    // On the stack, because answering may delete this call while the function still runs.
    StartWork start = std::move(start_);
    if constexpr (std::is_same_v<Response, grpc::ByteBuffer>) {
      start(*answer_, ReplyHandle(this));
    } else {
      response_ = &arena_.Make<Response>();
      start(*response_, ReplyHandle(this));
    }
  }

 private:
  void FinishRpc(const grpc::Status& status) override {
    if constexpr (!std::is_same_v<Response, grpc::ByteBuffer>) {
      if (status.ok()) {
        SerializeMessage(*response_, *answer_);
      }
    }
    // Before the end, after which the server may be gone.
    Leave();
    reactor_->Finish(status);
    delete this;
  }

  grpc::ServerUnaryReactor* const reactor_;
  grpc::ByteBuffer* const answer_;
  StartWork start_;
  MessageArena arena_;
  Response* response_ = nullptr;
};

// Runs `handle`, a void(const Request&), unless the bytes are no request.
template <typename Request, typename Handle>
absl::Status HandleRequest(const grpc::ByteBuffer& bytes, const Handle& handle) {
  if constexpr (std::is_same_v<Request, grpc::ByteBuffer>) {
    handle(bytes);
  } else {
    MessageArena arena;
    Request& request = arena.Make<Request>();
    if (absl::Status status = ParseRequest(bytes, request); !status.ok()) {
      return status;
    }
    handle(request);
  }
  return absl::OkStatus();
}

// What starts a call whose request is in `bytes`, which outlives the call.
template <typename Request, typename StartWork>
auto StartWithRequest(const grpc::ByteBuffer* bytes, StartWork start) {
  return [bytes, start = std::move(start)](auto& response, ReplyHandle finish) mutable {
    const absl::Status status = HandleRequest<Request>(
        *bytes, [&](const auto& request) { start(request, response, std::move(finish)); });
    if (!status.ok()) {
      finish(status);
    }
  };
}

template <typename Request, typename Response, typename Work>
grpc::ServerUnaryReactor* CallRunner::Execute(grpc::CallbackServerContext* context,
                                              const char* method, Lane lane,
                                              const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response, Work work) {
  return Start<Request, Response>(
      context, method, lane, request, response,
      [work = std::move(work)](const Request& request, Response& response,
                               ReplyHandle finish) mutable { finish(work(request, response)); });
}

template <typename Request, typename Prepared, typename Make>
absl::StatusOr<Prepared> CallRunner::Prepare(const char* method, const grpc::ByteBuffer& bytes,
                                             const Make& make) {
  absl::StatusOr<Prepared> prepared = absl::InternalError(kNoReply);
  Guard(method, [&] {
    const absl::Status status =
        HandleRequest<Request>(bytes, [&](const Request& request) { prepared = make(request); });
    if (!status.ok()) {
      prepared = status;
    }
  });
  return prepared;
}

template <typename Request, typename Response, typename MakePlan>
grpc::ServerUnaryReactor* CallRunner::ExecuteScheduled(grpc::CallbackServerContext* context,
                                                       const char* method,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response,
                                                       MakePlan make_plan) {
  auto plan = Prepare<Request, ScheduledWork<Response>>(method, *request, make_plan);
  const Lane lane = plan.ok() ? plan->lane : Lane::kQuery;
  return Launch<Response>(context, method, lane, response,
                          [plan = std::move(plan)](Response& response, ReplyHandle finish) mutable {
                            finish(plan.ok() ? plan->run(response) : plan.status());
                          });
}

template <typename Request, typename Response, typename StartWork>
grpc::ServerUnaryReactor* CallRunner::Start(grpc::CallbackServerContext* context,
                                            const char* method, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response, StartWork start) {
  return Launch<Response>(context, method, std::nullopt, response,
                          StartWithRequest<Request>(request, std::move(start)));
}

template <typename Request, typename Response, typename StartWork>
grpc::ServerUnaryReactor* CallRunner::Start(grpc::CallbackServerContext* context,
                                            const char* method, Lane lane,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response, StartWork start) {
  return Launch<Response>(context, method, lane, response,
                          StartWithRequest<Request>(request, std::move(start)));
}

template <typename Response, typename StartWork>
grpc::ServerUnaryReactor* CallRunner::Launch(grpc::CallbackServerContext* context,
                                             const char* method, std::optional<Lane> lane,
                                             grpc::ByteBuffer* response, StartWork start) {
  auto* call =
      new UnaryCall<Response, StartWork>(this, context, method, response, std::move(start));
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  if (!call->Admit()) {
    return reactor;
  }
  const auto run = [this, method, call] { Guard(method, [call] { call->Run(); }); };
  if (lane.has_value()) {
    call->RunOn(*lane, [call, run] {
      if (call->IsAwaited()) {
        run();
      }
    });
  } else {
    run();
  }
  return reactor;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_CALL_H_
