// Keeps streams of batches under way, by the stubs alone.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_BATCH_STREAMS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_BATCH_STREAMS_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

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
#include "common/rpc/status_conversion.h"
#include "tools/chairbench/closed_loop.h"
#include "tools/chairbench/interrupt.h"

namespace emptychair::bench {

// The calls of streams, which are numbered from 0. Called on a thread for each.
template <typename Request, typename Response>
struct BatchStreamCalls {
  std::function<std::unique_ptr<grpc::ClientReaderWriterInterface<Request, Response>>(
      grpc::ClientContext*)>
      open;
  // Fills the stream's next batch, which is empty. False: the stream has nothing left to send.
  std::function<bool(size_t stream, Request& batch)> next;
};

// One loop, for one thread: streams with a thread each, which send while at most 8 batches are not
// acknowledged, as the client library's streams do. Here each kind of batch goes the same way, so
// that kinds can be compared.
template <typename Request, typename Response>
class BatchStreams {
 public:
  BatchStreams(BatchStreamCalls<Request, Response> calls, size_t streams)
      : calls_(std::move(calls)), streams_(streams) {}

  // Sends for `time_max`, then waits until all is acknowledged. Latencies are those of batches.
  // Errors: the first of a stream; INTERNAL when a record was refused; CANCELLED when interrupted.
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
  static constexpr size_t kUnacknowledgedMax = 8;

  absl::Status RunStream(size_t index, absl::Time deadline, LoopResult& result) {
    grpc::ClientContext context;
    const auto call = calls_.open(&context);
    const absl::Status status = Send(index, deadline, *call, result);
    if (!status.ok()) {
      context.TryCancel();
    }
    const absl::Status finished = FromGrpc(call->Finish());
    // What ended the call says more than that it could not be written to.
    return !finished.ok() && absl::IsUnavailable(status) ? finished : status;
  }

  absl::Status Send(size_t index, absl::Time deadline,
                    grpc::ClientReaderWriterInterface<Request, Response>& call,
                    LoopResult& result) {
    const absl::Status ended = absl::UnavailableError("a stream of batches has ended");
    std::deque<absl::Time> sent;
    Request batch;
    while (absl::Now() < deadline) {
      RETURN_IF_ERROR(CheckInterrupted());
      batch.Clear();
      if (!calls_.next(index, batch)) {
        break;
      }
      if (sent.size() == kUnacknowledgedMax) {
        RETURN_IF_ERROR(ReadOne(call, sent, result));
      }
      sent.push_back(absl::Now());
      if (!call.Write(batch)) {
        return ended;
      }
    }
    while (!sent.empty()) {
      RETURN_IF_ERROR(ReadOne(call, sent, result));
    }
    return call.WritesDone() ? absl::OkStatus() : ended;
  }

  static absl::Status ReadOne(grpc::ClientReaderWriterInterface<Request, Response>& call,
                              std::deque<absl::Time>& sent, LoopResult& result) {
    Response acknowledgement;
    if (!call.Read(&acknowledgement)) {
      return absl::UnavailableError("a stream of batches has ended");
    }
    if (!acknowledgement.failures().empty()) {
      return absl::InternalError(absl::StrCat("the server refused a record: ",
                                              acknowledgement.failures(0).ShortDebugString()));
    }
    result.accepted += acknowledgement.accepted_count();
    result.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent.front()));
    sent.pop_front();
    return absl::OkStatus();
  }

  const BatchStreamCalls<Request, Response> calls_;
  const size_t streams_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_BATCH_STREAMS_H_
