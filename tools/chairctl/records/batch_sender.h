// Sends records in batches and tells the fate of each.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_BATCH_SENDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_BATCH_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Gathers records up to a number and a size, sends them, and tries again what is worth it: the
// server is away, has too much to do, or did not answer in time, each beyond what `Send` does about
// it. Not thread-safe.
class BatchSender {
 public:
  using Send = std::function<absl::StatusOr<v1::BatchSubmitFeedbackResponse>(
      const v1::BatchSubmitFeedbackRequest&)>;
  // Called with the position among all records added, from 0, and why the record was refused.
  using OnRejected = std::function<void(int64_t position, const absl::Status& status)>;

  // How often a batch is sent before it is given up.
  static constexpr int kAttemptsMax = 5;

  BatchSender(int batch_size, Send send, std::function<void(absl::Duration)> sleep,
              OnRejected on_rejected)
      : batch_size_(batch_size),
        send_(std::move(send)),
        sleep_(std::move(sleep)),
        on_rejected_(std::move(on_rejected)) {}

  // Adds a record, and sends the batch that is full. Not OK when a batch was given up that could
  // have succeeded later, with the server's last error: its records were rejected, and there is no
  // use in adding more.
  absl::Status Add(v1::Feedback feedback);

  // Sends what was added and not sent. Errors as for `Add`.
  absl::Status Flush();

  // Records whose fate is known: the first so many that were added.
  int64_t sent() const { return sent_; }
  int64_t accepted() const { return accepted_; }
  int64_t already_existed() const { return already_existed_; }

 private:
  absl::StatusOr<v1::BatchSubmitFeedbackResponse> SendWithRetries();

  const int batch_size_;
  const Send send_;
  const std::function<void(absl::Duration)> sleep_;
  const OnRejected on_rejected_;
  v1::BatchSubmitFeedbackRequest batch_;
  size_t batch_bytes_ = 0;
  int64_t sent_ = 0;
  int64_t accepted_ = 0;
  int64_t already_existed_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_BATCH_SENDER_H_
