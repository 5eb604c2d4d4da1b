#include "client/writer/sender.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "emptychair/client/retry_policy.h"

namespace emptychair {
namespace {

using Outcome = FeedbackResult::Outcome;

// How long it takes at most until new records are seen while acknowledgements are waited for.
constexpr absl::Duration kLookEvery = absl::Milliseconds(5);
// What only people can mend is tried so often.
constexpr absl::Duration kPatience = absl::Seconds(30);

absl::Status DroppedError() {
  return Error(v1::ERROR_REASON_QUEUE_FULL, "the record made room for a newer one");
}

// A message that is too large, or what else another batch would not meet.
bool IsAboutABatch(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status) ||
         (absl::IsResourceExhausted(status) && !RetryDelayOf(status).has_value() &&
          ReasonNameOf(status).empty());
}

// A key that is not right (yet), a quota that is used up, or a server that is too old.
bool IsForPeople(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnimplemented(status) ||
         (absl::IsResourceExhausted(status) && !RetryDelayOf(status).has_value());
}

// The server's refusal of a record whose time is that of this machine's clock.
absl::Status ExplainClock(const absl::Status& status) {
  absl::Status explained(
      status.code(),
      absl::StrCat(
          "this machine's clock, of which the record's time is, is ahead of the server's; ",
          status.message()));
  status.ForEachPayload([&explained](absl::string_view type_url, const absl::Cord& payload) {
    explained.SetPayload(type_url, payload);
  });
  return explained;
}

}  // namespace

Sender::Sender(const FeedbackWriterOptions& options, const WriterClock* clock,
               OpenStream open_stream, WriterQueue* queue, Spool* spool)
    : options_(options),
      clock_(clock),
      open_stream_(std::move(open_stream)),
      queue_(queue),
      spool_(spool) {}

void Sender::Run() {
  while (!stop_.stop_requested()) {
    if (const RecordBatch dropped = queue_->TakeDropped(); !dropped.empty()) {
      ReportAll(Outcome::kGaveUp, DroppedError(), dropped, /*is_dropped=*/true);
      TellProgress();
    }
    GiveUpOld();
    if (const absl::Duration wait = send_again_at_ - clock_->Monotonic();
        wait > absl::ZeroDuration()) {
      queue_->Await(std::min(wait, UntilGivingUp()), /*wants_batch=*/false);
    } else if (!SendNext()) {
      if (in_flight_.empty()) {
        queue_->Await(absl::InfiniteDuration(), /*wants_batch=*/true);
      } else {
        AwaitAcknowledgement();
      }
    }
  }
  GiveUpRest();
}

void Sender::Stop() {
  stop_.request_stop();
  queue_->Wake();
}

// Sends a batch, if there is one and it may be sent now.
bool Sender::SendNext() {
  const size_t in_flight_max = suspects_ > 0 ? 1 : static_cast<size_t>(options_.in_flight_batches);
  if (in_flight_.size() >= in_flight_max) {
    return false;
  }
  if (again_.empty()) {
    std::optional<RecordBatch> ready = queue_->TakeReady();
    if (!ready.has_value()) {
      return false;
    }
    again_.push_back(*std::move(ready));
  }
  if (stream_ == nullptr) {
    progress_.counted.reconnects += was_connected_ ? 1 : 0;
    was_connected_ = true;
    stream_ = open_stream_(
        [this](const EncodedFeedbackBatch& sent, const v1::StreamFeedbackResponse& response) {
          OnAcknowledged(sent, response);
        },
        {.stop = stop_.get_token(), .resends = false});
  }
  RecordBatch& batch = in_flight_.emplace_back(std::move(again_.front()));
  again_.pop_front();
  ++batch.attempts;
  ++progress_.counted.batches;
  const size_t begin = batch.begin();
  if (absl::Status status = stream_->Send(EncodedFeedbackBatch(batch.TakeBytes(), begin));
      !status.ok()) {
    OnError(status);
  }
  return true;
}

void Sender::AwaitAcknowledgement() {
  const absl::Duration timeout = std::min(kLookEvery, queue_->UntilReady());
  if (absl::Status status =
          stream_->AwaitAcknowledgement(timeout > absl::ZeroDuration() ? timeout : kLookEvery);
      !status.ok()) {
    OnError(status);
  }
}

