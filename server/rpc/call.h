// The one wrapper around every call: refusals, deadlines, errors, the access log. Calls that answer
// with a stream are in stream_call.h and feed_call.h, those that also take one in pipeline_call.h.
#ifndef EMPTYCHAIR_SERVER_RPC_CALL_H_
#define EMPTYCHAIR_SERVER_RPC_CALL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
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
#include "grpcpp/support/server_callback.h"
#include "server/rpc/access_log.h"
#include "server/rpc/executor.h"
#include "server/rpc/log.h"

namespace emptychair {

class Call;

// What a handler owes an answer: a call, or a message of one.
class Question {
 public:
  // Answers with what a handler says. The question may be gone when this returns.
  virtual void AnswerForHandler(const absl::Status& status) = 0;

 protected:
  ~Question() = default;
};

// The duty to answer one question, from any thread. Destroying it unused answers INTERNAL, so that
// no path leaves a caller without an answer. Movable only.
class Finisher {
 public:
  explicit Finisher(Question* question) : question_(question) {}
  Finisher(Finisher&& other) noexcept : question_(std::exchange(other.question_, nullptr)) {}
  Finisher& operator=(Finisher&& other) noexcept {
    std::swap(question_, other.question_);
    return *this;
  }
  ~Finisher();

  // Answers with `status`, and with the response if it is OK. Once; request and response may be
  // gone when this returns.
  void operator()(const absl::Status& status);

 private:
  Question* question_;
};

// A call that goes on until somebody ends it.
class Stoppable {
 public:
  // The server is stopping. Must not block, nor end the call on this thread.
  virtual void Stop() = 0;

 protected:
  ~Stoppable() = default;
};

// Runs the calls of all services. A service's method hands everything to it:
//
//   grpc::ServerUnaryReactor* GetSurvey(grpc::CallbackServerContext* context,
//                                       const v1::GetSurveyRequest* request,
//                                       v1::GetSurveyResponse* response) override {
//     return runner_->Execute(context, "SurveyService/GetSurvey", Lane::kQuery, request, response,
//                             [this](const auto& request, auto& response) {
//                               return domain_->GetSurvey(request, response);
//                             });
//   }
//
// What every call gets:
// * SHUTTING_DOWN once the server is stopping; QUEUE_FULL at once when its lane is full.
// * DEADLINE_EXCEEDED or CANCELLED, without its work being run, if nobody waits any more for its
//   answer by the time its work's turn comes.
// * Its error with all details, and the delay of a RetryInfo also as `grpc-retry-pushback-ms`.
// * INTERNAL, and a line in the server's log, if its work throws. An error without an ErrorInfo
//   passes, and is logged as the bug it is: its message must not hold what the caller sent.
// * A line in the access log.
//
// Request and response are valid until the call is answered. Thread-safe; must outlive the
// grpc::Server. `method` is "Service/Method" and must live as long.
class CallRunner {
 public:
  CallRunner(Executor* executor, AccessLog* access_log, Log* log, const Clock* clock)
      : executor_(executor), access_log_(access_log), log_(log), clock_(clock) {}
  CallRunner(const CallRunner&) = delete;
  CallRunner& operator=(const CallRunner&) = delete;

  // Runs `work`, an absl::Status(const Request&, Response&), on `lane`; its status is the answer.
  template <typename Request, typename Response, typename Work>
  grpc::ServerUnaryReactor* Execute(grpc::CallbackServerContext* context, const char* method,
                                    Lane lane, const Request* request, Response* response,
                                    Work work);

  // Runs `start`, a void(const Request&, Response&, Finisher), at once on gRPC's thread: it must
  // not block. The call ends when the Finisher is called, by any thread.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const char* method,
                                  const Request* request, Response* response, StartWork start);

