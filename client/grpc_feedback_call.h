// A StreamFeedback call by gRPC.
#ifndef EMPTYCHAIR_CLIENT_GRPC_FEEDBACK_CALL_H_
#define EMPTYCHAIR_CLIENT_GRPC_FEEDBACK_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "client/feedback_upload.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"

namespace emptychair {

// Takes acknowledgements while it waits to send, so that neither side can wait for the other for
// ever. Every wait ends after `wait_max`, with DEADLINE_EXCEEDED.
class GrpcFeedbackCall final : public FeedbackCall {
 public:
  GrpcFeedbackCall(v1::FeedbackService::Stub& stub, absl::Duration wait_max);
  ~GrpcFeedbackCall() override;
  GrpcFeedbackCall(const GrpcFeedbackCall&) = delete;
  GrpcFeedbackCall& operator=(const GrpcFeedbackCall&) = delete;

  bool Write(const v1::StreamFeedbackRequest& batch) override;
  std::optional<v1::StreamFeedbackResponse> Read() override;
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

  const absl::Duration wait_max_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::array<State, kOperationCount> states_;
  std::unique_ptr<
      grpc::ClientAsyncReaderWriter<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>>
      stream_;
  v1::StreamFeedbackResponse response_;
  std::deque<v1::StreamFeedbackResponse> responses_;
  bool has_timed_out_ = false;
  bool is_finished_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_GRPC_FEEDBACK_CALL_H_
