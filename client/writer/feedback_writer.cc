#include "emptychair/client/feedback_writer.h"

#include <utility>

#include "client/writer/writer_core.h"
#include "common/base/status_macros.h"

namespace emptychair {

absl::StatusOr<std::unique_ptr<FeedbackWriter>> FeedbackWriter::Create(
    const Client& client, FeedbackWriterOptions options) {
  ASSIGN_OR_RETURN(std::unique_ptr<WriterCore> core,
                   WriterCore::Start(std::move(options), WriterClock::System(),
                                     [client](EncodedFeedbackStream::OnAcknowledged on_acknowledged,
                                              StreamOptions stream_options) {
                                       return client.connection().StreamEncodedFeedback(
                                           std::move(on_acknowledged), std::move(stream_options));
                                     }));
  return std::unique_ptr<FeedbackWriter>(new FeedbackWriter(std::move(core)));
}

FeedbackWriter::FeedbackWriter(std::unique_ptr<WriterCore> core) : core_(std::move(core)) {}

FeedbackWriter::~FeedbackWriter() {
  if (core_->IsForked()) {
    // Its threads and what they held are in another process: there is nothing to end.
    static_cast<void>(core_.release());
  }
}

absl::Status FeedbackWriter::Add(v1::Feedback feedback, std::any context) {
  return core_->Add(std::move(feedback), std::move(context));
}

absl::Status FeedbackWriter::Flush(absl::Duration timeout) { return core_->Flush(timeout); }

absl::Status FeedbackWriter::Close(absl::Duration timeout) { return core_->Close(timeout); }

FeedbackWriterCounters FeedbackWriter::counters() const { return core_->counters(); }

}  // namespace emptychair
