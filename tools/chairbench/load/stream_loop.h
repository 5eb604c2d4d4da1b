// Keeps streams of batches under way.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_STREAM_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_STREAM_LOOP_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "emptychair/client/batch_stream.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/servers/options.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// The streams of a loop, which are numbered from 0. Called on a thread for each.
template <typename Request, typename Response>
struct StreamCalls {
  using Stream = BatchStream<Request, Response>;

  std::function<std::unique_ptr<Stream>(typename Stream::OnAcknowledged)> open;
  // Fills the stream's next batch, which is empty. False: the stream has nothing left to send.
  std::function<bool(size_t stream, Request& batch)> next;
};

// One loop, for one thread: streams of the client library, a thread each.
template <typename Request, typename Response>
class StreamLoop {
 public:
  StreamLoop(StreamCalls<Request, Response> calls, size_t streams)
      : calls_(std::move(calls)), streams_(streams) {}

  // Sends for `time_max`, then waits until all is acknowledged. Latencies are those of batches,
  // from when one is handed to its stream. Errors: the first of a stream; INTERNAL when a record
  // was refused; CANCELLED when interrupted.
  absl::StatusOr<LoopResult> Run(absl::Duration time_max) {
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

 private:
  absl::Status RunStream(size_t index, absl::Time deadline, LoopResult& result) {
    std::deque<absl::Time> sent;
    absl::Status refused;
    const auto stream = calls_.open([&](const Request&, const Response& acknowledgement) {
      if (!acknowledgement.failures().empty()) {
        refused.Update(absl::InternalError(absl::StrCat(
            "the server refused a record: ", acknowledgement.failures(0).ShortDebugString())));
      }
      result.accepted += acknowledgement.accepted_count();
      result.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent.front()));
      sent.pop_front();
    });
    for (Request batch; refused.ok() && absl::Now() < deadline && calls_.next(index, batch);
         batch = Request()) {
      RETURN_IF_ERROR(CheckInterrupted());
      sent.push_back(absl::Now());
      RETURN_IF_ERROR(stream->Send(std::move(batch)));
    }
    RETURN_IF_ERROR(stream->Finish());
    return refused;
  }

  const StreamCalls<Request, Response> calls_;
  const size_t streams_;
};

using FeedbackStreams = StreamLoop<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
using ActivityStreams = StreamLoop<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

// Streams of answers.
FeedbackStreams MakeFeedbackStreams(Target& target, const BenchOptions& options,
                                    AnswerSource answers);

// Loads all that `answers` has, however long it takes. `options` says how.
absl::StatusOr<LoopResult> LoadByStreams(Target& target, const BenchOptions& options,
                                         AnswerSource answers);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_STREAM_LOOP_H_
