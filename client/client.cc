#include "emptychair/client/client.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "client/feedback_identity.h"
#include "client/paged_range.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

// A stream that keeps its connection, which must outlive it, and can make ready what is sent.
template <typename Request, typename Response>
class HeldStream final : public BatchStream<Request, Response> {
 public:
  HeldStream(std::shared_ptr<Connection> connection,
             std::unique_ptr<BatchStream<Request, Response>> stream,
             std::function<void(Request& batch)> make_ready)
      : connection_(std::move(connection)),
        stream_(std::move(stream)),
        make_ready_(std::move(make_ready)) {}

  absl::Status Send(Request batch) override {
    make_ready_(batch);
    return stream_->Send(std::move(batch));
  }

  absl::Status AwaitAcknowledgement(absl::Duration timeout) override {
    return stream_->AwaitAcknowledgement(timeout);
  }
  std::vector<Request> TakeUnacknowledged() override { return stream_->TakeUnacknowledged(); }
  absl::Status Finish() override { return stream_->Finish(); }

 private:
  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<BatchStream<Request, Response>> stream_;
  const std::function<void(Request& batch)> make_ready_;
};

// The request, or a copy in `filled` whose records have ids where its own lack them. Without a
// record there is nothing to fill in, and the service says so.
const v1::SubmitFeedbackRequest& WithIds(const v1::SubmitFeedbackRequest& request,
                                         const std::function<absl::Time()>& now,
                                         std::optional<v1::SubmitFeedbackRequest>& filled) {
  if (!request.has_feedback() || !LacksId(request.feedback())) {
    return request;
  }
  filled = request;
  FillId(*filled->mutable_feedback(), now());
  return *filled;
}
const v1::BatchSubmitFeedbackRequest& WithIds(
    const v1::BatchSubmitFeedbackRequest& request, const std::function<absl::Time()>& now,
    std::optional<v1::BatchSubmitFeedbackRequest>& filled) {
  for (int i = 0; i < request.feedback_size(); ++i) {
    if (LacksId(request.feedback(i))) {
      if (!filled.has_value()) {  // A batch is large: copied if need be.
        filled = request;
      }
      FillId(*filled->mutable_feedback(i), now());
    }
  }
  return filled.has_value() ? *filled : request;
}

}  // namespace

absl::StatusOr<Client> Client::Create(const ClientOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, MakeConnection(options));
  return Client(std::move(connection), options.now);
}

ResultRange<v1::Key> Client::ListKeys(const v1::ListKeysRequest& request) const {
  return PagedRange<v1::Key>(connection_, request, &Connection::ListKeys,
                             &v1::ListKeysResponse::mutable_keys);
}

ResultRange<v1::AuditEvent> Client::ListAuditEvents(
    const v1::ListAuditEventsRequest& request) const {
  return PagedRange<v1::AuditEvent>(connection_, request, &Connection::ListAuditEvents,
                                    &v1::ListAuditEventsResponse::mutable_events);
}

absl::StatusOr<v1::Survey> Client::CreateSurvey(const v1::Survey& survey) const {
  v1::CreateSurveyRequest request;
  *request.mutable_survey() = survey;
  ASSIGN_OR_RETURN(v1::CreateSurveyResponse response, CreateSurvey(request));
  return std::move(*response.mutable_survey());
}

absl::StatusOr<v1::Survey> Client::GetSurvey(absl::string_view survey_id) const {
  v1::GetSurveyRequest request;
  request.set_survey_id(std::string(survey_id));
  ASSIGN_OR_RETURN(v1::GetSurveyResponse response, GetSurvey(request));
  return std::move(*response.mutable_survey());
}

ResultRange<v1::Survey> Client::ListSurveys(const v1::ListSurveysRequest& request) const {
  return PagedRange<v1::Survey>(connection_, request, &Connection::ListSurveys,
                                &v1::ListSurveysResponse::mutable_surveys);
}

absl::StatusOr<v1::SubmitFeedbackResponse> Client::SubmitFeedback(
    const v1::SubmitFeedbackRequest& request) const {
  std::optional<v1::SubmitFeedbackRequest> filled;
  return connection_->SubmitFeedback(WithIds(request, now_, filled));
}

