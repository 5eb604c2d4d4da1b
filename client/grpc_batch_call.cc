#include "client/grpc_batch_call.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

template <typename Request, typename Response>
GrpcBatchCall<Request, Response>::GrpcBatchCall(const Start& start, absl::Duration wait_max,
                                                std::stop_token stop)
    : wait_max_(absl::ToChronoMicroseconds(wait_max)),
      stream_(start(&context_, &queue_, Begin(kStart))),
      on_stop_(std::move(stop), [this] { context_.TryCancel(); }) {
  if (Await(kStart)) {
    stream_->Read(&response_, Begin(kRead));
  }
}

template <typename Request, typename Response>
GrpcBatchCall<Request, Response>::~GrpcBatchCall() {
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

template <typename Request, typename Response>
bool GrpcBatchCall<Request, Response>::Write(const Request& batch) {
  if (!states_[kStart].is_ok) {
    return false;
  }
  stream_->Write(batch, Begin(kWrite));
  return Await(kWrite);
}

template <typename Request, typename Response>
bool GrpcBatchCall<Request, Response>::AwaitRead(absl::Duration timeout) {
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout);
  while (responses_.empty() && states_[kRead].is_under_way) {
    if (!TakeOneBefore(deadline)) {
      return false;
    }
  }
  return true;
}

template <typename Request, typename Response>
std::optional<Response> GrpcBatchCall<Request, Response>::Read() {
  while (responses_.empty() && states_[kRead].is_under_way) {
    TakeOne();
  }
  if (responses_.empty()) {
    return std::nullopt;
  }
  std::optional<Response> response = std::move(responses_.front());
  responses_.pop_front();
  return response;
}

template <typename Request, typename Response>
void GrpcBatchCall<Request, Response>::WritesDone() {
  if (states_[kStart].is_ok) {
    stream_->WritesDone(Begin(kWritesDone));
    Await(kWritesDone);
  }
}

template <typename Request, typename Response>
absl::Status GrpcBatchCall<Request, Response>::Finish() {
  is_finished_ = true;
  grpc::Status status;
  stream_->Finish(&status, Begin(kFinish));
  Await(kFinish);
  if (has_timed_out_) {
    return absl::DeadlineExceededError(
        absl::StrCat("the server neither acknowledged a batch nor took one for ",
                     absl::FormatDuration(absl::FromChrono(wait_max_))));
  }
  return FromGrpc(status);
}

template <typename Request, typename Response>
void* GrpcBatchCall<Request, Response>::Begin(Operation operation) {
  states_[operation] = {.is_under_way = true};
  return &states_[operation];
}

// Whether the operation was done.
template <typename Request, typename Response>
bool GrpcBatchCall<Request, Response>::Await(Operation operation) {
  while (states_[operation].is_under_way) {
    TakeOne();
  }
  return states_[operation].is_ok;
}

// Waits for the end of one operation, whichever comes first.
template <typename Request, typename Response>
void GrpcBatchCall<Request, Response>::TakeOne() {
  last_event_ = std::chrono::steady_clock::now();
  TakeOneBefore(std::chrono::system_clock::time_point::max());
}

// The same, but only until `deadline`: then false.
template <typename Request, typename Response>
bool GrpcBatchCall<Request, Response>::TakeOneBefore(
    std::chrono::system_clock::time_point deadline) {
  const auto left = last_event_ + wait_max_ - std::chrono::steady_clock::now();
  const auto wait_end = std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::microseconds>(left);
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, std::min(deadline, wait_end)) == grpc::CompletionQueue::TIMEOUT) {
    if (deadline < wait_end) {
      return false;
    }
    has_timed_out_ = true;
    context_.TryCancel();
    queue_.Next(&tag, &ok);
  }
  last_event_ = std::chrono::steady_clock::now();
  auto* state = static_cast<State*>(tag);
  *state = {.is_under_way = false, .is_ok = ok};
  if (state == &states_[kRead] && ok) {
    responses_.push_back(std::move(response_));
    stream_->Read(&response_, Begin(kRead));
  }
  return true;
}

template class GrpcBatchCall<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
template class GrpcBatchCall<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
template class GrpcBatchCall<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

}  // namespace emptychair
