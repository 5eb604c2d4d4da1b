#include "server/call/call_runner.h"

#include <algorithm>
#include <exception>
#include <typeinfo>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {

CallRunner::CallRunner(Executor* executor, Gatekeeper* gatekeeper,
                       std::vector<CallObserver*> observers, ServerLog* log, const Clock* clock)
    : executor_(executor),
      gatekeeper_(gatekeeper),
      observers_(std::move(observers)),
      log_(log),
      clock_(clock),
      request_ids_(absl::Uniform<uint64_t>(absl::BitGen())) {}

void CallRunner::BeginShutdown() {
  stop_signal_ = true;
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (const auto& [stream, open] : streams_) {
    stream->Stop(ShuttingDownError());
  }
}

void CallRunner::RecheckStreams() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [stream, open] : streams_) {
    const absl::Status status = gatekeeper_->Recheck(*open.context->method, open.context->caller);
    if (status.ok()) {
      stream->LookAgain();
    } else {
      stream->Stop(status);
    }
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

absl::Status CallRunner::AddStream(Stoppable* stream, const RequestContext* context,
                                   const StreamOrigin& origin) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(stream_counter_.Enter(*context->method, context->caller, origin));
  streams_.emplace(stream, OpenStream{context, origin});
  if (stopping_) {
    stream->Stop(ShuttingDownError());
  }
  return absl::OkStatus();
}

void CallRunner::RemoveStream(Stoppable* stream) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) {
    return;
  }
  const OpenStream& open = found->second;
  stream_counter_.Leave(*open.context->method, open.context->caller, open.origin);
  streams_.erase(found);
}

void CallRunner::Observe(const FinishedCall& call) {
  for (CallObserver* observer : observers_) {
    observer->CallFinished(call);
  }
}

void CallRunner::Guard(const Method& method, RequestId request_id, absl::FunctionRef<void()> code) {
  // Only the type is logged: the text of an exception may quote what the caller sent.
  try {
    code();
  } catch (const std::exception& exception) {
    log_->Error("handler threw", {{"method", method.name},
                                  {"request_id", request_id.text()},
                                  {"type", typeid(exception).name()}});
  } catch (...) {
    log_->Error("handler threw", {{"method", method.name}, {"request_id", request_id.text()}});
  }
}

}  // namespace emptychair
