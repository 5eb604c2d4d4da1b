// The C++ client of Empty Chair.
#ifndef EMPTYCHAIR_CLIENT_CLIENT_H_
#define EMPTYCHAIR_CLIENT_CLIENT_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/async_methods.h"
#include "emptychair/client/batch_stream.h"
#include "emptychair/client/connection.h"
#include "emptychair/client/options.h"
#include "emptychair/client/result_range.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair {

// Calls the service. Each method sends its request, again if need be (MakeConnection in
// connection.h says when), and waits for the answer. Cheap to copy; copies share one connection.
// Thread-safe.
//
// The .proto of its service says what a method does, its limits, defaults and errors.
// emptychair/error.h reads the details of an error. Beside each request there is a short form for
// the most common fields.
//
// AsyncX (async_methods.h) is X without the waiting: its callback gets the answer, and the handle
// that it returns can cancel it. When the last copy is destroyed, such calls that are still open
// are cancelled, and it waits until their callbacks have run. With ClientOptions::executor it waits
// only until they were given to that. Inside one of them it does not wait: the others come later.
class Client : public AsyncMethods<Client> {
 public:
  // A client of the server at `options.endpoint`; errors as for MakeConnection.
  static absl::StatusOr<Client> Create(const ClientOptions& options);

  // A client of `connection`, for example a mock. `now` is the time of records without one.
  explicit Client(std::shared_ptr<Connection> connection,
                  std::function<absl::Time()> now = absl::Now)
      : connection_(std::move(connection)), now_(std::move(now)) {}

