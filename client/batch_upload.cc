#include "client/batch_upload.h"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "client/utf8.h"
#include "common/base/status_macros.h"

namespace emptychair {

template <typename Request, typename Response>
BatchUpload<Request, Response>::BatchUpload(ClientOptions options, OpenCall open_call,
                                            OnAcknowledged on_acknowledged,
                                            std::shared_ptr<CallKey> key,
                                            StreamOptions stream_options)
    : options_(std::move(options)),
      open_call_(std::move(open_call)),
      on_acknowledged_(std::move(on_acknowledged)),
      key_(std::move(key)),
      stream_options_(std::move(stream_options)) {}

template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::Send(Request batch) {
  RETURN_IF_ERROR(status_);
  if constexpr (!std::is_same_v<Request, EncodedFeedbackBatch>) {
    RETURN_IF_ERROR(CheckUtf8(batch));
  }
  while (unacknowledged_.size() >= kUnacknowledgedMax) {
    if (absl::Status status = ReadOne(); !status.ok()) {
      unacknowledged_.push_back(std::move(batch));
      return status;
    }
  }
  batch.set_batch_number(++batches_);
  if (unacknowledged_.empty()) {
    retries_.Begin();
  }
  unacknowledged_.push_back(std::move(batch));
  if (call_ == nullptr) {
    call_ = open_call_();
  }
  return call_->Write(unacknowledged_.back()) ? absl::OkStatus() : Resume();
}

template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::AwaitAcknowledgement(absl::Duration timeout) {
  RETURN_IF_ERROR(status_);
  return unacknowledged_.empty() || !call_->AwaitRead(timeout) ? absl::OkStatus() : ReadOne();
}

template <typename Request, typename Response>
std::vector<Request> BatchUpload<Request, Response>::TakeUnacknowledged() {
  std::vector<Request> batches(std::make_move_iterator(unacknowledged_.begin()),
                               std::make_move_iterator(unacknowledged_.end()));
  unacknowledged_.clear();
  return batches;
}

template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::Finish() {
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
template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::ReadOne() {
  const std::optional<Response> acknowledgement = call_->Read();
  return acknowledgement.has_value() ? Acknowledge(*acknowledgement) : Resume();
}

template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::Acknowledge(const Response& acknowledgement) {
  if (unacknowledged_.empty() ||
      acknowledgement.batch_number() != unacknowledged_.front().batch_number()) {
    status_ = absl::InternalError(absl::StrCat("the server acknowledged batch ",
                                               acknowledgement.batch_number(), " out of order"));
    return status_;
  }
  const Request batch = std::move(unacknowledged_.front());
  unacknowledged_.pop_front();
  retries_.Begin();
  on_acknowledged_(batch, acknowledgement);
  return absl::OkStatus();
}

// After a call has ended: sends what is unacknowledged over a new one, as often as the policies
// say.
template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::Resume() {
  do {
    const absl::Status status = EndOfCall();
    RETURN_IF_ERROR(status_);
    if (!IsWorthAnother(status)) {
      call_.reset();
      status_ = status;
      return status_;
    }
    call_ = open_call_();
  } while (!SendUnacknowledged());
  return absl::OkStatus();
}

template <typename Request, typename Response>
bool BatchUpload<Request, Response>::IsWorthAnother(const absl::Status& status) {
  if (stream_options_.stop.stop_requested()) {
    return false;
  }
  if (!stream_options_.resends) {
    if (key_ != nullptr) {
      // Reads the key anew for the stream that comes after this one.
      key_->RenewAfter(status);
    }
    return false;
  }
  return retries_.WaitAfter(status) && !stream_options_.stop.stop_requested();
}

// Takes what was acknowledged before the call ended, and says why it did.
template <typename Request, typename Response>
absl::Status BatchUpload<Request, Response>::EndOfCall() {
  while (const auto acknowledgement = call_->Read()) {
    RETURN_IF_ERROR(Acknowledge(*acknowledgement));
  }
  const absl::Status status = call_->Finish();
  return status.ok()
             ? absl::InternalError("the server ended the stream before all was acknowledged")
             : status;
}

template <typename Request, typename Response>
bool BatchUpload<Request, Response>::SendUnacknowledged() {
  return std::all_of(unacknowledged_.begin(), unacknowledged_.end(),
                     [this](const Request& batch) { return call_->Write(batch); });
}

template class BatchUpload<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
template class BatchUpload<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
template class BatchUpload<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

}  // namespace emptychair
