#include "server/rpc/call.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <optional>
#include <typeinfo>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {
namespace {

constexpr size_t kLoggedMessageBytesMax = 256;

}  // namespace

ReplyHandle::~ReplyHandle() {
  if (pending_ != nullptr) {
    pending_->ReplyForHandler(absl::InternalError(kNoReply));
  }
}

void ReplyHandle::operator()(const absl::Status& status) {
  assert(pending_ != nullptr);
  std::exchange(pending_, nullptr)->ReplyForHandler(status);
}

void CallRunner::BeginShutdown() {
  stop_signal_ = true;
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (Stoppable* stream : streams_) {
    stream->Stop();
  }
}

bool CallRunner::WaitUntilIdle(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithDeadline(
      absl::Condition(
          +[](int64_t* calls) { return *calls == 0; }, &calls_in_flight_),
      deadline);
}

void CallRunner::RefuseUntilQuiet(absl::Duration quiet, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  for (int64_t refused = -1; refused != calls_refused_ && absl::Now() < deadline;) {
    refused = calls_refused_;
    const auto was_called = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return calls_refused_ != refused;
    };
    mutex_.AwaitWithDeadline(absl::Condition(&was_called), std::min(absl::Now() + quiet, deadline));
  }
}

int64_t CallRunner::calls_in_flight() const {
  absl::MutexLock lock(&mutex_);
  return calls_in_flight_;
}

bool CallRunner::Enter() {
  absl::MutexLock lock(&mutex_);
  if (stopping_) {
    ++calls_refused_;
    return false;
  }
  ++calls_in_flight_;
  return true;
}

void CallRunner::Leave() {
  absl::MutexLock lock(&mutex_);
  --calls_in_flight_;
}

void CallRunner::AddStream(Stoppable* stream) {
  absl::MutexLock lock(&mutex_);
  streams_.insert(stream);
  if (stopping_) {
    stream->Stop();
  }
}

void CallRunner::RemoveStream(Stoppable* stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

void CallRunner::Guard(const char* method, absl::FunctionRef<void()> code) {
  // Only the type is logged: the text of an exception may quote what the caller sent.
  try {
    code();
  } catch (const std::exception& exception) {
    log_->Error("handler threw", {{"method", method}, {"type", typeid(exception).name()}});
  } catch (...) {
    log_->Error("handler threw", {{"method", method}});
  }
}

Call::Call(CallRunner* runner, grpc::CallbackServerContext* context, const char* method)
    : runner_(runner),
      context_(context),
      method_(method),
      start_time_(runner->clock_->Now()),
      peer_(context->peer()) {}

bool Call::Admit() {
  admitted_ = runner_->Enter();
  if (!admitted_) {
    Reply(ShuttingDownError());
    return false;
  }
  return IsAwaited();
}

bool Call::IsAwaited() {
  // gRPC cancels a call when its deadline passes, so the deadline is asked first.
  if (absl::FromChrono(context_->deadline()) <= runner_->clock_->Now()) {
    Reply(absl::DeadlineExceededError("the deadline passed before the server began its work"));
    return false;
  }
  if (context_->IsCancelled()) {
    Reply(absl::CancelledError("the call was cancelled before the server began its work"));
    return false;
  }
  return true;
}

void Call::RunOn(Lane lane, absl::AnyInvocable<void() &&> work) {
  if (const absl::Status status = runner_->executor_->Submit(lane, std::move(work)); !status.ok()) {
    Reply(status);
  }
}

void Call::ReplyForHandler(const absl::Status& status) {
  // A stream whose client has gone ends as cancelled, which nobody hears.
  if (!status.ok() && !absl::IsCancelled(status) && ReasonNameOf(status).empty()) {
    runner_->log_->Error("error without a reason",
                         {{"method", method_},
                          {"code", absl::StatusCodeToString(status.code())},
                          {"message", Quoted(status.message(), kLoggedMessageBytesMax)}});
  }
  Reply(status);
}

void Call::Reply(const absl::Status& status) {
  duration_ = std::max(runner_->clock_->Now() - start_time_, absl::ZeroDuration());
  if (status.ok()) {
    FinishRpc(grpc::Status::OK);
    return;
  }
  code_ = status.code();
  reason_ = ReasonNameOf(status);
  if (const std::optional<absl::Duration> delay = RetryDelayOf(status)) {
    const int64_t delay_ms = absl::ToInt64Milliseconds(absl::Ceil(*delay, absl::Milliseconds(1)));
    context_->AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(delay_ms));
  }
  FinishRpc(ToGrpc(status));
}

void Call::Done() {
  WriteLogLine();
  CallRunner* const runner = runner_;
  const bool admitted = admitted_;
  delete this;
  if (admitted) {
    runner->Leave();
  }
}

void Call::Leave() {
  WriteLogLine();
  if (admitted_) {
    runner_->Leave();
  }
}

void Call::WriteLogLine() const {
  runner_->access_log_->Record({.time = start_time_,
                                .method = method_,
                                .code = code_,
                                .reason = reason_,
                                .duration = duration_,
                                .peer = peer_});
}

}  // namespace emptychair
