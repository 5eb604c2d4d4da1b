#include "server/rpc/write_health.h"

namespace emptychair {

void WriteHealth::Attach(grpc::HealthCheckServiceInterface* health) {
  absl::MutexLock lock(&mutex_);
  health_ = health;
  Tell();
}

void WriteHealth::Set(bool takes_feedback) {
  absl::MutexLock lock(&mutex_);
  takes_feedback_ = takes_feedback;
  Tell();
}

void WriteHealth::Tell() {
  if (health_ != nullptr) {
    health_->SetServingStatus("emptychair.v1.FeedbackService", takes_feedback_);
  }
}

}  // namespace emptychair