void Sender::OnAcknowledged(const EncodedFeedbackBatch& sent,
                            const v1::StreamFeedbackResponse& response) {
  RecordBatch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  suspects_ -= suspects_ > 0 ? 1 : 0;
  backoff_.reset();
  was_key_refused_ = false;
  last_error_ = absl::OkStatus();
  progress_.last_error = last_error_;

  RecordBatch not_now;
  not_now.attempts = batch.attempts;
  absl::Status why_not_now;
  int failure = 0;
  int existed = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    RecordInfo& info = batch.info(i);
    const absl::string_view serialized = batch.Serialized(i, sent.bytes());
    const auto index = static_cast<int32_t>(i);
    if (failure < response.failures_size() && response.failures(failure).index() == index) {
      absl::Status status = FromProto(response.failures(failure++).status());
      if (IsRetryable(status)) {
        why_not_now = std::move(status);
        not_now.Add(std::move(info), serialized);
        continue;
      }
      if (info.has_time_of_clock && ReasonOf(status) == v1::ERROR_REASON_TIME_OUT_OF_RANGE) {
        status = ExplainClock(status);
      }
      Report(Outcome::kRejected, std::move(status), info, serialized);
      continue;
    }
    const bool has_existed = existed < response.already_existed_indexes_size() &&
                             response.already_existed_indexes(existed) == index;
    existed += has_existed ? 1 : 0;
    Report(has_existed && batch.attempts == 1 ? Outcome::kAlreadyExisted : Outcome::kStored,
           absl::OkStatus(), info, serialized);
  }
  if (!not_now.empty()) {
    again_.push_back(std::move(not_now));
    send_again_at_ = clock_->Monotonic() + DelayAfter(why_not_now);
  }
  TellProgress();
}

void Sender::OnError(const absl::Status& status) {
  const size_t unacknowledged = in_flight_.size();
  TakeBackUnacknowledged();
  if (stop_.stop_requested()) {
    return;
  }
  last_error_ = status;
  progress_.last_error = status;
  if (IsAboutABatch(status) && unacknowledged > 0) {
    FindGuilty(status, unacknowledged);
  } else {
    send_again_at_ = clock_->Monotonic() + DelayAfter(status);
  }
  TellProgress();
}

// What the stream has goes in front of what is to be sent again.
void Sender::TakeBackUnacknowledged() {
  if (stream_ == nullptr) {
    return;
  }
  std::vector<EncodedFeedbackBatch> unacknowledged = stream_->TakeUnacknowledged();
  stream_.reset();
  assert(unacknowledged.size() == in_flight_.size());
  for (size_t i = 0; i < in_flight_.size(); ++i) {
    in_flight_[i].PutBytes(std::move(unacknowledged[i]).bytes());
  }
  again_.insert(again_.begin(), std::make_move_iterator(in_flight_.begin()),
                std::make_move_iterator(in_flight_.end()));
  in_flight_.clear();
}

// One of the first `unacknowledged` batches was refused as a whole. Alone it is the one, and is
// halved until a record is.
void Sender::FindGuilty(const absl::Status& status, size_t unacknowledged) {
  if (unacknowledged > 1) {
    suspects_ = unacknowledged;
    return;
  }
  RecordBatch& guilty = again_.front();
  if (guilty.size() > 1) {
    suspects_ = std::max<size_t>(suspects_, 1) + 1;
    RecordBatch half = guilty.TakeSecondHalf();
    again_.insert(again_.begin() + 1, std::move(half));
    return;
  }
  suspects_ -= suspects_ > 0 ? 1 : 0;
  const RecordBatch record = std::move(guilty);
  again_.pop_front();
  ReportAll(Outcome::kRejected, status, record);
}

absl::Duration Sender::DelayAfter(const absl::Status& status) {
  if (IsForPeople(status)) {
    // The stream has read the key anew: it is tried at once, if it was right until now.
    const bool is_worth_another = absl::IsUnauthenticated(status) && !was_key_refused_;
    was_key_refused_ = absl::IsUnauthenticated(status);
    return is_worth_another ? absl::ZeroDuration() : kPatience;
  }
  if (backoff_ == nullptr) {
    backoff_ = options_.backoff_policy->Clone();
  }
  return backoff_->OnFailure(status);
}