  // The same on `lane`, where `start` may take its time.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const char* method,
                                  Lane lane, const Request* request, Response* response,
                                  StartWork start);

  // Runs `work`, an absl::Status(const Request&, StreamWriter<Response>&), on `lane`; its status
  // ends the stream. Defined in stream_call.h.
  template <typename Response, typename Request, typename Work>
  grpc::ServerWriteReactor<Response>* ExecuteStream(grpc::CallbackServerContext* context,
                                                    const char* method, Lane lane,
                                                    const Request* request, Work work);

  // For messages that come one after the other, each answered with one, in their order: runs
  // `start`, a void(const Request&, Response&, Finisher), for each on `lane`. The request is valid
  // until `start` returns, the response until the message is answered. An answer that is an error
  // ends the call; so does the client's half-close, once all is answered. Each message is read when
  // `when_ready`, which is given what to do then, finds it time. Defined in pipeline_call.h.
  template <typename Request, typename Response, typename StartWork>
  grpc::ServerBidiReactor<Request, Response>* ExecutePipeline(
      grpc::CallbackServerContext* context, const char* method, Lane lane,
      std::function<void(absl::AnyInvocable<void()>)> when_ready, StartWork start);

  // For messages that come as something happens. `source` has
  //   absl::StatusOr<bool> Next(Response&), which runs on `lane` and fills in a message if there is
  //     one; an error ends the call;
  //   bool RingWhenMore(std::shared_ptr<Doorbell>), which has the bell rung once when there may be
  //     one, and answers false if there may be one now;
  //   void Forget(std::shared_ptr<Doorbell>), after which the bell is not kept any more.
  // No thread waits between messages. Defined in feed_call.h.
  template <typename Response, typename Source>
  grpc::ServerWriteReactor<Response>* ExecuteFeed(grpc::CallbackServerContext* context,
                                                  const char* method, Lane lane,
                                                  absl::StatusOr<Source> source);

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

  // Admitted calls that gRPC is not done with.
  int64_t calls_in_flight() const;

 private:
  friend class Call;
  template <typename Response, typename Request, typename Work>
  friend class StreamCall;
  template <typename Request, typename Response, typename StartWork>
  friend class PipelineCall;
  template <typename Response, typename Source>
  friend class FeedCall;

  bool Enter();
  void Leave();
  void AddStream(Stoppable* stream);
  void RemoveStream(Stoppable* stream);

  // Runs a handler's code. If it throws, its Finisher has answered on the way here.
  void Guard(const char* method, absl::FunctionRef<void()> code);

  Executor* const executor_;
  AccessLog* const access_log_;
  Log* const log_;
  const Clock* const clock_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t calls_in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t calls_refused_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_set<Stoppable*> streams_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stop_signal_{false};
};

// One call, from its arrival until gRPC is done with it. Deletes itself then, which is never before
// it is answered and the service's method has returned it. For CallRunner only.
class Call : public Question {
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

  void AnswerForHandler(const absl::Status& status) override;

 protected:
  virtual ~Call() = default;

  // To be called when gRPC is done with the call.
  void Done();

 private:
  // Tells gRPC the end of the call.
  virtual void FinishRpc(const grpc::Status& status) = 0;

  void Answer(const absl::Status& status);

  CallRunner* const runner_;
  grpc::CallbackServerContext* const context_;
  const char* const method_;
  const absl::Time start_time_;
  // Asked for at once: gRPC has forgotten it when the connection is gone.
  const std::string peer_;
  bool admitted_ = false;

  // For the access log: set before FinishRpc, read in Done.
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string reason_;
  absl::Duration duration_;
};

// A unary call together with the work that it has waiting in a lane: one allocation.
template <typename Request, typename Response, typename StartWork>
class LaneCall final : public grpc::ServerUnaryReactor, public Call {
 public:
  LaneCall(CallRunner* runner, grpc::CallbackServerContext* context, const char* method,
           const Request* request, Response* response, StartWork start)
      : Call(runner, context, method),
        request_(request),
        response_(response),
        start_(std::move(start)) {}

  void Run() {
    // On the stack, because answering may delete this call while the function still runs.
    StartWork start = std::move(start_);
    start(*request_, *response_, Finisher(this));
  }

 private:
  void FinishRpc(const grpc::Status& status) override { Finish(status); }
  void OnDone() override { Done(); }

  const Request* const request_;
  Response* const response_;
  StartWork start_;
};

template <typename Request, typename Response, typename Work>
grpc::ServerUnaryReactor* CallRunner::Execute(grpc::CallbackServerContext* context,
                                              const char* method, Lane lane, const Request* request,
                                              Response* response, Work work) {
  return Start(
      context, method, lane, request, response,
      [work = std::move(work)](const Request& request, Response& response,
                               Finisher finish) mutable { finish(work(request, response)); });
}

template <typename Request, typename Response, typename StartWork>
grpc::ServerUnaryReactor* CallRunner::Start(grpc::CallbackServerContext* context,
                                            const char* method, const Request* request,
                                            Response* response, StartWork start) {
  auto* call = new LaneCall<Request, Response, StartWork>(this, context, method, request, response,
                                                          std::move(start));
  if (call->Admit()) {
    Guard(method, [call] { call->Run(); });
  }
  return call;
}

template <typename Request, typename Response, typename StartWork>
grpc::ServerUnaryReactor* CallRunner::Start(grpc::CallbackServerContext* context,
                                            const char* method, Lane lane, const Request* request,
                                            Response* response, StartWork start) {
  auto* call = new LaneCall<Request, Response, StartWork>(this, context, method, request, response,
                                                          std::move(start));
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

#endif  // EMPTYCHAIR_SERVER_RPC_CALL_H_
