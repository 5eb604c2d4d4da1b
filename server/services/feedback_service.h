// Handles the methods of FeedbackService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "server/api/stream_writer.h"
#include "server/customers/customer_names.h"
#include "server/feedback/feedback_watch.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. `store` and `clock` must outlive the service, which must outlive all its calls.
class FeedbackService {
 public:
  FeedbackService(storage::Store* store, const Clock* clock)
      : store_(store),
        clock_(clock),
        auditor_(store, clock),
        customer_names_(std::make_unique<CustomerNames>(store->records())) {}
  FeedbackService(const FeedbackService&) = delete;
  FeedbackService& operator=(const FeedbackService&) = delete;

  void AddTo(MethodTable& table);

  void SubmitFeedback(const RequestContext& context, const v1::SubmitFeedbackRequest& request,
                      v1::SubmitFeedbackResponse& response, ReplyHandle reply);
  void BatchSubmitFeedback(const RequestContext& context,
                           const v1::BatchSubmitFeedbackRequest& request,
                           v1::BatchSubmitFeedbackResponse& response, ReplyHandle reply);
  // Handles one batch of the stream.
  void StreamFeedback(const RequestContext& context, const v1::StreamFeedbackRequest& request,
                      v1::StreamFeedbackResponse& response, ReplyHandle reply);
  absl::Status GetFeedback(const RequestContext& context, const v1::GetFeedbackRequest& request,
                           v1::GetFeedbackResponse& response) const;
  absl::StatusOr<ScheduledWork<v1::ListFeedbackResponse>> ListFeedback(
      const RequestContext& context, const v1::ListFeedbackRequest& request) const;
  void AmendFeedback(const RequestContext& context, const v1::AmendFeedbackRequest& request,
                     v1::AmendFeedbackResponse& response, ReplyHandle reply);
  void ExcludeFeedback(const RequestContext& context, const v1::ExcludeFeedbackRequest& request,
                       v1::ExcludeFeedbackResponse& response, ReplyHandle reply);
  void IncludeFeedback(const RequestContext& context, const v1::IncludeFeedbackRequest& request,
                       v1::IncludeFeedbackResponse& response, ReplyHandle reply);
  void EraseFeedback(const RequestContext& context, const v1::EraseFeedbackRequest& request,
                     v1::EraseFeedbackResponse& response, ReplyHandle reply);
  absl::Status ChangeManyFeedback(const RequestContext& context,
                                  const v1::ChangeManyFeedbackRequest& request,
                                  StreamWriter<v1::ChangeManyFeedbackResponse>& writer);
  absl::Status TakeBackImport(const RequestContext& context,
                              const v1::TakeBackImportRequest& request,
                              StreamWriter<v1::TakeBackImportResponse>& writer);
  absl::StatusOr<FeedbackWatch> WatchFeedback(const RequestContext& context,
                                              const v1::WatchFeedbackRequest& request);

 private:
  // Handles a batch of BatchSubmitFeedback or StreamFeedback.
  template <typename Request, typename Response>
  void StartBatch(const RequestContext& context, const Request& request, Response& response,
                  ReplyHandle reply);

  storage::Store* const store_;
  const Clock* const clock_;
  const Auditor auditor_;
  const std::unique_ptr<CustomerNames> customer_names_;  // Of lists.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_FEEDBACK_SERVICE_H_
