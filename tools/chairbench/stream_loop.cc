#include "tools/chairbench/stream_loop.h"

#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/interrupt.h"

namespace emptychair::bench {

absl::StatusOr<LoopResult> StreamLoop::Run(absl::Duration time_max) {
  const absl::Time start = absl::Now();
  std::vector<LoopResult> results(streams_);
  std::vector<absl::Status> statuses(streams_);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < streams_; ++i) {
    threads.emplace_back([&, i] { statuses[i] = RunStream(i, start + time_max, results[i]); });
  }
  LoopResult sum;
  absl::Status status;
  for (size_t i = 0; i < streams_; ++i) {
    threads[i].join();
    status.Update(statuses[i]);
    sum.Add(results[i]);
  }
  RETURN_IF_ERROR(status);
  sum.elapsed = absl::Now() - start;
  return sum;
}

absl::Status StreamLoop::RunStream(size_t index, absl::Time deadline, LoopResult& result) {
  std::deque<absl::Time> sent;
  const std::unique_ptr<FeedbackStream> stream = client_.StreamFeedback(
      [&](const v1::StreamFeedbackRequest&, const v1::StreamFeedbackResponse& acknowledgement) {
        result.accepted += acknowledgement.accepted_count();
        result.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent.front()));
        sent.pop_front();
      });
  bool has_more = true;
  while (has_more && absl::Now() < deadline) {
    RETURN_IF_ERROR(CheckInterrupted());
    v1::StreamFeedbackRequest batch;
    batch.mutable_feedback()->Reserve(batch_size_);
    while (has_more && batch.feedback_size() < batch_size_) {
      const std::optional<BenchAnswer> answer = answers_(index);
      has_more = answer.has_value();
      if (has_more) {
        FillFeedback(*answer, *batch.add_feedback());
      }
    }
    if (!batch.feedback().empty()) {
      sent.push_back(absl::Now());
      RETURN_IF_ERROR(stream->Send(std::move(batch)));
    }
  }
  return stream->Finish();
}

}  // namespace emptychair::bench
