#include "tools/chairctl/import/record_sender.h"

#include <utility>

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

// How each type of record is streamed.
struct FeedbackBatches {
  using Record = v1::Feedback;
  using Request = v1::StreamFeedbackRequest;
  using Response = v1::StreamFeedbackResponse;
  static auto Open(const Client& client, FeedbackStream::OnAcknowledged on_acknowledged) {
    return client.StreamFeedback(std::move(on_acknowledged));
  }
  static auto& Of(Request& batch) { return *batch.mutable_feedback(); }
  static const auto& Of(const Request& batch) { return batch.feedback(); }
};

struct ActivityBatches {
  using Record = v1::Activity;
  using Request = v1::StreamActivitiesRequest;
  using Response = v1::StreamActivitiesResponse;
  static auto Open(const Client& client, ActivityStream::OnAcknowledged on_acknowledged) {
    return client.StreamActivities(std::move(on_acknowledged));
  }
  static auto& Of(Request& batch) { return *batch.mutable_activities(); }
  static const auto& Of(const Request& batch) { return batch.activities(); }
};

template <typename Batches>
class StreamSender final : public RecordSender {
 public:
  using Record = typename Batches::Record;
  using Request = typename Batches::Request;
  using Response = typename Batches::Response;

  StreamSender(const Client& client, SenderOptions options,
               std::function<absl::Status(const Record& record)> before)
      : client_(client), options_(std::move(options)), before_(std::move(before)) {}

  absl::Status Add(ImportRecord record) override {
    auto& own = std::get<Record>(record);
    RETURN_IF_ERROR(before_(own));
    const size_t bytes = own.ByteSizeLong() + kFrameBytesMax;
    if (batch_bytes_ + bytes > kBatchBytesMax) {
      RETURN_IF_ERROR(SendBatch());
    }
    *Batches::Of(batch_).Add() = std::move(own);
    batch_bytes_ += bytes;
    return Batches::Of(batch_).size() >= options_.batch_size ? SendBatch() : absl::OkStatus();
  }

  absl::Status Settle() override {
    RETURN_IF_ERROR(SendBatch());
    if (stream_ == nullptr) {
      return absl::OkStatus();
    }
    const absl::Status status = stream_->Finish();
    stream_.reset();
    return status;
  }

 private:
  absl::Status SendBatch() {
    if (Batches::Of(batch_).empty()) {
      return absl::OkStatus();
    }
    if (stream_ == nullptr) {
      stream_ =
          Batches::Open(client_, [this](const Request& batch, const Response& acknowledgement) {
            Acknowledge(batch, acknowledgement);
          });
    }
    batch_.set_import_id(options_.import_id);
    batch_bytes_ = 0;
    return stream_->Send(std::exchange(batch_, {}));
  }

  void Acknowledge(const Request& batch, const Response& acknowledgement) {
    auto failure = acknowledgement.failures().begin();
    auto existed = acknowledgement.already_existed_indexes().begin();
    const auto& records = Batches::Of(batch);
    for (int i = 0; i < records.size(); ++i) {
      absl::Status status;
      if (failure != acknowledgement.failures().end() && failure->index() == i) {
        status = FromProto(failure->status());
        ++failure;
      }
      const bool already_existed =
          existed != acknowledgement.already_existed_indexes().end() && *existed == i;
      existed += already_existed ? 1 : 0;
      options_.on_settled(&records[i], status, already_existed);
    }
  }

  const Client& client_;
  const SenderOptions options_;
  const std::function<absl::Status(const Record& record)> before_;
  std::unique_ptr<BatchStream<Request, Response>> stream_;
  Request batch_;
  size_t batch_bytes_ = 0;
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

std::unique_ptr<RecordSender> MakeFeedbackSender(const Client& client, SenderOptions options) {
  return std::make_unique<StreamSender<FeedbackBatches>>(
      client, std::move(options), [](const v1::Feedback&) { return absl::OkStatus(); });
}

std::unique_ptr<RecordSender> MakeActivitySender(
    const Client& client, SenderOptions options,
    std::function<absl::Status(const v1::Activity& activity)> before) {
  return std::make_unique<StreamSender<ActivityBatches>>(client, std::move(options),
                                                         std::move(before));
}

}  // namespace emptychair
