// The unary calls of the service, none of which waits.
#ifndef EMPTYCHAIR_CLIENT_ASYNC_METHODS_H_
#define EMPTYCHAIR_CLIENT_ASYNC_METHODS_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/client/async_call.h"
#include "emptychair/client/connection.h"
#include "google/protobuf/message.h"

namespace emptychair {

// Starts the unary method `kMethod` of `connection`, for example &Connection::GetSurvey.
template <auto kMethod, typename Request, typename Response>
AsyncCall StartAsync(Connection& connection, const Request& request, AsyncCallback<Response> done) {
  using google::protobuf::Message;
  auto response = std::make_unique<Response>();
  Response& place = *response;
  return connection.StartUnary(
      {.request = request,
       .response = place,
       .wait =
           [](Connection& connection, const Message& request, Message& response) {
             absl::StatusOr<Response> answer =
                 (connection.*kMethod)(static_cast<const Request&>(request));
             if (answer.ok()) {
               static_cast<Response&>(response) = *std::move(answer);
             }
             return answer.status();
           },
       .done =
           [response = std::move(response), done = std::move(done)](absl::Status status) mutable {
             std::move(done)(status.ok() ? absl::StatusOr<Response>(std::move(*response))
                                         : absl::StatusOr<Response>(std::move(status)));
           }});
}

// AsyncX of each unary X, for a class with `Connection& connection() const`: the same call, with
// the same checks, time limit, retries and key, on no thread of the caller's. A list's gives one
// page. `request` is read before it returns.
template <typename Derived>
class AsyncMethods {
 public:
  AsyncCall AsyncCreateKey(const v1::CreateKeyRequest& request,
                           AsyncCallback<v1::CreateKeyResponse> done) const {
    return Start<&Connection::CreateKey>(request, std::move(done));
  }
  AsyncCall AsyncGetKey(const v1::GetKeyRequest& request,
                        AsyncCallback<v1::GetKeyResponse> done) const {
    return Start<&Connection::GetKey>(request, std::move(done));
  }
  AsyncCall AsyncListKeys(const v1::ListKeysRequest& request,
                          AsyncCallback<v1::ListKeysResponse> done) const {
    return Start<&Connection::ListKeys>(request, std::move(done));
  }
  AsyncCall AsyncUpdateKey(const v1::UpdateKeyRequest& request,
                           AsyncCallback<v1::UpdateKeyResponse> done) const {
    return Start<&Connection::UpdateKey>(request, std::move(done));
  }
  AsyncCall AsyncRotateKey(const v1::RotateKeyRequest& request,
                           AsyncCallback<v1::RotateKeyResponse> done) const {
    return Start<&Connection::RotateKey>(request, std::move(done));
  }
  AsyncCall AsyncRevokeKey(const v1::RevokeKeyRequest& request,
                           AsyncCallback<v1::RevokeKeyResponse> done) const {
    return Start<&Connection::RevokeKey>(request, std::move(done));
  }
  AsyncCall AsyncGetCaller(const v1::GetCallerRequest& request,
                           AsyncCallback<v1::GetCallerResponse> done) const {
    return Start<&Connection::GetCaller>(request, std::move(done));
  }
  AsyncCall AsyncListAuditEvents(const v1::ListAuditEventsRequest& request,
                                 AsyncCallback<v1::ListAuditEventsResponse> done) const {
    return Start<&Connection::ListAuditEvents>(request, std::move(done));
  }

  AsyncCall AsyncCreateSurvey(const v1::CreateSurveyRequest& request,
                              AsyncCallback<v1::CreateSurveyResponse> done) const {
    return Start<&Connection::CreateSurvey>(request, std::move(done));
  }
  AsyncCall AsyncGetSurvey(const v1::GetSurveyRequest& request,
                           AsyncCallback<v1::GetSurveyResponse> done) const {
    return Start<&Connection::GetSurvey>(request, std::move(done));
  }
  AsyncCall AsyncListSurveys(const v1::ListSurveysRequest& request,
                             AsyncCallback<v1::ListSurveysResponse> done) const {
    return Start<&Connection::ListSurveys>(request, std::move(done));
  }
  AsyncCall AsyncUpdateSurvey(const v1::UpdateSurveyRequest& request,
                              AsyncCallback<v1::UpdateSurveyResponse> done) const {
    return Start<&Connection::UpdateSurvey>(request, std::move(done));
  }
  AsyncCall AsyncArchiveSurvey(const v1::ArchiveSurveyRequest& request,
                               AsyncCallback<v1::ArchiveSurveyResponse> done) const {
    return Start<&Connection::ArchiveSurvey>(request, std::move(done));
  }
  AsyncCall AsyncDeleteSurvey(const v1::DeleteSurveyRequest& request,
                              AsyncCallback<v1::DeleteSurveyResponse> done) const {
    return Start<&Connection::DeleteSurvey>(request, std::move(done));
  }

