#include "server/call/call.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr size_t kLoggedMessageBytesMax = 256;

}  // namespace

Call::Call(CallRunner* runner, RequestContext context)
    : runner_(runner),
      start_time_(runner->clock_->Now()),
      start_(runner->clock_->Monotonic()),
      context_(std::move(context)) {
  context_.cancellation = this;
  context_.record_count = &records_;
  context_.gatekeeper = runner_->gatekeeper_;
}

bool Call::Admit(const Credentials& credentials) {
  admitted_ = runner_->Enter();
  if (!admitted_) {
    Reply(ShuttingDownError());
    return false;
  }
  if (const absl::Status refusal = Refusal(credentials); !refusal.ok()) {
    Reply(refusal);
    return false;
  }
  return IsAwaited();
}

absl::Status Call::Refusal(const Credentials& credentials) {
  Gatekeeper& gatekeeper = *runner_->gatekeeper_;
  absl::Status status = gatekeeper.Identify(credentials, context_.caller);
  if (status.ok()) {
    status = gatekeeper.Authorize(*context_.method, context_.caller);
  }
  if (!status.ok()) {
    gatekeeper.Denied(*context_.method, context_.caller, status);
  }
  return status;
}

bool Call::AddStream(Stoppable* stream, const StreamOrigin& origin) {
  if (const absl::Status status = runner_->AddStream(stream, &context_, origin); !status.ok()) {
    Reply(status);
    return false;
  }
  return true;
}

absl::Duration Call::RecordDelay() const {
  return runner_->gatekeeper_->RecordDelay(context_.caller);
}

bool Call::IsAwaited() {
  if (const absl::Status status = context_.CheckAwaited(runner_->clock_->Now()); !status.ok()) {
    Reply(status);
    return false;
  }
  return true;
}

void Call::RunOn(Lane lane, absl::AnyInvocable<void() &&> work) {
  if (const absl::Status status = runner_->executor_->Submit(lane, std::move(work)); !status.ok()) {
    Reply(status);
  }
}

absl::Status Call::RunPaced(Lane lane, absl::AnyInvocable<void() &&> work) {
  return runner_->executor_->SubmitPaced(lane, std::move(work));
}

void Call::Guard(absl::FunctionRef<void()> code) {
  runner_->Guard(*context_.method, context_.request_id, code);
}

void Call::ReplyForHandler(const absl::Status& status) {
  // A stream whose client has gone ends as cancelled, which nobody hears.
  if (!status.ok() && !absl::IsCancelled(status) && context_.method->has_reasons &&
      ReasonNameOf(status).empty()) {
    runner_->log_->Error("error without a reason",
                         {{"method", context_.method->name},
                          {"request_id", context_.request_id.text()},
                          {"code", absl::StatusCodeToString(status.code())},
                          {"message", Quoted(status.message(), kLoggedMessageBytesMax)}});
  }
  Reply(status);
}

void Call::Reply(const absl::Status& status) {
  duration_ = std::max(runner_->clock_->Monotonic() - start_, absl::ZeroDuration());
  if (!status.ok()) {
    code_ = status.code();
    reason_ = ReasonNameOf(status);
  }
  FinishCall(status);
}

void Call::Done() {
  Observe();
  CallRunner* const runner = runner_;
  const bool admitted = admitted_;
  delete this;
  if (admitted) {
    runner->Leave();
  }
}

void Call::Leave() {
  Observe();
  if (admitted_) {
    runner_->Leave();
  }
}

void Call::Observe() const {
  runner_->Observe({.context = context_,
                    .start_time = start_time_,
                    .code = code_,
                    .reason = reason_,
                    .duration = duration_,
                    .records = records_.load(std::memory_order_relaxed),
                    .request_bytes = request_bytes_,
                    .response_bytes = response_bytes_});
}

}  // namespace emptychair
