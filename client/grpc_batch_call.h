// A call of StreamFeedback or StreamActivities by gRPC.
#ifndef EMPTYCHAIR_CLIENT_GRPC_BATCH_CALL_H_
#define EMPTYCHAIR_CLIENT_GRPC_BATCH_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "absl/time/time.h"
#include "client/batch_upload.h"
#include "client/encoded_batch_serialization.h"

namespace emptychair {

// Takes acknowledgements while it waits to send, so that neither side can wait for the other for
// ever. Every wait ends after `wait_max`, with DEADLINE_EXCEEDED.
template <typename Request, typename Response>
class GrpcBatchCall final : public BatchCall<Request, Response> {
 public:
  using Stream = grpc::ClientAsyncReaderWriter<Request, Response>;
  // Starts the call, which tells `queue` with `tag` once it has begun.
  using Start = std::function<std::unique_ptr<Stream>(grpc::ClientContext* context,
                                                      grpc::CompletionQueue* queue, void* tag)>;

  // The call is cancelled once `stop` is requested.
  GrpcBatchCall(const Start& start, absl::Duration wait_max, std::stop_token stop = {});
  ~GrpcBatchCall() override;
  GrpcBatchCall(const GrpcBatchCall&) = delete;
  GrpcBatchCall& operator=(const GrpcBatchCall&) = delete;

  bool Write(const Request& batch) override;
  bool AwaitRead(absl::Duration timeout) override;
  std::optional<Response> Read() override;
  void WritesDone() override;
  absl::Status Finish() override;

 private:
  // What gRPC was asked to do; at most one of each kind at a time.
  enum Operation { kStart, kRead, kWrite, kWritesDone, kFinish, kOperationCount };
  struct State {
    bool is_under_way = false;
    bool is_ok = false;
  };

  void* Begin(Operation operation);
  bool Await(Operation operation);
  void TakeOne();
  bool TakeOneBefore(std::chrono::system_clock::time_point deadline);

  const std::chrono::microseconds wait_max_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::array<State, kOperationCount> states_;
  std::unique_ptr<Stream> stream_;
  Response response_;
  std::deque<Response> responses_;
  bool has_timed_out_ = false;
  bool is_finished_ = false;
  // When something last happened, or was begun with nothing to wait for before.
  std::chrono::steady_clock::time_point last_event_;
  // Last, so that it goes first.
  const std::stop_callback<std::function<void()>> on_stop_;
};

// They are compiled once, in grpc_batch_call.cc.
using GrpcFeedbackCall = GrpcBatchCall<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
using GrpcEncodedFeedbackCall = GrpcBatchCall<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
using GrpcActivityCall = GrpcBatchCall<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;
extern template class GrpcBatchCall<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>;
extern template class GrpcBatchCall<EncodedFeedbackBatch, v1::StreamFeedbackResponse>;
extern template class GrpcBatchCall<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_GRPC_BATCH_CALL_H_
