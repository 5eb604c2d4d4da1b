// FeedbackService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_

#include "common/base/clock.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/call.h"
#include "server/rpc/raw_methods.h"
#include "storage/store.h"

namespace emptychair {

using FeedbackServiceBase =
    RawMethods<v1::FeedbackService::Service,
               v1::FeedbackService::WithRawCallbackMethod_SubmitFeedback,
               v1::FeedbackService::WithRawCallbackMethod_BatchSubmitFeedback,
               v1::FeedbackService::WithRawCallbackMethod_StreamFeedback,
               v1::FeedbackService::WithRawCallbackMethod_GetFeedback,
               v1::FeedbackService::WithRawCallbackMethod_ListFeedback,
               v1::FeedbackService::WithRawCallbackMethod_AmendFeedback,
               v1::FeedbackService::WithRawCallbackMethod_ExcludeFeedback,
               v1::FeedbackService::WithRawCallbackMethod_IncludeFeedback,
               v1::FeedbackService::WithRawCallbackMethod_EraseFeedback,
               v1::FeedbackService::WithRawCallbackMethod_WatchFeedback>::Type;

// Thread-safe. What it is given must outlive it.
class FeedbackServiceImpl final : public FeedbackServiceBase {
 public:
  FeedbackServiceImpl(storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {}

  grpc::ServerUnaryReactor* SubmitFeedback(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* BatchSubmitFeedback(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamFeedback(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetFeedback(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListFeedback(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AmendFeedback(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExcludeFeedback(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* IncludeFeedback(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* EraseFeedback(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;

  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchFeedback(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;

 private:
  void StartSubmit(const v1::SubmitFeedbackRequest& request, v1::SubmitFeedbackResponse& response,
                   ReplyHandle finish);
  // `Request` and `Response` are those of BatchSubmitFeedback or StreamFeedback. The request is
  // done with when this returns.
  template <typename Request, typename Response>
  void StartBatch(const grpc::ByteBuffer& bytes, grpc::ByteBuffer& answer, ReplyHandle finish);
  absl::Status Get(const v1::GetFeedbackRequest& request, v1::GetFeedbackResponse& response) const;

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
