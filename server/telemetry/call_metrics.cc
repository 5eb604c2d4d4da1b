#include "server/telemetry/call_metrics.h"

#include <algorithm>
#include <variant>

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "emptychair/v1/error_reason.pb.h"

namespace emptychair {
namespace {

constexpr char kRefusals[] = "emptychair_refusals_total";
constexpr char kRefusalsHelp[] =
    "Calls that ended with an error, and connections and HTTP requests that were refused, by "
    "reason.";

// The label of methods that the server does not have.
constexpr char kOther[] = "_OTHER";

constexpr int kCodeCount = static_cast<int>(absl::StatusCode::kUnauthenticated) + 1;

// Those that errors of the API have, and those that every call can end with.
bool IsAnswered(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
      return true;
    default:
      break;
  }
  const google::protobuf::EnumDescriptor& reasons = *v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    if (CodeOf(static_cast<v1::ErrorReason>(reasons.value(i)->number())) == code) {
      return true;
    }
  }
  return false;
}

bool IsStream(const MethodSpec& method) {
  return !std::holds_alternative<MethodSpec::Unary>(method.handler) &&
         !std::holds_alternative<MethodSpec::Scheduled>(method.handler);
}

}  // namespace

CallMetrics::CallMetrics(MetricRegistry* registry)
    : registry_(registry), unknown_(Declare(kOther, /*is_stream=*/true)) {
  const google::protobuf::EnumDescriptor& reasons = *v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const auto reason = static_cast<v1::ErrorReason>(reasons.value(i)->number());
    if (reason != v1::ERROR_REASON_UNSPECIFIED) {
      const std::string name(ReasonName(reason));
      refusals_.emplace(name, AddRefusals(name));
    }
  }
}

void CallMetrics::AddMethods(MethodTable& methods) {
  for (MethodSpec& method : methods) {
    method.method.number = static_cast<int>(methods_.size());
    methods_.push_back(Declare(method.method.name, IsStream(method)));
  }
}

MetricCounter CallMetrics::AddRefusals(const std::string& reason) {
  return registry_->AddCounter(kRefusals, kRefusalsHelp, {{"reason", reason}});
}

MetricRegistry::Figure CallMetrics::RefusalsFigure(const std::string& reason) {
  return {MetricType::kCounter, kRefusals, kRefusalsHelp, {{"reason", reason}}};
}

CallMetrics::OfMethod CallMetrics::Declare(const std::string& method, bool is_stream) {
  const auto counter_of = [&](absl::StatusCode code) {
    return registry_->AddCounter("emptychair_calls_total",
                                 "Calls that have ended, by method and status code.",
                                 {{"method", method}, {"code", absl::StatusCodeToString(code)}});
  };
  OfMethod declared;
  const MetricCounter unknown = counter_of(absl::StatusCode::kUnknown);
  for (int i = 0; i < kCodeCount; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    declared.calls.push_back(
        code != absl::StatusCode::kUnknown && IsAnswered(code) ? counter_of(code) : unknown);
  }
  if (!is_stream) {
    declared.durations = registry_->AddDurations(
        "emptychair_call_duration_seconds",
        "From the arrival of a call to the moment its answer was ready. Streams have none.",
        {{"method", method}});
  }
  return declared;
}

void CallMetrics::CallFinished(const FinishedCall& call) {
  const int number = call.context.method->number;
  const OfMethod& method =
      number >= 0 && static_cast<size_t>(number) < methods_.size() ? methods_[number] : unknown_;
  const int code = static_cast<int>(call.code);
  method.calls[code >= 0 && code < kCodeCount ? code : static_cast<int>(absl::StatusCode::kUnknown)]
      .Add();
  if (method.durations.has_value()) {
    method.durations->Observe(call.duration);
  }
  if (!call.reason.empty()) {
    if (const auto found = refusals_.find(call.reason); found != refusals_.end()) {
      found->second.Add();
    }
  }
}

}  // namespace emptychair
