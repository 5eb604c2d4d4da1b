// A stand-in for the service in tests of code that uses the client. Needs GoogleMock.
#ifndef EMPTYCHAIR_CLIENT_MOCKS_MOCK_CONNECTION_H_
#define EMPTYCHAIR_CLIENT_MOCKS_MOCK_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/connection.h"
#include "emptychair/client/executor.h"
#include "emptychair/client/result_range.h"
#include "gmock/gmock.h"

namespace emptychair {

// Give it to a Client: `Client(std::make_shared<MockConnection>())`. AsyncX calls X, for which the
// test has its expectations, and then its callback, on a thread of the mock's or where `executor`
// runs them.
class MockConnection : public Connection {
 public:
  explicit MockConnection(CallbackExecutor executor = MakeThreadExecutor())
      : executor_(std::move(executor)) {}
  ~MockConnection() override { *is_gone_ = true; }

  AsyncCall StartUnary(UnaryCall call) override {
    return StartOnExecutor(*this, executor_, is_gone_, std::move(call));
  }

  MOCK_METHOD(absl::StatusOr<v1::CreateKeyResponse>, CreateKey,
              (const v1::CreateKeyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetKeyResponse>, GetKey, (const v1::GetKeyRequest& request),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::ListKeysResponse>, ListKeys, (const v1::ListKeysRequest& request),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::UpdateKeyResponse>, UpdateKey,
              (const v1::UpdateKeyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::RotateKeyResponse>, RotateKey,
              (const v1::RotateKeyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::RevokeKeyResponse>, RevokeKey,
              (const v1::RevokeKeyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetCallerResponse>, GetCaller,
              (const v1::GetCallerRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListAuditEventsResponse>, ListAuditEvents,
              (const v1::ListAuditEventsRequest& request), (override));

  MOCK_METHOD(absl::StatusOr<v1::CreateSurveyResponse>, CreateSurvey,
              (const v1::CreateSurveyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetSurveyResponse>, GetSurvey,
              (const v1::GetSurveyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListSurveysResponse>, ListSurveys,
              (const v1::ListSurveysRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::UpdateSurveyResponse>, UpdateSurvey,
              (const v1::UpdateSurveyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ArchiveSurveyResponse>, ArchiveSurvey,
              (const v1::ArchiveSurveyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::DeleteSurveyResponse>, DeleteSurvey,
              (const v1::DeleteSurveyRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::SubmitFeedbackResponse>, SubmitFeedback,
              (const v1::SubmitFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::BatchSubmitFeedbackResponse>, BatchSubmitFeedback,
              (const v1::BatchSubmitFeedbackRequest& request), (override));
  MOCK_METHOD(std::unique_ptr<FeedbackStream>, StreamFeedback,
              (FeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options), (override));
  MOCK_METHOD(std::unique_ptr<EncodedFeedbackStream>, StreamEncodedFeedback,
              (EncodedFeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::GetFeedbackResponse>, GetFeedback,
              (const v1::GetFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListFeedbackResponse>, ListFeedback,
              (const v1::ListFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::AmendFeedbackResponse>, AmendFeedback,
              (const v1::AmendFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ExcludeFeedbackResponse>, ExcludeFeedback,
              (const v1::ExcludeFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::IncludeFeedbackResponse>, IncludeFeedback,
              (const v1::IncludeFeedbackRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::EraseFeedbackResponse>, EraseFeedback,
              (const v1::EraseFeedbackRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::ChangeManyFeedbackResponse>, ChangeManyFeedback,
              (const v1::ChangeManyFeedbackRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::TakeBackImportResponse>, TakeBackImport,
              (const v1::TakeBackImportRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::WatchFeedbackResponse>, WatchFeedback,
              (const v1::WatchFeedbackRequest& request, std::stop_token stop), (override));
  MOCK_METHOD(absl::StatusOr<v1::UpsertCustomerResponse>, UpsertCustomer,
              (const v1::UpsertCustomerRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetCustomerResponse>, GetCustomer,
              (const v1::GetCustomerRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListTimelineResponse>, ListTimeline,
              (const v1::ListTimelineRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetCustomerViewResponse>, GetCustomerView,
              (const v1::GetCustomerViewRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::ExportCustomerResponse>, ExportCustomer,
              (const v1::ExportCustomerRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::EraseCustomerResponse>, EraseCustomer,
              (const v1::EraseCustomerRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::DefineActivityKindResponse>, DefineActivityKind,
              (const v1::DefineActivityKindRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListActivityKindsResponse>, ListActivityKinds,
              (const v1::ListActivityKindsRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::DeleteActivityKindResponse>, DeleteActivityKind,
              (const v1::DeleteActivityKindRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::RecordActivityResponse>, RecordActivity,
              (const v1::RecordActivityRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::BatchRecordActivitiesResponse>, BatchRecordActivities,
              (const v1::BatchRecordActivitiesRequest& request), (override));
  MOCK_METHOD(std::unique_ptr<ActivityStream>, StreamActivities,
              (ActivityStream::OnAcknowledged on_acknowledged, StreamOptions options), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListActivitiesResponse>, ListActivities,
              (const v1::ListActivitiesRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::EraseActivityResponse>, EraseActivity,
              (const v1::EraseActivityRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::QueryMetricResponse>, QueryMetric,
              (const v1::QueryMetricRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::CompareMetricResponse>, CompareMetric,
              (const v1::CompareMetricRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::DecomposeChangeResponse>, DecomposeChange,
              (const v1::DecomposeChangeRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::CompareWordsResponse>, CompareWords,
              (const v1::CompareWordsRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetScorecardResponse>, GetScorecard,
              (const v1::GetScorecardRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetRepeatProfileResponse>, GetRepeatProfile,
              (const v1::GetRepeatProfileRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::QueryRetentionResponse>, QueryRetention,
              (const v1::QueryRetentionRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::QueryCohortsResponse>, QueryCohorts,
              (const v1::QueryCohortsRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::QueryRepeatRateResponse>, QueryRepeatRate,
              (const v1::QueryRepeatRateRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ExplainMetricResponse>, ExplainMetric,
              (const v1::ExplainMetricRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::GetStatusResponse>, GetStatus,
              (const v1::GetStatusRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::VerifyStoreResponse>, VerifyStore,
              (const v1::VerifyStoreRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::RebuildCubeResponse>, RebuildCube,
              (const v1::RebuildCubeRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::CompactStoreResponse>, CompactStore,
              (const v1::CompactStoreRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::MeasureRepeatsResponse>, MeasureRepeats,
              (const v1::MeasureRepeatsRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::CreateBackupResponse>, CreateBackup,
              (const v1::CreateBackupRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListBackupsResponse>, ListBackups,
              (const v1::ListBackupsRequest& request), (override));
  MOCK_METHOD(ResultRange<v1::VerifyBackupResponse>, VerifyBackup,
              (const v1::VerifyBackupRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::DeleteBackupResponse>, DeleteBackup,
              (const v1::DeleteBackupRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::PruneBackupsResponse>, PruneBackups,
              (const v1::PruneBackupsRequest& request), (override));

 private:
  const std::shared_ptr<std::atomic<bool>> is_gone_ = std::make_shared<std::atomic<bool>>(false);
  CallbackExecutor executor_;  // Last, so that it ends before the methods that it calls.
};

class MockFeedbackStream : public FeedbackStream {
 public:
  MOCK_METHOD(absl::Status, Send, (v1::StreamFeedbackRequest batch), (override));
  MOCK_METHOD(absl::Status, AwaitAcknowledgement, (absl::Duration timeout), (override));
  MOCK_METHOD(std::vector<v1::StreamFeedbackRequest>, TakeUnacknowledged, (), (override));
  MOCK_METHOD(absl::Status, Finish, (), (override));
};

class MockActivityStream : public ActivityStream {
 public:
  MOCK_METHOD(absl::Status, Send, (v1::StreamActivitiesRequest batch), (override));
  MOCK_METHOD(absl::Status, AwaitAcknowledgement, (absl::Duration timeout), (override));
  MOCK_METHOD(std::vector<v1::StreamActivitiesRequest>, TakeUnacknowledged, (), (override));
  MOCK_METHOD(absl::Status, Finish, (), (override));
};

// A range of `results`, for a method that answers with a stream.
template <typename T>
ResultRange<T> MakeRange(std::vector<absl::StatusOr<T>> results) {
  return ResultRange<T>([results = std::move(results),
                         next = size_t{0}]() mutable -> std::optional<absl::StatusOr<T>> {
    if (next == results.size()) {
      return std::nullopt;
    }
    return std::move(results[next++]);
  });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_MOCKS_MOCK_CONNECTION_H_
