// The upload behind a BatchStream, over as many calls as it takes.
#ifndef EMPTYCHAIR_CLIENT_BATCH_UPLOAD_H_
#define EMPTYCHAIR_CLIENT_BATCH_UPLOAD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/retries.h"
#include "emptychair/client/batch_stream.h"
#include "emptychair/client/options.h"

namespace emptychair {

// One call of StreamFeedback or StreamActivities. For one thread. When it is destroyed before
// Finish it is cancelled.
template <typename Request, typename Response>
class BatchCall {
 public:
  virtual ~BatchCall() = default;

  // Sends a batch. False when the call has ended.
  virtual bool Write(const Request& batch) = 0;
  // Whether Read would answer at once. Waits for that, `timeout` at most.
  virtual bool AwaitRead(absl::Duration timeout) = 0;
  // The next acknowledgement; nothing when the call has ended, and ever after.
  virtual std::optional<Response> Read() = 0;
  // Nothing more will be sent.
  virtual void WritesDone() = 0;
  // Why the call has ended. Once, and the last.
  virtual absl::Status Finish() = 0;
};

template <typename Request, typename Response>
class BatchUpload final : public BatchStream<Request, Response> {
 public:
  // Fewer than the server takes before it has acknowledged any, so that it always reads on.
  static constexpr size_t kUnacknowledgedMax = 8;

  using Call = BatchCall<Request, Response>;
  using OpenCall = std::function<std::unique_ptr<Call>()>;
  using OnAcknowledged = typename BatchStream<Request, Response>::OnAcknowledged;

  // `key` is the one that the calls send.
  BatchUpload(ClientOptions options, OpenCall open_call, OnAcknowledged on_acknowledged,
              std::shared_ptr<CallKey> key = nullptr, StreamOptions stream_options = {});

  absl::Status Send(Request batch) override;
  absl::Status AwaitAcknowledgement(absl::Duration timeout) override;
  std::vector<Request> TakeUnacknowledged() override;
  absl::Status Finish() override;

 private:
  absl::Status ReadOne();
  absl::Status Acknowledge(const Response& acknowledgement);
  absl::Status Resume();
  bool IsWorthAnother(const absl::Status& status);
  absl::Status EndOfCall();
  bool SendUnacknowledged();

  const ClientOptions options_;
  const OpenCall open_call_;
  const OnAcknowledged on_acknowledged_;
  const std::shared_ptr<CallKey> key_;
  const StreamOptions stream_options_;
  std::unique_ptr<Call> call_;
  std::deque<Request> unacknowledged_;
  int64_t batches_ = 0;
  // Not OK: the stream is over.
  absl::Status status_;

  // Since the last acknowledgement.
  Retries retries_{options_, key_.get()};
};

// They are compiled once, in batch_upload.cc.
using FeedbackUpload = BatchUpload<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
using EncodedFeedbackUpload = BatchUpload<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
using ActivityUpload = BatchUpload<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;
extern template class BatchUpload<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
extern template class BatchUpload<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
extern template class BatchUpload<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_BATCH_UPLOAD_H_
