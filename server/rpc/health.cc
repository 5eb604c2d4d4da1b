#include "server/rpc/health.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr absl::string_view kFeedbackService = "emptychair.v1.FeedbackService";

}  // namespace

absl::StatusOr<bool> Health::Watch::Next(HealthCheckResponse& response) {
  const Status status = health_->StatusOf(service_);
  if (told_ == status) {
    return false;
  }
  told_ = status;
  response.set_status(status);
  return true;
}

bool Health::Watch::NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) {
  return health_->Subscribe(service_, told_, waiter);
}

void Health::Watch::Unsubscribe(const std::shared_ptr<Waiter>& waiter) {
  health_->Unsubscribe(waiter);
}

void Health::AddTo(MethodTable& table) {
  const google::protobuf::ServiceDescriptor& service =
      *HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
  // At once, however busy the lanes are.
  table.push_back(
      MethodSpec::AtOnce([this](const RequestContext&, const HealthCheckRequest& request,
                                HealthCheckResponse& response,
                                ReplyHandle reply) { reply(Check(request, response)); })
          .As(*service.FindMethodByName("Check"))
          .Needing(v1::PERMISSION_PUBLIC));
  table.push_back(
      MethodSpec::FeedOn(Lane::kQuery,
                         [this](const RequestContext&, const HealthCheckRequest& request)
                             -> absl::StatusOr<Watch> { return Watch(this, request.service()); })
          .As(*service.FindMethodByName("Watch"))
          .WithStreamsPerConnection(kHealthWatchesPerConnectionMax)
          .Needing(v1::PERMISSION_PUBLIC));
}

void Health::SetTakesFeedback(bool takes_feedback) {
  {
    absl::MutexLock lock(&mutex_);
    takes_feedback_ = takes_feedback;
  }
  NotifyAll();
}

void Health::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopped_ = true;
  }
  NotifyAll();
}

Health::Status Health::StatusOf(absl::string_view service) const {
  absl::MutexLock lock(&mutex_);
  return StatusOfLocked(service);
}

Health::Status Health::StatusOfLocked(absl::string_view service) const {
  if (!service.empty() && service != kFeedbackService) {
    return HealthCheckResponse::SERVICE_UNKNOWN;
  }
  return !is_stopped_ && (service.empty() || takes_feedback_) ? HealthCheckResponse::SERVING
                                                              : HealthCheckResponse::NOT_SERVING;
}

absl::Status Health::Check(const HealthCheckRequest& request, HealthCheckResponse& response) const {
  const Status status = StatusOf(request.service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return absl::NotFoundError(absl::StrCat("service: got ", Quoted(request.service()),
                                            ", wanted \"\" or \"", kFeedbackService, "\""));
  }
  response.set_status(status);
  return absl::OkStatus();
}

bool Health::Subscribe(absl::string_view service, std::optional<Status> told,
                       const std::shared_ptr<Waiter>& waiter) {
  absl::MutexLock lock(&mutex_);
  if (told != StatusOfLocked(service)) {
    return false;
  }
  waiters_.insert(waiter);
  return true;
}

void Health::Unsubscribe(const std::shared_ptr<Waiter>& waiter) {
  absl::MutexLock lock(&mutex_);
  waiters_.erase(waiter);
}

void Health::NotifyAll() {
  absl::flat_hash_set<std::shared_ptr<Waiter>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters.swap(waiters_);
  }
  for (const std::shared_ptr<Waiter>& waiter : waiters) {
    waiter->Notify();
  }
}

}  // namespace emptychair