  AsyncCall AsyncGetFeedback(const v1::GetFeedbackRequest& request,
                             AsyncCallback<v1::GetFeedbackResponse> done) const {
    return Start<&Connection::GetFeedback>(request, std::move(done));
  }
  AsyncCall AsyncListFeedback(const v1::ListFeedbackRequest& request,
                              AsyncCallback<v1::ListFeedbackResponse> done) const {
    return Start<&Connection::ListFeedback>(request, std::move(done));
  }
  AsyncCall AsyncAmendFeedback(const v1::AmendFeedbackRequest& request,
                               AsyncCallback<v1::AmendFeedbackResponse> done) const {
    return Start<&Connection::AmendFeedback>(request, std::move(done));
  }
  AsyncCall AsyncExcludeFeedback(const v1::ExcludeFeedbackRequest& request,
                                 AsyncCallback<v1::ExcludeFeedbackResponse> done) const {
    return Start<&Connection::ExcludeFeedback>(request, std::move(done));
  }
  AsyncCall AsyncIncludeFeedback(const v1::IncludeFeedbackRequest& request,
                                 AsyncCallback<v1::IncludeFeedbackResponse> done) const {
    return Start<&Connection::IncludeFeedback>(request, std::move(done));
  }
  AsyncCall AsyncEraseFeedback(const v1::EraseFeedbackRequest& request,
                               AsyncCallback<v1::EraseFeedbackResponse> done) const {
    return Start<&Connection::EraseFeedback>(request, std::move(done));
  }

  AsyncCall AsyncUpsertCustomer(const v1::UpsertCustomerRequest& request,
                                AsyncCallback<v1::UpsertCustomerResponse> done) const {
    return Start<&Connection::UpsertCustomer>(request, std::move(done));
  }
  AsyncCall AsyncGetCustomer(const v1::GetCustomerRequest& request,
                             AsyncCallback<v1::GetCustomerResponse> done) const {
    return Start<&Connection::GetCustomer>(request, std::move(done));
  }
  AsyncCall AsyncListTimeline(const v1::ListTimelineRequest& request,
                              AsyncCallback<v1::ListTimelineResponse> done) const {
    return Start<&Connection::ListTimeline>(request, std::move(done));
  }
  AsyncCall AsyncGetCustomerView(const v1::GetCustomerViewRequest& request,
                                 AsyncCallback<v1::GetCustomerViewResponse> done) const {
    return Start<&Connection::GetCustomerView>(request, std::move(done));
  }
  AsyncCall AsyncEraseCustomer(const v1::EraseCustomerRequest& request,
                               AsyncCallback<v1::EraseCustomerResponse> done) const {
    return Start<&Connection::EraseCustomer>(request, std::move(done));
  }
  AsyncCall AsyncDefineActivityKind(const v1::DefineActivityKindRequest& request,
                                    AsyncCallback<v1::DefineActivityKindResponse> done) const {
    return Start<&Connection::DefineActivityKind>(request, std::move(done));
  }
  AsyncCall AsyncListActivityKinds(const v1::ListActivityKindsRequest& request,
                                   AsyncCallback<v1::ListActivityKindsResponse> done) const {
    return Start<&Connection::ListActivityKinds>(request, std::move(done));
  }
  AsyncCall AsyncDeleteActivityKind(const v1::DeleteActivityKindRequest& request,
                                    AsyncCallback<v1::DeleteActivityKindResponse> done) const {
    return Start<&Connection::DeleteActivityKind>(request, std::move(done));
  }
  AsyncCall AsyncRecordActivity(const v1::RecordActivityRequest& request,
                                AsyncCallback<v1::RecordActivityResponse> done) const {
    return Start<&Connection::RecordActivity>(request, std::move(done));
  }
  AsyncCall AsyncBatchRecordActivities(
      const v1::BatchRecordActivitiesRequest& request,
      AsyncCallback<v1::BatchRecordActivitiesResponse> done) const {
    return Start<&Connection::BatchRecordActivities>(request, std::move(done));
  }
  AsyncCall AsyncListActivities(const v1::ListActivitiesRequest& request,
                                AsyncCallback<v1::ListActivitiesResponse> done) const {
    return Start<&Connection::ListActivities>(request, std::move(done));
  }
  AsyncCall AsyncEraseActivity(const v1::EraseActivityRequest& request,
                               AsyncCallback<v1::EraseActivityResponse> done) const {
    return Start<&Connection::EraseActivity>(request, std::move(done));
  }

