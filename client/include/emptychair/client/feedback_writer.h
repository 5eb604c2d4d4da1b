// Sends feedback in the background, for code that must not wait for it.
#ifndef EMPTYCHAIR_CLIENT_FEEDBACK_WRITER_H_
#define EMPTYCHAIR_CLIENT_FEEDBACK_WRITER_H_

#include <any>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/client.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// What Add does when there is no room.
enum class WhenFull {
  // Answers RESOURCE_EXHAUSTED with QUEUE_FULL.
  kRefuse,
  // Waits for room, FeedbackWriterOptions::block_timeout at most, and answers that.
  kBlock,
  // Gives up the oldest records that are not on their way. Answers that when there are none, or
  // more
  // were given up than `on_result` has been told.
  kDropOldest,
};

// Keeps records on disk until they are answered, so that they outlive the process.
struct SpoolOptions {
  enum class Sync {
    // What the disk does not have yet is written out every second: a loss of power costs the last
    // second, the end of the process nothing.
    kInterval,
    // Before Add returns: a loss of power costs nothing.
    kAlways,
  };

  // The spool's folder, of which one process at a time can have the use; made if it is not there.
  // Empty: no spool.
  std::string directory;

  // How much may be kept, in bytes of serialized records.
  int64_t bytes_max = int64_t{1} << 30;

  Sync sync = Sync::kInterval;
};

// What became of a record. Valid for as long as the call that it is given to.
struct FeedbackResult {
  enum class Outcome {
    // The server has stored the record. Also of one that was sent more than once and that the
    // server had: it cannot be known which time stored it.
    kStored,
    // The server had the record, the same, before.
    kAlreadyExisted,
    // The server refuses the record; `status` says why.
    kRejected,
    // It is not known to be stored: `status` is the last error before time, room or the writer's
    // life was over.
    kGaveUp,
  };

  Outcome outcome = Outcome::kStored;
  absl::Status status;
  // What Add was given; nothing for a record that an earlier process left in the spool.
  const std::any& context;
  // The record with its id and time, serialized.
  absl::string_view serialized;

  v1::Feedback feedback() const {
    v1::Feedback feedback;
    feedback.ParseFromArray(serialized.data(), static_cast<int>(serialized.size()));
    return feedback;
  }
};

struct FeedbackWriterOptions {
  // A batch is sent once it has so many records (1 to 10,000) or bytes (1 to 4 MiB), or once its
  // first record is so old, at most 1 h.
  int batch_records = 1'000;
  int64_t batch_bytes = int64_t{1} << 20;
  absl::Duration linger = absl::Milliseconds(10);

  // How much is kept in memory that is not answered, in bytes of serialized records. With a spool
  // the rest waits on disk: then only the contexts of records that do are bounded by it, at 64
  // bytes each.
  int64_t queue_bytes = int64_t{64} << 20;

  WhenFull when_full = WhenFull::kRefuse;
  // As long as a call takes at most: a restart of the server is waited out. At most 24 h.
  absl::Duration block_timeout = absl::Seconds(10);

  // How many batches are sent and not acknowledged, 1 to 8.
  int in_flight_batches = 8;

  // How old a record becomes, from Add, before it is given up, at most 30 days; 0: it never is. Of
  // a record that waits on disk alone the time counts from when it is read. With a spool 0 is what
  // keeps records through any outage.
  absl::Duration give_up_after = absl::Minutes(15);

  // How long to wait after an error that passes, as in ClientOptions.
  std::shared_ptr<const BackoffPolicy> backoff_policy =
      std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(100), absl::Seconds(2));

  // Told of each record that was added, once, batch by batch, on a thread of the writer's. What
  // takes long here holds up sending. It may call Add, not Flush or Close. An exception is counted
  // and changes nothing.
  std::function<void(const FeedbackResult&)> on_result;

  SpoolOptions spool;

  // The time of records without one.
  std::function<absl::Time()> now = absl::Now;
};

// A state of a writer. Each record that was added, or was in the spool, is in one of `stored`,
// `already_existed`, `rejected`, `gave_up` and `queued_records`.
struct FeedbackWriterCounters {
  int64_t added = 0;
  int64_t stored = 0;
  int64_t already_existed = 0;
  int64_t rejected = 0;
  int64_t gave_up = 0;
  // Of these: for want of room.
  int64_t dropped = 0;
  // Not answered yet, those on disk included.
  int64_t queued_records = 0;
  int64_t queued_bytes = 0;
  // Sent, those sent again included.
  int64_t batches = 0;
  // Connections after the first.
  int64_t reconnects = 0;
  // Exceptions of `on_result`.
  int64_t exceptions = 0;
  // Records that were cut off from the end of the spool when it was opened, because the machine had
  // stopped while they were written.
  int64_t spool_torn_records = 0;
  // How long the oldest record in memory has been waiting.
  absl::Duration oldest_age;
  // OK again once a batch is acknowledged.
  absl::Status last_error;
};

class WriterCore;

// Collects records into batches and sends them on a thread of its own, again and again until the
// server has answered for each: stored once, however often the connection breaks. One for a process
// is enough. Thread-safe.
class FeedbackWriter {
 public:
  // Errors: FIELD_INVALID names the option that is out of its range, or is no folder that can be
  // used. With a spool: FAILED_PRECONDITION while another process has the use of it, DATA_LOSS when
  // a file of it was damaged, which is set aside as `.bad` by then, so that the next call goes on
  // without it, and what the file system says.
  static absl::StatusOr<std::unique_ptr<FeedbackWriter>> Create(const Client& client,
                                                                FeedbackWriterOptions options = {});

  // Close, with 5 s.
  ~FeedbackWriter();
  FeedbackWriter(const FeedbackWriter&) = delete;
  FeedbackWriter& operator=(const FeedbackWriter&) = delete;

  // Takes a record, unless something is wrong with it, and returns. A record with neither
  // `feedback_id` nor `external_id` gets a feedback_id, of its occur_time or of now, which is then
  // its occur_time. Does no I/O but to the spool. Errors: those of SubmitFeedback that need no
  // survey; QUEUE_FULL when there is no room; FAILED_PRECONDITION after Close, and in a
  // child of the process that made the writer; what the file system says of the spool. After an
  // error there is no result.
  absl::Status Add(v1::Feedback feedback, std::any context = {});

  // Waits until all that was added before is answered and its results are told. DEADLINE_EXCEEDED,
  // with the count left, when it is not within `timeout`.
  absl::Status Flush(absl::Duration timeout);

  // Takes no more, waits as Flush does, and ends the writer. What is left then is given up, or
  // stays in the spool. Again: what the first time said.
  absl::Status Close(absl::Duration timeout);

  FeedbackWriterCounters counters() const;

 private:
  explicit FeedbackWriter(std::unique_ptr<WriterCore> core);

  std::unique_ptr<WriterCore> core_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_FEEDBACK_WRITER_H_