  // A key's text is in the answers of these two alone. Neither is sent again by itself.
  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const v1::CreateKeyRequest& request) const {
    return connection_->CreateKey(request);
  }
  absl::StatusOr<v1::RotateKeyResponse> RotateKey(const v1::RotateKeyRequest& request) const {
    return connection_->RotateKey(request);
  }
  absl::StatusOr<v1::GetKeyResponse> GetKey(const v1::GetKeyRequest& request) const {
    return connection_->GetKey(request);
  }
  // All keys from the request's page on; asks for each page when it is reached.
  ResultRange<v1::Key> ListKeys(const v1::ListKeysRequest& request = {}) const;
  absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(const v1::UpdateKeyRequest& request) const {
    return connection_->UpdateKey(request);
  }
  absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(const v1::RevokeKeyRequest& request) const {
    return connection_->RevokeKey(request);
  }
  absl::StatusOr<v1::GetCallerResponse> GetCaller(const v1::GetCallerRequest& request = {}) const {
    return connection_->GetCaller(request);
  }
  // All events from the request's page on, newest first; asks for each page when it is reached.
  // What a page says of the whole chain, `connection()` answers.
  ResultRange<v1::AuditEvent> ListAuditEvents(const v1::ListAuditEventsRequest& request = {}) const;

  absl::StatusOr<v1::CreateSurveyResponse> CreateSurvey(
      const v1::CreateSurveyRequest& request) const {
    return connection_->CreateSurvey(request);
  }
  absl::StatusOr<v1::Survey> CreateSurvey(const v1::Survey& survey) const;

  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const v1::GetSurveyRequest& request) const {
    return connection_->GetSurvey(request);
  }
  absl::StatusOr<v1::Survey> GetSurvey(absl::string_view survey_id) const;

  // All surveys from the request's page on; asks for each page when it is reached.
  ResultRange<v1::Survey> ListSurveys(const v1::ListSurveysRequest& request = {}) const;

  absl::StatusOr<v1::UpdateSurveyResponse> UpdateSurvey(
      const v1::UpdateSurveyRequest& request) const {
    return connection_->UpdateSurvey(request);
  }
  absl::StatusOr<v1::ArchiveSurveyResponse> ArchiveSurvey(
      const v1::ArchiveSurveyRequest& request) const {
    return connection_->ArchiveSurvey(request);
  }
  absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(
      const v1::DeleteSurveyRequest& request) const {
    return connection_->DeleteSurvey(request);
  }

  // A record with neither `feedback_id` nor `external_id` is sent with a new feedback_id, of its
  // occur_time or of now: the same in all attempts of this call, a new one in the next. If you want
  // to send the record again yourself (after a crash, say), or to know the ids of a batch, set one
  // of the two: NewFeedbackId in feedback_id.h makes one.
  absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(
      const v1::SubmitFeedbackRequest& request) const;
  absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(const v1::Feedback& feedback) const;
  absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSubmitFeedback(
      const v1::BatchSubmitFeedbackRequest& request) const;
  AsyncCall AsyncSubmitFeedback(const v1::SubmitFeedbackRequest& request,
                                AsyncCallback<v1::SubmitFeedbackResponse> done) const;
  AsyncCall AsyncBatchSubmitFeedback(const v1::BatchSubmitFeedbackRequest& request,
                                     AsyncCallback<v1::BatchSubmitFeedbackResponse> done) const;

  // For many batches: the next is sent before the one before is acknowledged. Ids are filled in as
  // for a batch.
  std::unique_ptr<FeedbackStream> StreamFeedback(FeedbackStream::OnAcknowledged on_acknowledged,
                                                 StreamOptions options = {}) const;

  absl::StatusOr<v1::GetFeedbackResponse> GetFeedback(const v1::GetFeedbackRequest& request) const {
    return connection_->GetFeedback(request);
  }
  absl::StatusOr<v1::Feedback> GetFeedback(absl::string_view survey_id,
                                           absl::string_view feedback_id) const;

  // All records from the request's page on; asks for the next page, on a thread of its own, when it
  // hands out the first record of this one. Leaving the range before its end waits for a page that
  // is under way. Memory: two pages.
  ResultRange<v1::Feedback> ListFeedback(const v1::ListFeedbackRequest& request) const;
  // The same page by page, each with the position that it was read at.
  ResultRange<v1::ListFeedbackResponse> ListFeedbackPages(
      const v1::ListFeedbackRequest& request) const;

  absl::StatusOr<v1::AmendFeedbackResponse> AmendFeedback(
      const v1::AmendFeedbackRequest& request) const {
    return connection_->AmendFeedback(request);
  }
  absl::StatusOr<v1::ExcludeFeedbackResponse> ExcludeFeedback(
      const v1::ExcludeFeedbackRequest& request) const {
    return connection_->ExcludeFeedback(request);
  }
  absl::StatusOr<v1::IncludeFeedbackResponse> IncludeFeedback(
      const v1::IncludeFeedbackRequest& request) const {
    return connection_->IncludeFeedback(request);
  }
  absl::StatusOr<v1::EraseFeedbackResponse> EraseFeedback(
      const v1::EraseFeedbackRequest& request) const {
    return connection_->EraseFeedback(request);
  }

  // These two can take long: give the client a timeout that fits. They answer how far they are, and
  // at last all of it; a stream that breaks is not sent again. Leaving the range before its end
  // ends the change: what was changed stays so, and the same call again goes on.
  ResultRange<v1::ChangeManyFeedbackResponse> ChangeManyFeedback(
      const v1::ChangeManyFeedbackRequest& request) const {
    return connection_->ChangeManyFeedback(request);
  }
  ResultRange<v1::TakeBackImportResponse> TakeBackImport(
      const v1::TakeBackImportRequest& request) const {
    return connection_->TakeBackImport(request);
  }

  // Every change of a record as it happens, from the request's position on: the next element waits
  // for it, for as long as it takes. When the connection breaks, a new call goes on where the last
  // message stood, without gaps or repeats; the range ends with an error once the policies have had
  // enough, or no message has come for the client's timeout since the connection broke. Keep the
  // last message's `sequence` and `store_id` to go on after a restart of your own. Once `stop` is
  // requested, on whatever thread, the range ends with CANCELLED. Must not outlive all copies of
  // the client.
  ResultRange<v1::WatchFeedbackResponse> WatchFeedback(const v1::WatchFeedbackRequest& request,
                                                       std::stop_token stop = {}) const {
    return connection_->WatchFeedback(request, std::move(stop));
  }

  absl::StatusOr<v1::UpsertCustomerResponse> UpsertCustomer(
      const v1::UpsertCustomerRequest& request) const {
    return connection_->UpsertCustomer(request);
  }
  absl::StatusOr<v1::GetCustomerResponse> GetCustomer(const v1::GetCustomerRequest& request) const {
    return connection_->GetCustomer(request);
  }
  // All entries from the request's page on; asks for each page when it is reached.
  ResultRange<v1::TimelineEntry> ListTimeline(const v1::ListTimelineRequest& request) const;
  absl::StatusOr<v1::GetCustomerViewResponse> GetCustomerView(
      const v1::GetCustomerViewRequest& request) const {
    return connection_->GetCustomerView(request);
  }
  // All that is stored of a customer, message by message. A stream that breaks is not sent again.
  ResultRange<v1::ExportCustomerResponse> ExportCustomer(
      const v1::ExportCustomerRequest& request) const {
    return connection_->ExportCustomer(request);
  }
  absl::StatusOr<v1::EraseCustomerResponse> EraseCustomer(
      const v1::EraseCustomerRequest& request) const {
    return connection_->EraseCustomer(request);
  }
  absl::StatusOr<v1::DefineActivityKindResponse> DefineActivityKind(
      const v1::DefineActivityKindRequest& request) const {
    return connection_->DefineActivityKind(request);
  }
  absl::StatusOr<v1::ListActivityKindsResponse> ListActivityKinds(
      const v1::ListActivityKindsRequest& request = {}) const {
    return connection_->ListActivityKinds(request);
  }
  absl::StatusOr<v1::DeleteActivityKindResponse> DeleteActivityKind(
      const v1::DeleteActivityKindRequest& request) const {
    return connection_->DeleteActivityKind(request);
  }
  absl::StatusOr<v1::RecordActivityResponse> RecordActivity(
      const v1::RecordActivityRequest& request) const {
    return connection_->RecordActivity(request);
  }
  absl::StatusOr<v1::BatchRecordActivitiesResponse> BatchRecordActivities(
      const v1::BatchRecordActivitiesRequest& request) const {
    return connection_->BatchRecordActivities(request);
  }
  // All activities from the request's page on; asks for each page when it is reached.
  // For many batches, as StreamFeedback.
  std::unique_ptr<ActivityStream> StreamActivities(ActivityStream::OnAcknowledged on_acknowledged,
                                                   StreamOptions options = {}) const;
  ResultRange<v1::Activity> ListActivities(const v1::ListActivitiesRequest& request) const;
  absl::StatusOr<v1::EraseActivityResponse> EraseActivity(
      const v1::EraseActivityRequest& request) const {
    return connection_->EraseActivity(request);
  }

  absl::StatusOr<v1::QueryMetricResponse> QueryMetric(const v1::QueryMetricRequest& request) const {
    return connection_->QueryMetric(request);
  }
  absl::StatusOr<v1::CompareMetricResponse> CompareMetric(
      const v1::CompareMetricRequest& request) const {
    return connection_->CompareMetric(request);
  }
  absl::StatusOr<v1::DecomposeChangeResponse> DecomposeChange(
      const v1::DecomposeChangeRequest& request) const {
    return connection_->DecomposeChange(request);
  }
  absl::StatusOr<v1::CompareWordsResponse> CompareWords(
      const v1::CompareWordsRequest& request) const {
    return connection_->CompareWords(request);
  }
  absl::StatusOr<v1::GetScorecardResponse> GetScorecard(
      const v1::GetScorecardRequest& request) const {
    return connection_->GetScorecard(request);
  }
  absl::StatusOr<v1::GetRepeatProfileResponse> GetRepeatProfile(
      const v1::GetRepeatProfileRequest& request) const {
    return connection_->GetRepeatProfile(request);
  }
  absl::StatusOr<v1::QueryRetentionResponse> QueryRetention(
      const v1::QueryRetentionRequest& request) const {
    return connection_->QueryRetention(request);
  }
  absl::StatusOr<v1::QueryCohortsResponse> QueryCohorts(
      const v1::QueryCohortsRequest& request) const {
    return connection_->QueryCohorts(request);
  }
  absl::StatusOr<v1::QueryRepeatRateResponse> QueryRepeatRate(
      const v1::QueryRepeatRateRequest& request) const {
    return connection_->QueryRepeatRate(request);
  }
  // All rows from the request's page on; asks for each page when it is reached.
  ResultRange<v1::ExplainMetricRow> ExplainMetric(const v1::ExplainMetricRequest& request) const;

  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request = {}) const {
    return connection_->GetStatus(request);
  }

  // These four can take long: give the client a timeout that fits.
  //
  // Progress and differences as they are found, at last the summary. Leaving the range before its
  // end ends the check.
  ResultRange<v1::VerifyStoreResponse> VerifyStore(
      const v1::VerifyStoreRequest& request = {}) const {
    return connection_->VerifyStore(request);
  }
  absl::StatusOr<v1::RebuildCubeResponse> RebuildCube(const v1::RebuildCubeRequest& request) const {
    return connection_->RebuildCube(request);
  }
  absl::StatusOr<v1::CompactStoreResponse> CompactStore(
      const v1::CompactStoreRequest& request) const {
    return connection_->CompactStore(request);
  }
  absl::StatusOr<v1::MeasureRepeatsResponse> MeasureRepeats(
      const v1::MeasureRepeatsRequest& request) const {
    return connection_->MeasureRepeats(request);
  }

  // Backups, which can take long as well. Progress, at last the backup. Leaving the range before
  // its end does not end the backup.
  ResultRange<v1::CreateBackupResponse> CreateBackup(
      const v1::CreateBackupRequest& request = {}) const {
    return connection_->CreateBackup(request);
  }
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request = {}) const {
    return connection_->ListBackups(request);
  }
  // Progress and damage as it is found, at last the summary. Leaving the range before its end ends
  // the check.
  ResultRange<v1::VerifyBackupResponse> VerifyBackup(const v1::VerifyBackupRequest& request) const {
    return connection_->VerifyBackup(request);
  }
  absl::StatusOr<v1::DeleteBackupResponse> DeleteBackup(
      const v1::DeleteBackupRequest& request) const {
    return connection_->DeleteBackup(request);
  }
  absl::StatusOr<v1::PruneBackupsResponse> PruneBackups(
      const v1::PruneBackupsRequest& request) const {
    return connection_->PruneBackups(request);
  }

  // The same calls without what this class adds: single pages of lists, records as they are.
  Connection& connection() const { return *connection_; }

 private:
  std::shared_ptr<Connection> connection_;
  std::function<absl::Time()> now_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_CLIENT_H_
