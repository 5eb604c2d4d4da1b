// Sends the batches of a writer until they are answered.
#ifndef EMPTYCHAIR_CLIENT_WRITER_SENDER_H_
#define EMPTYCHAIR_CLIENT_WRITER_SENDER_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/writer/record_batch.h"
#include "client/writer/spool.h"
#include "client/writer/writer_clock.h"
#include "client/writer/writer_queue.h"
#include "emptychair/client/batch_stream.h"
#include "emptychair/client/feedback_writer.h"

namespace emptychair {

// Has the connection, what is sent and not acknowledged, and what is to be sent again. For one
// thread, which calls Run; Stop is for any.
class Sender {
 public:
  using OpenStream = std::function<std::unique_ptr<EncodedFeedbackStream>(
      EncodedFeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options)>;

  // All must outlive the sender; `spool` can be null.
  Sender(const FeedbackWriterOptions& options, const WriterClock* clock, OpenStream open_stream,
         WriterQueue* queue, Spool* spool);

  // Sends until Stop. What is left then is given up, unless the spool has it.
  void Run();
  void Stop();

 private:
  bool SendNext();
  void AwaitAcknowledgement();
  void OnAcknowledged(const EncodedFeedbackBatch& sent, const v1::StreamFeedbackResponse& response);
  void OnError(const absl::Status& status);
  void FindGuilty(const absl::Status& status, size_t unacknowledged);
  absl::Duration DelayAfter(const absl::Status& status);
  void TakeBackUnacknowledged();

  void GiveUpOld();
  absl::Duration UntilGivingUp() const;
  absl::Status ReasonToGiveUp() const;
  void GiveUpRest();

  // Tells the result of a record, and notes that it is answered.
  void Report(FeedbackResult::Outcome outcome, absl::Status status, const RecordInfo& info,
              absl::string_view serialized, bool is_dropped = false);
  void ReportAll(FeedbackResult::Outcome outcome, const absl::Status& status,
                 const RecordBatch& batch, bool is_dropped = false);
  void TellProgress();
  OldestRecord Held() const;

  const FeedbackWriterOptions& options_;
  const WriterClock* const clock_;
  const OpenStream open_stream_;
  WriterQueue* const queue_;
  Spool* const spool_;
  std::stop_source stop_;

  std::unique_ptr<EncodedFeedbackStream> stream_;
  bool was_connected_ = false;
  // What the stream has, without its bytes, in the order sent.
  std::deque<RecordBatch> in_flight_;
  std::deque<RecordBatch> again_;
  // How many batches, those in flight and then those to be sent again, are sent one at a time,
  // because one of them was refused as a whole.
  size_t suspects_ = 0;

  absl::Duration send_again_at_;
  std::unique_ptr<BackoffPolicy> backoff_;
  bool was_key_refused_ = false;
  absl::Status last_error_;
  WriterQueue::Progress progress_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_SENDER_H_
