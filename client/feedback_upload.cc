#include "client/feedback_upload.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/utf8.h"
#include "common/base/status_macros.h"

namespace emptychair {

FeedbackUpload::FeedbackUpload(ClientOptions options, OpenCall open_call,
                               OnAcknowledged on_acknowledged)
    : options_(std::move(options)),
      open_call_(std::move(open_call)),
      on_acknowledged_(std::move(on_acknowledged)) {}

absl::Status FeedbackUpload::Send(v1::StreamFeedbackRequest batch) {
  RETURN_IF_ERROR(status_);
  RETURN_IF_ERROR(CheckUtf8(batch));
  while (unacknowledged_.size() >= kUnacknowledgedMax) {
    RETURN_IF_ERROR(ReadOne());
  }
  batch.set_batch_number(++batches_);
  if (unacknowledged_.empty()) {
    since_ = options_.now();
  }
  unacknowledged_.push_back(std::move(batch));
  if (call_ == nullptr) {
    call_ = open_call_();
  }
  return call_->Write(unacknowledged_.back()) ? absl::OkStatus() : Resume(call_->Finish());
}

absl::Status FeedbackUpload::Finish() {
  RETURN_IF_ERROR(status_);
  while (!unacknowledged_.empty()) {
    RETURN_IF_ERROR(ReadOne());
  }
  if (call_ != nullptr) {
    // However the call ends: all that was sent is acknowledged.
    call_->WritesDone();
    while (call_->Read().has_value()) {
    }
    call_->Finish().IgnoreError();
    call_.reset();
  }
  return absl::OkStatus();
}

// Waits for one acknowledgement, or for a call that is as far as the one that has ended was.
absl::Status FeedbackUpload::ReadOne() {
  const std::optional<v1::StreamFeedbackResponse> acknowledgement = call_->Read();
  if (!acknowledgement.has_value()) {
    return Resume(call_->Finish());
  }
  const v1::StreamFeedbackRequest batch = std::move(unacknowledged_.front());
  unacknowledged_.pop_front();
  if (acknowledgement->batch_number() != batch.batch_number()) {
    status_ = absl::InternalError(absl::StrCat("the server acknowledged batch ",
                                               acknowledgement->batch_number(), " instead of ",
                                               batch.batch_number()));
    return status_;
  }
  since_ = options_.now();
  retry_.reset();
  backoff_.reset();
  on_acknowledged_(batch, *acknowledgement);
  return absl::OkStatus();
}

// Sends what is unacknowledged over a new call, as often as the policies say.
absl::Status FeedbackUpload::Resume(absl::Status status) {
  if (status.ok()) {
    status = absl::InternalError("the server ended the stream before all was acknowledged");
  }
  if (retry_ == nullptr) {
    retry_ = options_.retry_policy->Clone();
    backoff_ = options_.backoff_policy->Clone();
  }
  do {
    const absl::Duration elapsed = options_.now() - since_;
    const bool is_worth_it = retry_->OnFailure(status, elapsed);
    const absl::Duration delay = is_worth_it ? backoff_->OnFailure(status) : absl::ZeroDuration();
    if (!is_worth_it || elapsed + delay >= options_.timeout) {
      call_.reset();
      status_ = std::move(status);
      return status_;
    }
    options_.sleep(delay);
    call_ = open_call_();
    if (SendUnacknowledged()) {
      return absl::OkStatus();
    }
    status = call_->Finish();
  } while (true);
}

bool FeedbackUpload::SendUnacknowledged() {
  return std::all_of(
      unacknowledged_.begin(), unacknowledged_.end(),
      [this](const v1::StreamFeedbackRequest& batch) { return call_->Write(batch); });
}

}  // namespace emptychair