// Of what is not on its way.
void Sender::GiveUpOld() {
  if (options_.give_up_after <= absl::ZeroDuration()) {
    return;
  }
  const absl::Duration limit = clock_->Monotonic() - options_.give_up_after;
  bool has_any = false;
  for (RecordBatch& batch : again_) {
    while (!batch.empty() && batch.info(0).added <= limit) {
      Report(Outcome::kGaveUp, ReasonToGiveUp(), batch.info(0), batch.Serialized(0));
      batch.RemoveFirst();
      has_any = true;
    }
  }
  again_.erase(
      std::remove_if(again_.begin(), again_.end(), [](const RecordBatch& b) { return b.empty(); }),
      again_.end());
  suspects_ = std::min(suspects_, in_flight_.size() + again_.size());
  if (queue_->Oldest().added <= limit) {
    const RecordBatch old = queue_->TakeAddedBefore(limit + absl::Nanoseconds(1));
    ReportAll(Outcome::kGaveUp, ReasonToGiveUp(), old);
    has_any = true;
  }
  if (has_any) {
    TellProgress();
  }
}

absl::Duration Sender::UntilGivingUp() const {
  if (options_.give_up_after <= absl::ZeroDuration()) {
    return absl::InfiniteDuration();
  }
  absl::Duration added = queue_->Oldest().added;
  for (const RecordBatch& batch : again_) {
    added = std::min(added, batch.info(0).added);
  }
  return added + options_.give_up_after - clock_->Monotonic();
}

absl::Status Sender::ReasonToGiveUp() const {
  return last_error_.ok() ? absl::DeadlineExceededError("its turn did not come in time")
                          : last_error_;
}

void Sender::GiveUpRest() {
  TakeBackUnacknowledged();
  ReportAll(Outcome::kGaveUp, DroppedError(), queue_->TakeDropped(), /*is_dropped=*/true);
  if (spool_ == nullptr) {
    const absl::Status why =
        last_error_.ok() ? absl::CancelledError("the writer was closed") : last_error_;
    for (const RecordBatch& batch : std::exchange(again_, {})) {
      ReportAll(Outcome::kGaveUp, why, batch);
    }
    ReportAll(Outcome::kGaveUp, why, queue_->TakeAll());
  }
  TellProgress();
}

void Sender::Report(Outcome outcome, absl::Status status, const RecordInfo& info,
                    absl::string_view serialized, bool is_dropped) {
  FeedbackWriterCounters& counted = progress_.counted;
  switch (outcome) {
    case Outcome::kStored:
      ++counted.stored;
      break;
    case Outcome::kAlreadyExisted:
      ++counted.already_existed;
      break;
    case Outcome::kRejected:
      ++counted.rejected;
      break;
    case Outcome::kGaveUp:
      ++counted.gave_up;
      break;
  }
  ++progress_.records;
  if (!is_dropped) {  // Else there was room made of it already.
    progress_.bytes += static_cast<int64_t>(RecordBatch::EncodedSize(serialized.size()));
    progress_.serialized_bytes += static_cast<int64_t>(serialized.size());
  }
  if (options_.on_result != nullptr) {
    try {
      options_.on_result({outcome, std::move(status), info.context, serialized});
    } catch (...) {
      ++counted.exceptions;
    }
  }
  if (spool_ != nullptr) {
    spool_->Answered(info.number);
  }
}

void Sender::ReportAll(Outcome outcome, const absl::Status& status, const RecordBatch& batch,
                       bool is_dropped) {
  for (size_t i = 0; i < batch.size(); ++i) {
    Report(outcome, status, batch.info(i), batch.Serialized(i), is_dropped);
  }
}

// After the results are told: what is answered is kept no more.
void Sender::TellProgress() {
  if (spool_ != nullptr && progress_.records > 0) {
    if (absl::Status status = spool_->Commit(); !status.ok()) {
      progress_.last_error = status;
    }
  }
  queue_->Tell(std::exchange(progress_, {}), Held());
}

OldestRecord Sender::Held() const {
  OldestRecord held;
  for (const std::deque<RecordBatch>* batches : {&in_flight_, &again_}) {
    for (const RecordBatch& batch : *batches) {
      held.number = std::min(held.number, batch.info(0).number);
      held.added = std::min(held.added, batch.info(0).added);
    }
  }
  return held;
}

}  // namespace emptychair
