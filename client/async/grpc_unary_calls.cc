#include "client/async/grpc_unary_calls.h"

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/async/post.h"
#include "client/async/retried_call.h"
#include "client/method_info.h"
#include "client/per_channel.h"
#include "client/stream_range.h"
#include "client/utf8.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {
namespace {

using google::protobuf::Message;

// By the fastest check that there is for the message.
absl::Status CheckText(const Message& request) {
  if (const auto* submit =
          google::protobuf::DynamicCastToGenerated<v1::SubmitFeedbackRequest>(&request)) {
    return CheckUtf8(*submit);
  }
  if (const auto* batch =
          google::protobuf::DynamicCastToGenerated<v1::BatchSubmitFeedbackRequest>(&request)) {
    return CheckUtf8(*batch);
  }
  return CheckUtf8(request);
}

absl::Status Serialize(const Message& message, grpc::ByteBuffer& buffer) {
  bool is_owned = false;
  return FromGrpc(grpc::SerializationTraits<Message>::Serialize(message, &buffer, &is_owned));
}

std::chrono::system_clock::time_point In(absl::Duration delay) {
  return std::chrono::system_clock::now() + absl::ToChronoMicroseconds(delay);
}

}  // namespace

// What the calls and the thread have in common. Thread-safe.
class GrpcUnaryCalls::Shared {
 public:
  Shared(const ClientOptions& options, std::shared_ptr<ApiKey> key,
         const std::vector<std::shared_ptr<grpc::Channel>>& channels)
      : options(options),
        key(std::move(key)),
        executor(options.executor != nullptr ? options.executor : MakeThreadExecutor()),
        stubs(channels) {}

  const MethodInfo& InfoOf(const google::protobuf::Descriptor& request)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    auto found = infos_.find(&request);
    if (found == infos_.end()) {
      found = infos_.emplace(&request, MakeMethodInfo(request)).first;
    }
    return found->second;
  }

  void Add(std::shared_ptr<Call> call) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    open_.insert(std::move(call));
  }
  void Remove(const std::shared_ptr<Call>& call) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    open_.erase(call);
    ShutDownAfterLast();
  }

  // Cancels all. TakeEvents returns after the last.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeEvents();

  const ClientOptions options;
  const std::shared_ptr<ApiKey> key;
  const CallbackExecutor executor;
  PerChannel<grpc::GenericStub> stubs;
  grpc::CompletionQueue queue;

 private:
  void ShutDownAfterLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_stopping_ && open_.empty()) {
      queue.Shutdown();
    }
  }

  absl::Mutex mutex_;
  std::unordered_map<const google::protobuf::Descriptor*, MethodInfo> infos_
      ABSL_GUARDED_BY(mutex_);
  std::unordered_set<std::shared_ptr<Call>> open_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

// Open until its callback is with the executor; before that `shared` outlives it.
class GrpcUnaryCalls::Call final : public RetriedCall,
                                   public std::enable_shared_from_this<GrpcUnaryCalls::Call> {
 public:
  Call(Shared* shared, const MethodInfo& method, grpc::ByteBuffer request, UnaryCall call)
      : RetriedCall(shared->options, method.idempotency, shared->key),
        shared_(shared),
        path_(method.path),
        request_(std::move(request)),
        response_(call.response),
        done_(std::move(call.done)),
        // Of the thread that makes the call, whichever sends it again.
        trace_(shared->options.traceparent != nullptr ? shared->options.traceparent() : "") {}

 protected:
  void StartAttempt(absl::Duration time_left) override {
    attempt_.emplace();
    grpc::ClientContext& context = attempt_->context;
    AddKey(key(), context);
    AddTrace(trace_, context);
    context.set_deadline(In(time_left));
    attempt_->reader =
        shared_->stubs.Next().PrepareUnaryCall(&context, path_, request_, &shared_->queue);
    attempt_->reader->StartCall();
    attempt_->reader->Finish(&attempt_->response, &attempt_->status, this);
  }

  void CancelAttempt() override { attempt_->context.TryCancel(); }

  absl::Status EndAttempt() override {
    answer_.Swap(&attempt_->response);
    absl::Status status = FromGrpc(attempt_->status);
    attempt_.reset();
    return status;
  }

  void StartTimer(absl::Duration delay) override {
    timer_.emplace().Set(&shared_->queue, In(delay), this);
  }

  void CancelTimer() override { timer_->Cancel(); }

  void OnEnd(absl::Status status) override {
    timer_.reset();  // A handle can have the call longer than there is the queue.
    Post(shared_->executor, [status = std::move(status), answer = std::move(answer_),
                             &response = response_, done = std::move(done_)]() mutable {
      if (status.ok()) {
        status = FromGrpc(grpc::SerializationTraits<Message>::Deserialize(&answer, &response));
      }
      std::move(done)(std::move(status));
    });
    shared_->Remove(shared_from_this());
  }

 private:
  struct Attempt {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    // In the context's call.
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };

  Shared* const shared_;
  const std::string path_;
  const grpc::ByteBuffer request_;
  Message& response_;
  absl::AnyInvocable<void(absl::Status) &&> done_;
  const std::string trace_;
  std::optional<Attempt> attempt_;
  std::optional<grpc::Alarm> timer_;
  grpc::ByteBuffer answer_;
};

void GrpcUnaryCalls::Shared::Stop() {
  std::unordered_set<std::shared_ptr<Call>> open;
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
    open = open_;
    ShutDownAfterLast();
  }
  for (const std::shared_ptr<Call>& call : open) {
    call->Cancel();
  }
}

void GrpcUnaryCalls::Shared::TakeEvents() {
  void* tag = nullptr;
  bool is_ok = false;  // False for a timer that was cancelled, which ends as others do.
  while (queue.Next(&tag, &is_ok)) {
    const std::shared_ptr<Call> call = static_cast<Call*>(tag)->shared_from_this();
    call->OnEvent();
  }
}

GrpcUnaryCalls::GrpcUnaryCalls(const ClientOptions& options, std::shared_ptr<ApiKey> key,
                               const std::vector<std::shared_ptr<grpc::Channel>>& channels)
    : shared_(std::make_shared<Shared>(options, std::move(key), channels)),
      thread_([shared = shared_] { shared->TakeEvents(); }) {}

GrpcUnaryCalls::~GrpcUnaryCalls() {
  shared_->Stop();
  // It is this thread where the executor runs tasks at once and one of them has let the client go.
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

AsyncCall GrpcUnaryCalls::Start(UnaryCall call) {
  grpc::ByteBuffer request;
  absl::Status status = CheckText(call.request);
  if (status.ok()) {
    status = Serialize(call.request, request);
  }
  if (!status.ok()) {
    const std::shared_ptr<Shared> shared = shared_;  // The callback can let the client go.
    Post(shared->executor, [status = std::move(status), done = std::move(call.done)]() mutable {
      std::move(done)(std::move(status));
    });
    return AsyncCall();
  }
  const MethodInfo& method = shared_->InfoOf(*call.request.GetDescriptor());
  const auto started =
      std::make_shared<Call>(shared_.get(), method, std::move(request), std::move(call));
  shared_->Add(started);
  started->Start();
  return AsyncCall(started);
}

}  // namespace emptychair