AsyncCall Client::AsyncSubmitFeedback(const v1::SubmitFeedbackRequest& request,
                                      AsyncCallback<v1::SubmitFeedbackResponse> done) const {
  std::optional<v1::SubmitFeedbackRequest> filled;
  return StartAsync<&Connection::SubmitFeedback>(*connection_, WithIds(request, now_, filled),
                                                 std::move(done));
}

absl::StatusOr<v1::SubmitFeedbackResponse> Client::SubmitFeedback(
    const v1::Feedback& feedback) const {
  v1::SubmitFeedbackRequest request;
  *request.mutable_feedback() = feedback;
  return SubmitFeedback(request);
}

absl::StatusOr<v1::BatchSubmitFeedbackResponse> Client::BatchSubmitFeedback(
    const v1::BatchSubmitFeedbackRequest& request) const {
  std::optional<v1::BatchSubmitFeedbackRequest> filled;
  return connection_->BatchSubmitFeedback(WithIds(request, now_, filled));
}

AsyncCall Client::AsyncBatchSubmitFeedback(
    const v1::BatchSubmitFeedbackRequest& request,
    AsyncCallback<v1::BatchSubmitFeedbackResponse> done) const {
  std::optional<v1::BatchSubmitFeedbackRequest> filled;
  return StartAsync<&Connection::BatchSubmitFeedback>(*connection_, WithIds(request, now_, filled),
                                                      std::move(done));
}

std::unique_ptr<FeedbackStream> Client::StreamFeedback(
    FeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options) const {
  // Records get ids before they are sent, so that a batch that is sent again is the same.
  const auto fill = [now = now_](v1::StreamFeedbackRequest& batch) {
    for (v1::Feedback& feedback : *batch.mutable_feedback()) {
      if (LacksId(feedback)) {
        FillId(feedback, now());
      }
    }
  };
  return std::make_unique<HeldStream<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>>(
      connection_, connection_->StreamFeedback(std::move(on_acknowledged), std::move(options)),
      fill);
}

absl::StatusOr<v1::Feedback> Client::GetFeedback(absl::string_view survey_id,
                                                 absl::string_view feedback_id) const {
  v1::GetFeedbackRequest request;
  request.set_survey_id(std::string(survey_id));
  request.set_feedback_id(std::string(feedback_id));
  ASSIGN_OR_RETURN(v1::GetFeedbackResponse response, GetFeedback(request));
  return std::move(*response.mutable_feedback());
}

ResultRange<v1::Feedback> Client::ListFeedback(const v1::ListFeedbackRequest& request) const {
  return PagedRange<v1::Feedback>(connection_, request, &Connection::ListFeedback,
                                  &v1::ListFeedbackResponse::mutable_feedback, PageFetch::kAhead);
}

ResultRange<v1::ListFeedbackResponse> Client::ListFeedbackPages(
    const v1::ListFeedbackRequest& request) const {
  return ResultRange<v1::ListFeedbackResponse>(
      PageSource(connection_, request, &Connection::ListFeedback, PageFetch::kAhead));
}

std::unique_ptr<ActivityStream> Client::StreamActivities(
    ActivityStream::OnAcknowledged on_acknowledged, StreamOptions options) const {
  return std::make_unique<HeldStream<v1::StreamActivitiesRequest, v1::StreamActivitiesResponse>>(
      connection_, connection_->StreamActivities(std::move(on_acknowledged), std::move(options)),
      [](v1::StreamActivitiesRequest&) {});
}

ResultRange<v1::Activity> Client::ListActivities(const v1::ListActivitiesRequest& request) const {
  return PagedRange<v1::Activity>(connection_, request, &Connection::ListActivities,
                                  &v1::ListActivitiesResponse::mutable_activities);
}

ResultRange<v1::TimelineEntry> Client::ListTimeline(const v1::ListTimelineRequest& request) const {
  return PagedRange<v1::TimelineEntry>(connection_, request, &Connection::ListTimeline,
                                       &v1::ListTimelineResponse::mutable_entries);
}

ResultRange<v1::ExplainMetricRow> Client::ExplainMetric(
    const v1::ExplainMetricRequest& request) const {
  return PagedRange<v1::ExplainMetricRow>(connection_, request, &Connection::ExplainMetric,
                                          &v1::ExplainMetricResponse::mutable_rows);
}

}  // namespace emptychair
