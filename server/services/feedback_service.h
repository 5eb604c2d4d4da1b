// FeedbackService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_

#include "common/base/clock.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/arena_messages.h"
#include "server/rpc/call.h"
#include "storage/store.h"

namespace emptychair {

// CallbackService of gRPC, but that batches come as bytes: see raw_message.h.
template <template <typename> typename... Methods>
struct MethodsOf;
template <template <typename> typename First, template <typename> typename... Rest>
struct MethodsOf<First, Rest...> {
  using Type = First<typename MethodsOf<Rest...>::Type>;
};
template <>
struct MethodsOf<> {
  using Type = v1::FeedbackService::Service;
};
using FeedbackServiceBase =
    MethodsOf<v1::FeedbackService::WithCallbackMethod_SubmitFeedback,
              v1::FeedbackService::WithRawCallbackMethod_BatchSubmitFeedback,
              v1::FeedbackService::WithRawCallbackMethod_StreamFeedback,
              v1::FeedbackService::WithCallbackMethod_GetFeedback,
              v1::FeedbackService::WithCallbackMethod_ListFeedback,
              v1::FeedbackService::WithCallbackMethod_AmendFeedback,
              v1::FeedbackService::WithCallbackMethod_ExcludeFeedback,
              v1::FeedbackService::WithCallbackMethod_IncludeFeedback,
              v1::FeedbackService::WithCallbackMethod_EraseFeedback,
              v1::FeedbackService::WithCallbackMethod_WatchFeedback>::Type;

// Thread-safe. What it is given must outlive it.
class FeedbackServiceImpl final : public FeedbackServiceBase {
 public:
  FeedbackServiceImpl(storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {
    SetMessageAllocatorFor_SubmitFeedback(&submit_messages_);
  }

  grpc::ServerUnaryReactor* SubmitFeedback(grpc::CallbackServerContext* context,
                                           const v1::SubmitFeedbackRequest* request,
                                           v1::SubmitFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* BatchSubmitFeedback(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamFeedback(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetFeedback(grpc::CallbackServerContext* context,
                                        const v1::GetFeedbackRequest* request,
                                        v1::GetFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* ListFeedback(grpc::CallbackServerContext* context,
                                         const v1::ListFeedbackRequest* request,
                                         v1::ListFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* AmendFeedback(grpc::CallbackServerContext* context,
                                          const v1::AmendFeedbackRequest* request,
                                          v1::AmendFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* ExcludeFeedback(grpc::CallbackServerContext* context,
                                            const v1::ExcludeFeedbackRequest* request,
                                            v1::ExcludeFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* IncludeFeedback(grpc::CallbackServerContext* context,
                                            const v1::IncludeFeedbackRequest* request,
                                            v1::IncludeFeedbackResponse* response) override;
  grpc::ServerUnaryReactor* EraseFeedback(grpc::CallbackServerContext* context,
                                          const v1::EraseFeedbackRequest* request,
                                          v1::EraseFeedbackResponse* response) override;

  grpc::ServerWriteReactor<v1::WatchFeedbackResponse>* WatchFeedback(
      grpc::CallbackServerContext* context, const v1::WatchFeedbackRequest* request) override;

 private:
  void StartSubmit(const v1::SubmitFeedbackRequest& request, v1::SubmitFeedbackResponse& response,
                   Finisher finish);
  // `Request` and `Response` are those of BatchSubmitFeedback or StreamFeedback. The request is
  // done with when this returns.
  template <typename Request, typename Response>
  void StartBatch(const grpc::ByteBuffer& bytes, grpc::ByteBuffer& answer, Finisher finish);
  absl::Status Get(const v1::GetFeedbackRequest& request, v1::GetFeedbackResponse& response) const;

  storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
  ArenaMessages<v1::SubmitFeedbackRequest, v1::SubmitFeedbackResponse> submit_messages_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
