// The calls of the service, one method each.
#ifndef EMPTYCHAIR_CLIENT_CONNECTION_H_
#define EMPTYCHAIR_CLIENT_CONNECTION_H_

#include <memory>
#include <stop_token>

#include "absl/status/statusor.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/batch_stream.h"
#include "emptychair/client/options.h"
#include "emptychair/client/result_range.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair {

// Interface that a Client calls: the service, or a mock in tests (mocks/mock_connection.h). An
// implementation is thread-safe.
//
// A method that is added to a service gets a line here, one in mocks/mock_connection.h, its call in
// client/connection.cc, its public face in client.h, and a line in async_methods.h. One that
// answers with a stream returns a ResultRange (result_range.h) of its responses, which
// client/stream_range.h makes, and has none there.
class Connection {
 public:
  virtual ~Connection() = default;

  // Starts a unary method without waiting, whichever it is: AsyncX of a Client does it.
  virtual AsyncCall StartUnary(UnaryCall call) = 0;

  virtual absl::StatusOr<v1::CreateKeyResponse> CreateKey(const v1::CreateKeyRequest& request) = 0;
  virtual absl::StatusOr<v1::GetKeyResponse> GetKey(const v1::GetKeyRequest& request) = 0;
  virtual absl::StatusOr<v1::ListKeysResponse> ListKeys(const v1::ListKeysRequest& request) = 0;
  virtual absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(const v1::UpdateKeyRequest& request) = 0;
  virtual absl::StatusOr<v1::RotateKeyResponse> RotateKey(const v1::RotateKeyRequest& request) = 0;
  virtual absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(const v1::RevokeKeyRequest& request) = 0;
  virtual absl::StatusOr<v1::GetCallerResponse> GetCaller(const v1::GetCallerRequest& request) = 0;
  virtual absl::StatusOr<v1::ListAuditEventsResponse> ListAuditEvents(
      const v1::ListAuditEventsRequest& request) = 0;

