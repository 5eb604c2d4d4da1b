// The upload behind a FeedbackStream, over as many calls as it takes.
#ifndef EMPTYCHAIR_CLIENT_FEEDBACK_UPLOAD_H_
#define EMPTYCHAIR_CLIENT_FEEDBACK_UPLOAD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "client/retries.h"
#include "emptychair/client/feedback_stream.h"
#include "emptychair/client/options.h"

namespace emptychair {

// One StreamFeedback call. For one thread. When it is destroyed before Finish it is cancelled.
class FeedbackCall {
 public:
  virtual ~FeedbackCall() = default;

  // Sends a batch. False when the call has ended.
  virtual bool Write(const v1::StreamFeedbackRequest& batch) = 0;
  // The next acknowledgement; nothing when the call has ended, and ever after.
  virtual std::optional<v1::StreamFeedbackResponse> Read() = 0;
  // Nothing more will be sent.
  virtual void WritesDone() = 0;
  // Why the call has ended. Once, and the last.
  virtual absl::Status Finish() = 0;
};

class FeedbackUpload final : public FeedbackStream {
 public:
  // Fewer than the server takes before it has acknowledged any, so that it always reads on.
  static constexpr size_t kUnacknowledgedMax = 8;

  using OpenCall = std::function<std::unique_ptr<FeedbackCall>()>;

  FeedbackUpload(ClientOptions options, OpenCall open_call, OnAcknowledged on_acknowledged);

  absl::Status Send(v1::StreamFeedbackRequest batch) override;
  absl::Status Finish() override;

 private:
  absl::Status ReadOne();
  absl::Status Acknowledge(const v1::StreamFeedbackResponse& acknowledgement);
  absl::Status Resume();
  absl::Status EndOfCall();
  bool SendUnacknowledged();

  const ClientOptions options_;
  const OpenCall open_call_;
  const OnAcknowledged on_acknowledged_;
  std::unique_ptr<FeedbackCall> call_;
  std::deque<v1::StreamFeedbackRequest> unacknowledged_;
  int64_t batches_ = 0;
  // Not OK: the stream is over.
  absl::Status status_;

  // Since the last acknowledgement.
  Retries retries_{options_};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_FEEDBACK_UPLOAD_H_
