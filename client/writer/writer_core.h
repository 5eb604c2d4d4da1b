// A writer, over whatever opens its streams.
#ifndef EMPTYCHAIR_CLIENT_WRITER_WRITER_CORE_H_
#define EMPTYCHAIR_CLIENT_WRITER_WRITER_CORE_H_

#include <any>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/writer/fork_count.h"
#include "client/writer/sender.h"
#include "client/writer/spool.h"
#include "client/writer/writer_clock.h"
#include "client/writer/writer_queue.h"
#include "emptychair/client/feedback_writer.h"

namespace emptychair {

// FeedbackWriter says what the methods do. Thread-safe.
class WriterCore {
 public:
  // `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<WriterCore>> Start(FeedbackWriterOptions options,
                                                           const WriterClock* clock,
                                                           Sender::OpenStream open_stream);
  // Close, with 5 s. Only in the process that has started it.
  ~WriterCore();
  WriterCore(const WriterCore&) = delete;
  WriterCore& operator=(const WriterCore&) = delete;

  absl::Status Add(v1::Feedback feedback, std::any context);
  absl::Status Flush(absl::Duration timeout);
  absl::Status Close(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(close_mutex_);
  FeedbackWriterCounters counters() const { return queue_.counters(); }

  // Whether this is a child of the process that has started it: its threads are not here.
  bool IsForked() const { return ForkCount() != fork_count_; }

 private:
  WriterCore(FeedbackWriterOptions options, const WriterClock* clock, std::unique_ptr<Spool> spool,
             Sender::OpenStream open_stream);

  absl::Status CheckCaller() const;

  const FeedbackWriterOptions options_;
  const int fork_count_ = ForkCount();
  const std::unique_ptr<Spool> spool_;
  WriterQueue queue_;
  Sender sender_;
  std::thread thread_;
  const std::thread::id thread_id_;

  absl::Mutex close_mutex_;
  bool is_closed_ ABSL_GUARDED_BY(close_mutex_) = false;
  absl::Status closed_ ABSL_GUARDED_BY(close_mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_WRITER_CORE_H_