  virtual absl::StatusOr<v1::CreateSurveyResponse> CreateSurvey(
      const v1::CreateSurveyRequest& request) = 0;
  virtual absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const v1::GetSurveyRequest& request) = 0;
  virtual absl::StatusOr<v1::ListSurveysResponse> ListSurveys(
      const v1::ListSurveysRequest& request) = 0;
  virtual absl::StatusOr<v1::UpdateSurveyResponse> UpdateSurvey(
      const v1::UpdateSurveyRequest& request) = 0;
  virtual absl::StatusOr<v1::ArchiveSurveyResponse> ArchiveSurvey(
      const v1::ArchiveSurveyRequest& request) = 0;
  virtual absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(
      const v1::DeleteSurveyRequest& request) = 0;

  virtual absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(
      const v1::SubmitFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSubmitFeedback(
      const v1::BatchSubmitFeedbackRequest& request) = 0;
  virtual std::unique_ptr<FeedbackStream> StreamFeedback(
      FeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options) = 0;
  // The same of records that are serialized already, which must be UTF-8.
  virtual std::unique_ptr<EncodedFeedbackStream> StreamEncodedFeedback(
      EncodedFeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options) = 0;
  virtual absl::StatusOr<v1::GetFeedbackResponse> GetFeedback(
      const v1::GetFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::ListFeedbackResponse> ListFeedback(
      const v1::ListFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::AmendFeedbackResponse> AmendFeedback(
      const v1::AmendFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::ExcludeFeedbackResponse> ExcludeFeedback(
      const v1::ExcludeFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::IncludeFeedbackResponse> IncludeFeedback(
      const v1::IncludeFeedbackRequest& request) = 0;
  virtual absl::StatusOr<v1::EraseFeedbackResponse> EraseFeedback(
      const v1::EraseFeedbackRequest& request) = 0;

  // Streams: not sent again.
  virtual ResultRange<v1::ChangeManyFeedbackResponse> ChangeManyFeedback(
      const v1::ChangeManyFeedbackRequest& request) = 0;
  virtual ResultRange<v1::TakeBackImportResponse> TakeBackImport(
      const v1::TakeBackImportRequest& request) = 0;

  // A stream without an end, gone on with over a new call as the policies say. It must not outlive
  // the connection. Once `stop` is requested, on whatever thread, it ends with CANCELLED.
  virtual ResultRange<v1::WatchFeedbackResponse> WatchFeedback(
      const v1::WatchFeedbackRequest& request, std::stop_token stop) = 0;

  virtual absl::StatusOr<v1::UpsertCustomerResponse> UpsertCustomer(
      const v1::UpsertCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::GetCustomerResponse> GetCustomer(
      const v1::GetCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::ListTimelineResponse> ListTimeline(
      const v1::ListTimelineRequest& request) = 0;
  virtual absl::StatusOr<v1::GetCustomerViewResponse> GetCustomerView(
      const v1::GetCustomerViewRequest& request) = 0;
  // A stream: not sent again.
  virtual ResultRange<v1::ExportCustomerResponse> ExportCustomer(
      const v1::ExportCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::EraseCustomerResponse> EraseCustomer(
      const v1::EraseCustomerRequest& request) = 0;
  virtual absl::StatusOr<v1::DefineActivityKindResponse> DefineActivityKind(
      const v1::DefineActivityKindRequest& request) = 0;
  virtual absl::StatusOr<v1::ListActivityKindsResponse> ListActivityKinds(
      const v1::ListActivityKindsRequest& request) = 0;
  virtual absl::StatusOr<v1::DeleteActivityKindResponse> DeleteActivityKind(
      const v1::DeleteActivityKindRequest& request) = 0;
  virtual absl::StatusOr<v1::RecordActivityResponse> RecordActivity(
      const v1::RecordActivityRequest& request) = 0;
  virtual absl::StatusOr<v1::BatchRecordActivitiesResponse> BatchRecordActivities(
      const v1::BatchRecordActivitiesRequest& request) = 0;
  virtual std::unique_ptr<ActivityStream> StreamActivities(
      ActivityStream::OnAcknowledged on_acknowledged, StreamOptions options) = 0;
  virtual absl::StatusOr<v1::ListActivitiesResponse> ListActivities(
      const v1::ListActivitiesRequest& request) = 0;
  virtual absl::StatusOr<v1::EraseActivityResponse> EraseActivity(
      const v1::EraseActivityRequest& request) = 0;

  virtual absl::StatusOr<v1::QueryMetricResponse> QueryMetric(
      const v1::QueryMetricRequest& request) = 0;
  virtual absl::StatusOr<v1::CompareMetricResponse> CompareMetric(
      const v1::CompareMetricRequest& request) = 0;
  virtual absl::StatusOr<v1::DecomposeChangeResponse> DecomposeChange(
      const v1::DecomposeChangeRequest& request) = 0;
  virtual absl::StatusOr<v1::CompareWordsResponse> CompareWords(
      const v1::CompareWordsRequest& request) = 0;
  virtual absl::StatusOr<v1::GetScorecardResponse> GetScorecard(
      const v1::GetScorecardRequest& request) = 0;
  virtual absl::StatusOr<v1::GetRepeatProfileResponse> GetRepeatProfile(
      const v1::GetRepeatProfileRequest& request) = 0;
  virtual absl::StatusOr<v1::QueryRetentionResponse> QueryRetention(
      const v1::QueryRetentionRequest& request) = 0;
  virtual absl::StatusOr<v1::QueryCohortsResponse> QueryCohorts(
      const v1::QueryCohortsRequest& request) = 0;
  virtual absl::StatusOr<v1::QueryRepeatRateResponse> QueryRepeatRate(
      const v1::QueryRepeatRateRequest& request) = 0;
  virtual absl::StatusOr<v1::ExplainMetricResponse> ExplainMetric(
      const v1::ExplainMetricRequest& request) = 0;

  virtual absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request) = 0;
  // A stream: not sent again.
  virtual ResultRange<v1::VerifyStoreResponse> VerifyStore(
      const v1::VerifyStoreRequest& request) = 0;
  virtual absl::StatusOr<v1::RebuildCubeResponse> RebuildCube(
      const v1::RebuildCubeRequest& request) = 0;
  virtual absl::StatusOr<v1::CompactStoreResponse> CompactStore(
      const v1::CompactStoreRequest& request) = 0;
  virtual absl::StatusOr<v1::MeasureRepeatsResponse> MeasureRepeats(
      const v1::MeasureRepeatsRequest& request) = 0;
  // A stream: not sent again.
  virtual ResultRange<v1::CreateBackupResponse> CreateBackup(
      const v1::CreateBackupRequest& request) = 0;
  virtual absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) = 0;
  // A stream: not sent again.
  virtual ResultRange<v1::VerifyBackupResponse> VerifyBackup(
      const v1::VerifyBackupRequest& request) = 0;
  virtual absl::StatusOr<v1::DeleteBackupResponse> DeleteBackup(
      const v1::DeleteBackupRequest& request) = 0;
  virtual absl::StatusOr<v1::PruneBackupsResponse> PruneBackups(
      const v1::PruneBackupsRequest& request) = 0;
};

// A connection to the server at `options.endpoint`, as `options.credentials` say. FIELD_INVALID or
// FIELD_REQUIRED with the option's name when one cannot work, a file of the credentials or the key
// cannot be read, or the key would go to another machine in plain text; no error has anything of
// what is in a file. Does not connect yet: the first call does.
//
// Every call checks its request first: a string that is not UTF-8 is FIELD_INVALID, with the
// field's path. A call that fails is sent again as the policies say: all methods
// but DeleteSurvey, DeleteActivityKind, CreateKey and RotateKey can be repeated, and do nothing
// twice. UNAUTHENTICATED and PERMISSION_DENIED are never sent again, whatever the policies say, but
// for the one attempt with another key that ClientOptions::api_key_file is about. Its error is that
// of the last attempt, with the service's details; one that used up the timeout is
// DEADLINE_EXCEEDED. An attempt at a server that cannot be reached is UNAVAILABLE within 2 s.
//
// The same holds for StartUnary. To destroy the connection cancels what was started by it and waits
// until each callback was given to ClientOptions::executor; without one, until they have run. In a
// callback, without an executor or with one that runs tasks at once, it does not wait: the other
// callbacks come later.
absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(const ClientOptions& options);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_CONNECTION_H_
