#include "client/grpc_feedback_call.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

GrpcFeedbackCall::GrpcFeedbackCall(v1::FeedbackService::Stub& stub, absl::Duration wait_max)
    : wait_max_(wait_max), stream_(stub.AsyncStreamFeedback(&context_, &queue_, Begin(kStart))) {
  if (Await(kStart)) {
    stream_->Read(&response_, Begin(kRead));
  }
}

GrpcFeedbackCall::~GrpcFeedbackCall() {
  if (!is_finished_) {
    context_.TryCancel();
    Finish().IgnoreError();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool GrpcFeedbackCall::Write(const v1::StreamFeedbackRequest& batch) {
  if (!states_[kStart].is_ok) {
    return false;
  }
  stream_->Write(batch, Begin(kWrite));
  return Await(kWrite);
}

std::optional<v1::StreamFeedbackResponse> GrpcFeedbackCall::Read() {
  while (responses_.empty() && states_[kRead].is_under_way) {
    TakeOne();
  }
  if (responses_.empty()) {
    return std::nullopt;
  }
  std::optional<v1::StreamFeedbackResponse> response = std::move(responses_.front());
  responses_.pop_front();
  return response;
}

void GrpcFeedbackCall::WritesDone() {
  if (states_[kStart].is_ok) {
    stream_->WritesDone(Begin(kWritesDone));
    Await(kWritesDone);
  }
}

absl::Status GrpcFeedbackCall::Finish() {
  is_finished_ = true;
  grpc::Status status;
  stream_->Finish(&status, Begin(kFinish));
  Await(kFinish);
  if (has_timed_out_) {
    return absl::DeadlineExceededError(
        absl::StrCat("the server neither acknowledged a batch nor took one for ",
                     absl::FormatDuration(wait_max_)));
  }
  return FromGrpc(status);
}

void* GrpcFeedbackCall::Begin(Operation operation) {
  states_[operation] = {.is_under_way = true};
  return &states_[operation];
}

// Whether the operation was done.
bool GrpcFeedbackCall::Await(Operation operation) {
  while (states_[operation].is_under_way) {
    TakeOne();
  }
  return states_[operation].is_ok;
}

// Waits for the end of one operation, whichever comes first.
void GrpcFeedbackCall::TakeOne() {
  void* tag = nullptr;
  bool ok = false;
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMicroseconds(wait_max_);
  if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::TIMEOUT) {
    has_timed_out_ = true;
    context_.TryCancel();
    queue_.Next(&tag, &ok);
  }
  auto* state = static_cast<State*>(tag);
  *state = {.is_under_way = false, .is_ok = ok};
  if (state == &states_[kRead] && ok) {
    responses_.push_back(std::move(response_));
    stream_->Read(&response_, Begin(kRead));
  }
}

}  // namespace emptychair