  AsyncCall AsyncQueryMetric(const v1::QueryMetricRequest& request,
                             AsyncCallback<v1::QueryMetricResponse> done) const {
    return Start<&Connection::QueryMetric>(request, std::move(done));
  }
  AsyncCall AsyncCompareMetric(const v1::CompareMetricRequest& request,
                               AsyncCallback<v1::CompareMetricResponse> done) const {
    return Start<&Connection::CompareMetric>(request, std::move(done));
  }
  AsyncCall AsyncDecomposeChange(const v1::DecomposeChangeRequest& request,
                                 AsyncCallback<v1::DecomposeChangeResponse> done) const {
    return Start<&Connection::DecomposeChange>(request, std::move(done));
  }
  AsyncCall AsyncCompareWords(const v1::CompareWordsRequest& request,
                              AsyncCallback<v1::CompareWordsResponse> done) const {
    return Start<&Connection::CompareWords>(request, std::move(done));
  }
  AsyncCall AsyncGetScorecard(const v1::GetScorecardRequest& request,
                              AsyncCallback<v1::GetScorecardResponse> done) const {
    return Start<&Connection::GetScorecard>(request, std::move(done));
  }
  AsyncCall AsyncGetRepeatProfile(const v1::GetRepeatProfileRequest& request,
                                  AsyncCallback<v1::GetRepeatProfileResponse> done) const {
    return Start<&Connection::GetRepeatProfile>(request, std::move(done));
  }
  AsyncCall AsyncQueryRetention(const v1::QueryRetentionRequest& request,
                                AsyncCallback<v1::QueryRetentionResponse> done) const {
    return Start<&Connection::QueryRetention>(request, std::move(done));
  }
  AsyncCall AsyncQueryCohorts(const v1::QueryCohortsRequest& request,
                              AsyncCallback<v1::QueryCohortsResponse> done) const {
    return Start<&Connection::QueryCohorts>(request, std::move(done));
  }
  AsyncCall AsyncQueryRepeatRate(const v1::QueryRepeatRateRequest& request,
                                 AsyncCallback<v1::QueryRepeatRateResponse> done) const {
    return Start<&Connection::QueryRepeatRate>(request, std::move(done));
  }
  AsyncCall AsyncExplainMetric(const v1::ExplainMetricRequest& request,
                               AsyncCallback<v1::ExplainMetricResponse> done) const {
    return Start<&Connection::ExplainMetric>(request, std::move(done));
  }

  AsyncCall AsyncGetStatus(const v1::GetStatusRequest& request,
                           AsyncCallback<v1::GetStatusResponse> done) const {
    return Start<&Connection::GetStatus>(request, std::move(done));
  }
  AsyncCall AsyncRebuildCube(const v1::RebuildCubeRequest& request,
                             AsyncCallback<v1::RebuildCubeResponse> done) const {
    return Start<&Connection::RebuildCube>(request, std::move(done));
  }
  AsyncCall AsyncCompactStore(const v1::CompactStoreRequest& request,
                              AsyncCallback<v1::CompactStoreResponse> done) const {
    return Start<&Connection::CompactStore>(request, std::move(done));
  }
  AsyncCall AsyncMeasureRepeats(const v1::MeasureRepeatsRequest& request,
                                AsyncCallback<v1::MeasureRepeatsResponse> done) const {
    return Start<&Connection::MeasureRepeats>(request, std::move(done));
  }
  AsyncCall AsyncListBackups(const v1::ListBackupsRequest& request,
                             AsyncCallback<v1::ListBackupsResponse> done) const {
    return Start<&Connection::ListBackups>(request, std::move(done));
  }
  AsyncCall AsyncDeleteBackup(const v1::DeleteBackupRequest& request,
                              AsyncCallback<v1::DeleteBackupResponse> done) const {
    return Start<&Connection::DeleteBackup>(request, std::move(done));
  }
  AsyncCall AsyncPruneBackups(const v1::PruneBackupsRequest& request,
                              AsyncCallback<v1::PruneBackupsResponse> done) const {
    return Start<&Connection::PruneBackups>(request, std::move(done));
  }

 protected:
  ~AsyncMethods() = default;

 private:
  template <auto kMethod, typename Request, typename Response>
  AsyncCall Start(const Request& request, AsyncCallback<Response> done) const {
    return StartAsync<kMethod>(static_cast<const Derived*>(this)->connection(), request,
                               std::move(done));
  }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ASYNC_METHODS_H_
