#include "tools/chairbench/load/writer_loop.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "emptychair/client/feedback_writer.h"
#include "tools/chairbench/base/interrupt.h"

namespace emptychair::bench {
namespace {

// Of the writer's queue, which is several times as large.
constexpr int64_t kQueuedBytesMax = int64_t{8} << 20;
constexpr int64_t kTimedEvery = 100;

// Adds the answers of a slot until `deadline`.
absl::Status AddAnswers(FeedbackWriter& writer, const AnswerSource& answers, size_t slot,
                        absl::Time deadline, LoopResult& result) {
  for (int64_t number = 0;; ++number) {
    const bool is_timed = number % kTimedEvery == 0;
    if (is_timed) {
      RETURN_IF_ERROR(CheckInterrupted());
      while (writer.counters().queued_bytes > kQueuedBytesMax) {
        absl::SleepFor(absl::Milliseconds(1));
      }
      if (absl::Now() >= deadline) {
        return absl::OkStatus();
      }
    }
    const std::optional<BenchAnswer> answer = answers(slot);
    if (!answer.has_value()) {
      return absl::OkStatus();
    }
    v1::Feedback feedback;
    FillFeedback(*answer, feedback);
    const absl::Time start = is_timed ? absl::Now() : absl::InfinitePast();
    RETURN_IF_ERROR(writer.Add(std::move(feedback)));
    if (is_timed) {
      result.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    }
  }
}

}  // namespace

WriterLoop::WriterLoop(Client client, int batch_size, size_t threads, AnswerSource answers)
    : client_(std::move(client)),
      batch_size_(batch_size),
      threads_(threads),
      answers_(std::move(answers)) {}

absl::StatusOr<LoopResult> WriterLoop::Run(absl::Duration time_max) {
  constexpr absl::Duration kStoreMax = absl::Minutes(10);
  const absl::Time start = absl::Now();
  FeedbackWriterOptions options;
  options.batch_records = batch_size_;
  ASSIGN_OR_RETURN(const std::unique_ptr<FeedbackWriter> writer,
                   FeedbackWriter::Create(client_, options));
  std::vector<LoopResult> results(threads_);
  std::vector<absl::Status> statuses(threads_);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < threads_; ++i) {
    threads.emplace_back(
        [&, i] { statuses[i] = AddAnswers(*writer, answers_, i, start + time_max, results[i]); });
  }
  LoopResult sum;
  absl::Status status;
  for (size_t i = 0; i < threads_; ++i) {
    threads[i].join();
    status.Update(statuses[i]);
    sum.Add(results[i]);
  }
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(writer->Close(kStoreMax));
  sum.elapsed = absl::Now() - start;
  const FeedbackWriterCounters counters = writer->counters();
  if (counters.stored != counters.added) {
    return absl::InternalError(
        absl::StrCat("the writer stored ", counters.stored, " of ", counters.added, " records"));
  }
  sum.accepted = counters.stored;
  return sum;
}

}  // namespace emptychair::bench
