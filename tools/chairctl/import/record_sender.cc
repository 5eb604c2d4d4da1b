#include "tools/chairctl/import/record_sender.h"

#include "common/base/status_macros.h"
#include "emptychair/client/retry_policy.h"
#include "emptychair/error.h"

namespace emptychair {
namespace {

// What frames a record in its batch.
constexpr size_t kFrameBytesMax = 8;

// Sending the same records again is always safe; after these it can also help.
class PatientRetryPolicy final : public RetryPolicy {
 public:
  explicit PatientRetryPolicy(OutageNotice& notice) : notice_(notice) {}

  std::unique_ptr<RetryPolicy> Clone() const override {
    return std::make_unique<PatientRetryPolicy>(notice_);
  }

  bool OnFailure(const absl::Status& status, absl::Duration) override {
    const bool is_worth_it = IsRetryable(status) || absl::IsDeadlineExceeded(status);
    if (is_worth_it) {
      notice_.OnFailure(status);
    }
    return is_worth_it;
  }

 private:
  OutageNotice& notice_;
};

}  // namespace

void OutageNotice::OnFailure(const absl::Status& status) {
  // A server that is busy and says so is not away.
  if (!was_said_ && !absl::IsResourceExhausted(status)) {
    was_said_ = true;
    say_(status);
  }
}

ClientOptions PatientOptions(ClientOptions options, OutageNotice& notice) {
  options.retry_policy = std::make_shared<PatientRetryPolicy>(notice);
  return options;
}

absl::Status RecordSender::Add(v1::Feedback record) {
  const size_t bytes = record.ByteSizeLong() + kFrameBytesMax;
  if (batch_bytes_ + bytes > kBatchBytesMax) {
    RETURN_IF_ERROR(SendBatch());
  }
  *batch_.add_feedback() = std::move(record);
  batch_bytes_ += bytes;
  return batch_.feedback_size() >= batch_size_ ? SendBatch() : absl::OkStatus();
}

absl::Status RecordSender::SendBatch() {
  if (batch_.feedback().empty()) {
    return absl::OkStatus();
  }
  if (stream_ == nullptr) {
    stream_ = client_.StreamFeedback([this](const v1::StreamFeedbackRequest& batch,
                                            const v1::StreamFeedbackResponse& acknowledgement) {
      Acknowledge(batch, acknowledgement);
    });
  }
  batch_.set_import_id(import_id_);
  batch_bytes_ = 0;
  return stream_->Send(std::exchange(batch_, {}));
}

absl::Status RecordSender::Settle() {
  RETURN_IF_ERROR(SendBatch());
  if (stream_ == nullptr) {
    return absl::OkStatus();
  }
  const absl::Status status = stream_->Finish();
  stream_.reset();
  return status;
}

void RecordSender::Acknowledge(const v1::StreamFeedbackRequest& batch,
                               const v1::StreamFeedbackResponse& acknowledgement) {
  auto failure = acknowledgement.failures().begin();
  auto existed = acknowledgement.already_existed_indexes().begin();
  for (int i = 0; i < batch.feedback_size(); ++i) {
    absl::Status status;
    if (failure != acknowledgement.failures().end() && failure->index() == i) {
      status = FromProto(failure->status());
      ++failure;
    }
    const bool already_existed =
        existed != acknowledgement.already_existed_indexes().end() && *existed == i;
    existed += already_existed ? 1 : 0;
    on_settled_(batch.feedback(i), status, already_existed);
  }
}

}  // namespace emptychair
