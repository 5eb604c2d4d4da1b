#include "client/writer/writer_core.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/feedback_identity.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/checks/feedback_checks.h"
#include "common/checks/field_checks.h"

namespace emptychair {
namespace {

constexpr int kInFlightMax = 8;
constexpr int64_t kBytesMax = int64_t{1} << 50;

absl::Status CheckOption(absl::string_view name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, name,
                    absl::StrCat("got ", value, ", wanted ", low, " to ", high));
}

absl::Status CheckDuration(absl::string_view name, absl::Duration value, absl::Duration high) {
  if (value >= absl::ZeroDuration() && value <= high) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, name,
                    absl::StrCat("got ", absl::FormatDuration(value), ", wanted 0 to ",
                                 absl::FormatDuration(high)));
}

absl::Status CheckOptions(const FeedbackWriterOptions& options) {
  RETURN_IF_ERROR(CheckOption("batch_records", options.batch_records, 1, kBatchRecordsMax));
  RETURN_IF_ERROR(CheckOption("batch_bytes", options.batch_bytes, 1, kBatchBytesMax));
  RETURN_IF_ERROR(CheckOption("queue_bytes", options.queue_bytes, 1, kBytesMax));
  RETURN_IF_ERROR(CheckOption("in_flight_batches", options.in_flight_batches, 1, kInFlightMax));
  RETURN_IF_ERROR(CheckOption("spool.bytes_max", options.spool.bytes_max, 1, kBytesMax));
  RETURN_IF_ERROR(CheckDuration("linger", options.linger, absl::Hours(1)));
  RETURN_IF_ERROR(CheckDuration("block_timeout", options.block_timeout, absl::Hours(24)));
  return CheckDuration("give_up_after", options.give_up_after, absl::Hours(30 * 24));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WriterCore>> WriterCore::Start(FeedbackWriterOptions options,
                                                              const WriterClock* clock,
                                                              Sender::OpenStream open_stream) {
  RETURN_IF_ERROR(CheckOptions(options));
  std::unique_ptr<Spool> spool;
  if (!options.spool.directory.empty()) {
    ASSIGN_OR_RETURN(spool, Spool::Open(options.spool, clock));
  }
  return std::unique_ptr<WriterCore>(
      new WriterCore(std::move(options), clock, std::move(spool), std::move(open_stream)));
}

WriterCore::WriterCore(FeedbackWriterOptions options, const WriterClock* clock,
                       std::unique_ptr<Spool> spool, Sender::OpenStream open_stream)
    : options_(std::move(options)),
      spool_(std::move(spool)),
      queue_(options_, clock, spool_.get()),
      sender_(options_, clock, std::move(open_stream), &queue_, spool_.get()),
      thread_([this] { sender_.Run(); }),
      thread_id_(thread_.get_id()) {}

WriterCore::~WriterCore() { Close(absl::Seconds(5)).IgnoreError(); }

absl::Status WriterCore::CheckCaller() const {
  if (IsForked()) {
    return absl::FailedPreconditionError(
        "the writer is of the process that forked this one; make another after the fork");
  }
  if (std::this_thread::get_id() == thread_id_) {
    return absl::FailedPreconditionError("on_result cannot wait for results");
  }
  return absl::OkStatus();
}

absl::Status WriterCore::Add(v1::Feedback feedback, std::any context) {
  if (IsForked()) {
    return CheckCaller();
  }
  // First, because what is no UTF-8 must not be made part of a message.
  RETURN_IF_ERROR(CheckUtf8(feedback));
  const bool has_time_of_clock = LacksId(feedback) && !feedback.has_occur_time();
  if (LacksId(feedback)) {
    FillId(feedback, options_.now());
  }
  RETURN_IF_ERROR(CheckFeedback(feedback, absl::InfiniteFuture()));
  thread_local std::string serialized;
  feedback.SerializeToString(&serialized);
  return queue_.Add(serialized, has_time_of_clock, std::move(context));
}

absl::Status WriterCore::Flush(absl::Duration timeout) {
  RETURN_IF_ERROR(CheckCaller());
  return queue_.Flush(timeout);
}

absl::Status WriterCore::Close(absl::Duration timeout) {
  RETURN_IF_ERROR(CheckCaller());
  absl::MutexLock lock(&close_mutex_);
  if (!is_closed_) {
    is_closed_ = true;
    queue_.Close();
    closed_ = queue_.Flush(timeout);
    sender_.Stop();
    thread_.join();
  }
  return closed_;
}

}  // namespace emptychair
