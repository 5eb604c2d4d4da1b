#include "tools/chairctl/records/batch_sender.h"

#include "common/base/status_macros.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/retry_policy.h"
#include "emptychair/error.h"

namespace emptychair {
namespace {

// Below the service's 4 MiB for a batch, with room for what frames each record.
constexpr size_t kBatchBytesMax = 4'000'000;

constexpr size_t kFrameBytesMax = 8;

constexpr absl::Duration kBackoffMin = absl::Milliseconds(200);
constexpr absl::Duration kBackoffMax = absl::Seconds(5);

// Sending the same records again is always safe; after these it can also help, the time of a new
// call among them.
bool IsWorthARetry(const absl::Status& status) {
  return IsRetryable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

absl::Status BatchSender::Add(v1::Feedback feedback) {
  const size_t bytes = feedback.ByteSizeLong() + kFrameBytesMax;
  if (batch_bytes_ + bytes > kBatchBytesMax) {
    RETURN_IF_ERROR(Flush());
  }
  *batch_.add_feedback() = std::move(feedback);
  batch_bytes_ += bytes;
  return batch_.feedback_size() >= batch_size_ ? Flush() : absl::OkStatus();
}

absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSender::SendWithRetries() {
  ExponentialBackoffPolicy backoff(kBackoffMin, kBackoffMax);
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<v1::BatchSubmitFeedbackResponse> response = send_(batch_);
    if (response.ok() || attempt == kAttemptsMax || !IsWorthARetry(response.status())) {
      return response;
    }
    sleep_(backoff.OnFailure(response.status()));
  }
}

absl::Status BatchSender::Flush() {
  const int size = batch_.feedback_size();
  if (size == 0) {
    return absl::OkStatus();
  }
  const absl::StatusOr<v1::BatchSubmitFeedbackResponse> response = SendWithRetries();
  if (response.ok()) {
    accepted_ += response->accepted_count();
    already_existed_ += response->already_existed_count();
    for (const v1::BatchFailure& failure : response->failures()) {
      on_rejected_(sent_ + failure.index(), FromProto(failure.status()));
    }
  } else {
    for (int i = 0; i < size; ++i) {
      on_rejected_(sent_ + i, response.status());
    }
  }
  sent_ += size;
  batch_.clear_feedback();
  batch_bytes_ = 0;
  return response.ok() || !IsWorthARetry(response.status()) ? absl::OkStatus() : response.status();
}

}  // namespace emptychair
