// The C++ client of Empty Chair.
#ifndef EMPTYCHAIR_CLIENT_CLIENT_H_
#define EMPTYCHAIR_CLIENT_CLIENT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair {

struct ClientOptions {
  // Where the server listens, "HOST:PORT", with an IPv6 address in brackets.
  std::string endpoint = "127.0.0.1:7443";
  // How long a call may take, from its start to its answer: more than 0, at most 24 h.
  absl::Duration timeout = absl::Seconds(10);
};

// Calls the service. Each method sends one request and waits for its answer. Cheap to copy; copies
// share one connection. Thread-safe.
//
// Errors are those of the method as its .proto says, with their details: read them with
// `ReasonOf` and its neighbours in common/base/errors.h. A request with a string that is not UTF-8
// is refused before it is sent, with FIELD_INVALID and the field's path. A server that cannot be
// reached is UNAVAILABLE within 2 s. Nothing is retried: which errors are worth another try is
// said in the .proto; the same submission can be sent again after any of them.
class Client {
 public:
  // FIELD_INVALID when an option is. Does not connect yet: the first call does.
  static absl::StatusOr<Client> Create(const ClientOptions& options);

  absl::StatusOr<v1::CreateSurveyResponse> CreateSurvey(const v1::CreateSurveyRequest& request);
  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const v1::GetSurveyRequest& request);
  absl::StatusOr<v1::ListSurveysResponse> ListSurveys(const v1::ListSurveysRequest& request);
  absl::StatusOr<v1::UpdateSurveyResponse> UpdateSurvey(const v1::UpdateSurveyRequest& request);
  absl::StatusOr<v1::ArchiveSurveyResponse> ArchiveSurvey(const v1::ArchiveSurveyRequest& request);
  absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(const v1::DeleteSurveyRequest& request);
  absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(
      const v1::SubmitFeedbackRequest& request);
  absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSubmitFeedback(
      const v1::BatchSubmitFeedbackRequest& request);
  absl::StatusOr<v1::GetFeedbackResponse> GetFeedback(const v1::GetFeedbackRequest& request);
  absl::StatusOr<v1::ListFeedbackResponse> ListFeedback(const v1::ListFeedbackRequest& request);
  absl::StatusOr<v1::AmendFeedbackResponse> AmendFeedback(const v1::AmendFeedbackRequest& request);
  absl::StatusOr<v1::ExcludeFeedbackResponse> ExcludeFeedback(
      const v1::ExcludeFeedbackRequest& request);
  absl::StatusOr<v1::IncludeFeedbackResponse> IncludeFeedback(
      const v1::IncludeFeedbackRequest& request);
  absl::StatusOr<v1::EraseFeedbackResponse> EraseFeedback(const v1::EraseFeedbackRequest& request);
  absl::StatusOr<v1::QueryMetricResponse> QueryMetric(const v1::QueryMetricRequest& request);
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request);
  // Calls `on_message` with each message as it comes, until the stream ends.
  absl::Status VerifyStore(
      const v1::VerifyStoreRequest& request,
      absl::FunctionRef<void(const v1::VerifyStoreResponse& message)> on_message);
  absl::StatusOr<v1::RebuildCubeResponse> RebuildCube(const v1::RebuildCubeRequest& request);
  absl::StatusOr<v1::CompactStoreResponse> CompactStore(const v1::CompactStoreRequest& request);

 private:
  class Stubs;

  explicit Client(std::shared_ptr<Stubs> stubs) : stubs_(std::move(stubs)) {}

  std::shared_ptr<Stubs> stubs_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_CLIENT_H_
