#include "tools/chairbench/load/open_loop.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "tools/chairbench/base/interrupt.h"

namespace emptychair::bench {
namespace {

// A server limits the calls of one connection; those of many callers come over many.
constexpr int kConnections = 4;
constexpr char kSubmit[] = "/emptychair.v1.FeedbackService/SubmitFeedback";
constexpr char kBatchSubmit[] = "/emptychair.v1.FeedbackService/BatchSubmitFeedback";

template <typename Message>
grpc::ByteBuffer ToBytes(const Message& message) {
  grpc::ByteBuffer bytes;
  bool own_buffer = false;
  grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own_buffer);
  return bytes;
}

// Nothing for bytes that are no such message.
template <typename Response>
std::optional<Response> Parse(grpc::ByteBuffer& bytes) {
  Response response;
  if (!grpc::SerializationTraits<Response>::Deserialize(&bytes, &response).ok()) {
    return std::nullopt;
  }
  return response;
}

// An exponentially distributed gap. The random number is below 1, so that its logarithm is finite.
absl::Duration RandomGap(double calls_per_second, Random& random) {
  constexpr int kSteps = 1 << 30;
  const double uniform = static_cast<double>(random.Below(kSteps)) / kSteps;
  return absl::Seconds(-std::log1p(-uniform) / calls_per_second);
}

}  // namespace

struct OpenLoop::Call {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  absl::Time due;
};

OpenLoop::OpenLoop(const Target& target, int batch_size, uint64_t seed)
    : target_(target), batch_size_(batch_size), answers_(LiveAnswers(seed, 1)), random_(seed) {
  for (int i = 0; i < kConnections; ++i) {
    stubs_.push_back(std::make_unique<grpc::GenericStub>(target.Connect()));
  }
}

absl::StatusOr<LoopResult> OpenLoop::Run(absl::Duration time) {
  const absl::Time start = absl::Now();
  const absl::Time end = start + time;
  absl::Status status;
  for (absl::Time due = start; due < end && status.ok();
       due += RandomGap(calls_per_second_, random_)) {
    absl::SleepFor(due - absl::Now());
    // A sender that cannot keep up must end all the same.
    if (absl::Now() >= end) {
      break;
    }
    Start(due);
    status.Update(CheckInterrupted());
    status.Update(FirstError());
  }
  absl::MutexLock lock(&mutex_);
  const auto all_answered = [this]()
                                ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return unanswered_ == 0; };
  mutex_.Await(absl::Condition(&all_answered));
  status.Update(error_);
  LoopResult result = std::exchange(result_, {});
  RETURN_IF_ERROR(status);
  result.elapsed = absl::Now() - start;
  return result;
}

grpc::ByteBuffer OpenLoop::NextRequest() {
  {
    absl::MutexLock lock(&mutex_);
    if (!refused_.empty()) {
      grpc::ByteBuffer request = std::move(refused_.back());
      refused_.pop_back();
      return request;
    }
  }
  if (batch_size_ == 1) {
    v1::SubmitFeedbackRequest request;
    FillFeedback(*answers_(0), *request.mutable_feedback());
    return ToBytes(request);
  }
  v1::BatchSubmitFeedbackRequest request;
  for (int i = 0; i < batch_size_; ++i) {
    FillFeedback(*answers_(0), *request.add_feedback());
  }
  return ToBytes(request);
}

void OpenLoop::Start(absl::Time due) {
  auto call = std::make_unique<Call>();
  target_.AddKey(call->context);
  call->request = NextRequest();
  call->due = due;
  {
    absl::MutexLock lock(&mutex_);
    ++unanswered_;
  }
  grpc::GenericStub& stub = *stubs_[calls_started_++ % stubs_.size()];
  // gRPC keeps the call's parts until it is finished.
  Call* const kept = call.release();
  stub.UnaryCall(&kept->context, batch_size_ == 1 ? kSubmit : kBatchSubmit, grpc::StubOptions(),
                 &kept->request, &kept->response, [this, kept](const grpc::Status& status) {
                   Finish(std::unique_ptr<Call>(kept), status);
                 });
}

void OpenLoop::Finish(std::unique_ptr<Call> call, const grpc::Status& status) {
  const absl::Time now = absl::Now();
  int64_t accepted = 0;
  absl::Status error = FromGrpc(status);
  const bool pushed_back = absl::IsResourceExhausted(error);
  if (pushed_back) {
    error = RetryDelayOf(error).has_value()
                ? absl::OkStatus()
                : absl::InternalError(
                      absl::StrCat("a refusal does not say when to come back: ", error.message()));
  } else if (error.ok()) {
    if (batch_size_ == 1) {
      const auto response = Parse<v1::SubmitFeedbackResponse>(call->response);
      accepted = response.has_value() && !response->already_existed() ? 1 : 0;
    } else {
      const auto response = Parse<v1::BatchSubmitFeedbackResponse>(call->response);
      accepted = response.has_value() ? response->accepted_count() : 0;
    }
  }
  absl::MutexLock lock(&mutex_);
  error_.Update(error);
  if (pushed_back) {
    ++result_.pushed_back;
    refused_.push_back(std::move(call->request));
  } else if (error.ok()) {
    result_.latencies_ms.push_back(absl::ToDoubleMilliseconds(now - call->due));
    result_.accepted += accepted;
  }
  --unanswered_;
}

absl::Status OpenLoop::FirstError() const {
  absl::MutexLock lock(&mutex_);
  return error_;
}

}  // namespace emptychair::bench
