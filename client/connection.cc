#include "emptychair/client/connection.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/api_key.h"
#include "client/batch_upload.h"
#include "client/channel.h"
#include "client/feedback_watcher.h"
#include "client/grpc_batch_call.h"
#include "client/retry_loop.h"
#include "client/stream_range.h"
#include "client/utf8.h"
#include "common/base/method.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/access_service.grpc.pb.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/customer_service.grpc.pb.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "emptychair/v1/survey_service.grpc.pb.h"

namespace emptychair {
namespace {

using Access = v1::AccessService::Stub;
using Admin = v1::AdminService::Stub;
using Feedback = v1::FeedbackService::Stub;
using Metrics = v1::MetricsService::Stub;
using Customers = v1::CustomerService::Stub;
using Surveys = v1::SurveyService::Stub;

// What the .proto says of the method that takes `Request`.
template <typename Request>
Idempotency IdempotencyOf() {
  static const bool is_idempotent = ToMethod(*FindMethod(*Request::descriptor())).is_idempotent;
  return is_idempotent ? Idempotency::kIdempotent : Idempotency::kNotIdempotent;
}

// The method that takes `Request`, as gRPC names it. Never destroyed: calls can outlive statics.
template <typename Request>
const std::string& PathOf() {
  static const std::string& path = *new std::string([] {
    const auto& method = *FindMethod(*Request::descriptor());
    return absl::StrCat("/", method.service()->full_name(), "/", method.name());
  }());
  return path;
}

class GrpcConnection final : public Connection {
 public:
  GrpcConnection(const ClientOptions& options, std::shared_ptr<ApiKey> key,
                 const std::shared_ptr<grpc::Channel>& channel)
      : options_(options),
        key_(std::move(key)),
        access_(channel),
        admin_(channel),
        customers_(channel),
        feedback_(channel),
        encoded_feedback_(channel),
        metrics_(channel),
        surveys_(channel) {}

  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const v1::CreateKeyRequest& request) override {
    return Call(access_, &Access::CreateKey, request);
  }
  absl::StatusOr<v1::GetKeyResponse> GetKey(const v1::GetKeyRequest& request) override {
    return Call(access_, &Access::GetKey, request);
  }
  absl::StatusOr<v1::ListKeysResponse> ListKeys(const v1::ListKeysRequest& request) override {
    return Call(access_, &Access::ListKeys, request);
  }
  absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(const v1::UpdateKeyRequest& request) override {
    return Call(access_, &Access::UpdateKey, request);
  }
  absl::StatusOr<v1::RotateKeyResponse> RotateKey(const v1::RotateKeyRequest& request) override {
    return Call(access_, &Access::RotateKey, request);
  }
  absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(const v1::RevokeKeyRequest& request) override {
    return Call(access_, &Access::RevokeKey, request);
  }
  absl::StatusOr<v1::GetCallerResponse> GetCaller(const v1::GetCallerRequest& request) override {
    return Call(access_, &Access::GetCaller, request);
  }
  absl::StatusOr<v1::ListAuditEventsResponse> ListAuditEvents(
      const v1::ListAuditEventsRequest& request) override {
    return Call(access_, &Access::ListAuditEvents, request);
  }

  absl::StatusOr<v1::CreateSurveyResponse> CreateSurvey(
      const v1::CreateSurveyRequest& request) override {
    return Call(surveys_, &Surveys::CreateSurvey, request);
  }
  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const v1::GetSurveyRequest& request) override {
    return Call(surveys_, &Surveys::GetSurvey, request);
  }
  absl::StatusOr<v1::ListSurveysResponse> ListSurveys(
      const v1::ListSurveysRequest& request) override {
    return Call(surveys_, &Surveys::ListSurveys, request);
  }
  absl::StatusOr<v1::UpdateSurveyResponse> UpdateSurvey(
      const v1::UpdateSurveyRequest& request) override {
    return Call(surveys_, &Surveys::UpdateSurvey, request);
  }
  absl::StatusOr<v1::ArchiveSurveyResponse> ArchiveSurvey(
      const v1::ArchiveSurveyRequest& request) override {
    return Call(surveys_, &Surveys::ArchiveSurvey, request);
  }
  absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(
      const v1::DeleteSurveyRequest& request) override {
    return Call(surveys_, &Surveys::DeleteSurvey, request);
  }

  absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(
      const v1::SubmitFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::SubmitFeedback, request);
  }
  absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSubmitFeedback(
      const v1::BatchSubmitFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::BatchSubmitFeedback, request);
  }
  std::unique_ptr<FeedbackStream> StreamFeedback(FeedbackStream::OnAcknowledged on_acknowledged,
                                                 StreamOptions options) override {
    auto key = std::make_shared<CallKey>(key_);
    return std::make_unique<FeedbackUpload>(
        options_,
        [this, key, stop = options.stop] {
          return std::make_unique<GrpcFeedbackCall>(
              [&](grpc::ClientContext* context, grpc::CompletionQueue* queue, void* tag) {
                AddKey(*key, *context);
                AddTrace(options_.traceparent, *context);
                return feedback_.AsyncStreamFeedback(context, queue, tag);
              },
              options_.timeout, stop);
        },
        std::move(on_acknowledged), key, options);
  }
  std::unique_ptr<EncodedFeedbackStream> StreamEncodedFeedback(
      EncodedFeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options) override {
    auto key = std::make_shared<CallKey>(key_);
    return std::make_unique<EncodedFeedbackUpload>(
        options_,
        [this, key, stop = options.stop] {
          return std::make_unique<GrpcEncodedFeedbackCall>(
              [&](grpc::ClientContext* context, grpc::CompletionQueue* queue, void* tag) {
                AddKey(*key, *context);
                AddTrace(options_.traceparent, *context);
                auto stream = encoded_feedback_.PrepareCall(
                    context, PathOf<v1::StreamFeedbackRequest>(), queue);
                stream->StartCall(tag);
                return stream;
              },
              options_.timeout, stop);
        },
        std::move(on_acknowledged), key, options);
  }
  absl::StatusOr<v1::GetFeedbackResponse> GetFeedback(
      const v1::GetFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::GetFeedback, request);
  }
  absl::StatusOr<v1::ListFeedbackResponse> ListFeedback(
      const v1::ListFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::ListFeedback, request);
  }
  absl::StatusOr<v1::AmendFeedbackResponse> AmendFeedback(
      const v1::AmendFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::AmendFeedback, request);
  }
  absl::StatusOr<v1::ExcludeFeedbackResponse> ExcludeFeedback(
      const v1::ExcludeFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::ExcludeFeedback, request);
  }
  absl::StatusOr<v1::IncludeFeedbackResponse> IncludeFeedback(
      const v1::IncludeFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::IncludeFeedback, request);
  }
  absl::StatusOr<v1::EraseFeedbackResponse> EraseFeedback(
      const v1::EraseFeedbackRequest& request) override {
    return Call(feedback_, &Feedback::EraseFeedback, request);
  }

  ResultRange<v1::ChangeManyFeedbackResponse> ChangeManyFeedback(
      const v1::ChangeManyFeedbackRequest& request) override {
    return StreamRange(feedback_, &Feedback::ChangeManyFeedback, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }
  ResultRange<v1::TakeBackImportResponse> TakeBackImport(
      const v1::TakeBackImportRequest& request) override {
    return StreamRange(feedback_, &Feedback::TakeBackImport, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }

  ResultRange<v1::WatchFeedbackResponse> WatchFeedback(const v1::WatchFeedbackRequest& request,
                                                       std::stop_token stop) override {
    if (absl::Status status = CheckUtf8(request); !status.ok()) {
      return ResultRange<v1::WatchFeedbackResponse>(
          [status] { return absl::StatusOr<v1::WatchFeedbackResponse>(status); });
    }
    auto key = std::make_shared<CallKey>(key_);
    auto open_call = [this, stop, key](const v1::WatchFeedbackRequest& request) {
      auto context = std::make_unique<grpc::ClientContext>();
      AddKey(*key, *context);
      AddTrace(options_.traceparent, *context);
      auto reader = feedback_.WatchFeedback(context.get(), request);
      auto stream = std::make_unique<Stream<v1::WatchFeedbackResponse>>(std::move(context),
                                                                        std::move(reader), stop);
      return FeedbackWatcher::Call([stream = std::move(stream)] { return stream->Next(); });
    };
    auto watcher =
        std::make_unique<FeedbackWatcher>(options_, request, std::move(open_call), std::move(key));
    return ResultRange<v1::WatchFeedbackResponse>(
        [watcher = std::move(watcher)] { return watcher->Next(); });
  }

  absl::StatusOr<v1::UpsertCustomerResponse> UpsertCustomer(
      const v1::UpsertCustomerRequest& request) override {
    return Call(customers_, &Customers::UpsertCustomer, request);
  }
  absl::StatusOr<v1::GetCustomerResponse> GetCustomer(
      const v1::GetCustomerRequest& request) override {
    return Call(customers_, &Customers::GetCustomer, request);
  }
  absl::StatusOr<v1::ListTimelineResponse> ListTimeline(
      const v1::ListTimelineRequest& request) override {
    return Call(customers_, &Customers::ListTimeline, request);
  }
  absl::StatusOr<v1::GetCustomerViewResponse> GetCustomerView(
      const v1::GetCustomerViewRequest& request) override {
    return Call(customers_, &Customers::GetCustomerView, request);
  }
  ResultRange<v1::ExportCustomerResponse> ExportCustomer(
      const v1::ExportCustomerRequest& request) override {
    return StreamRange(customers_, &Customers::ExportCustomer, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }
  absl::StatusOr<v1::EraseCustomerResponse> EraseCustomer(
      const v1::EraseCustomerRequest& request) override {
    return Call(customers_, &Customers::EraseCustomer, request);
  }
  absl::StatusOr<v1::DefineActivityKindResponse> DefineActivityKind(
      const v1::DefineActivityKindRequest& request) override {
    return Call(customers_, &Customers::DefineActivityKind, request);
  }
  absl::StatusOr<v1::ListActivityKindsResponse> ListActivityKinds(
      const v1::ListActivityKindsRequest& request) override {
    return Call(customers_, &Customers::ListActivityKinds, request);
  }
  absl::StatusOr<v1::DeleteActivityKindResponse> DeleteActivityKind(
      const v1::DeleteActivityKindRequest& request) override {
    return Call(customers_, &Customers::DeleteActivityKind, request);
  }
  absl::StatusOr<v1::RecordActivityResponse> RecordActivity(
      const v1::RecordActivityRequest& request) override {
    return Call(customers_, &Customers::RecordActivity, request);
  }
  absl::StatusOr<v1::BatchRecordActivitiesResponse> BatchRecordActivities(
      const v1::BatchRecordActivitiesRequest& request) override {
    return Call(customers_, &Customers::BatchRecordActivities, request);
  }
  std::unique_ptr<ActivityStream> StreamActivities(ActivityStream::OnAcknowledged on_acknowledged,
                                                   StreamOptions options) override {
    auto key = std::make_shared<CallKey>(key_);
    return std::make_unique<ActivityUpload>(
        options_,
        [this, key, stop = options.stop] {
          return std::make_unique<GrpcActivityCall>(
              [&](grpc::ClientContext* context, grpc::CompletionQueue* queue, void* tag) {
                AddKey(*key, *context);
                AddTrace(options_.traceparent, *context);
                return customers_.AsyncStreamActivities(context, queue, tag);
              },
              options_.timeout, stop);
        },
        std::move(on_acknowledged), key, options);
  }
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(
      const v1::ListActivitiesRequest& request) override {
    return Call(customers_, &Customers::ListActivities, request);
  }
  absl::StatusOr<v1::EraseActivityResponse> EraseActivity(
      const v1::EraseActivityRequest& request) override {
    return Call(customers_, &Customers::EraseActivity, request);
  }

  absl::StatusOr<v1::QueryMetricResponse> QueryMetric(
      const v1::QueryMetricRequest& request) override {
    return Call(metrics_, &Metrics::QueryMetric, request);
  }
  absl::StatusOr<v1::CompareMetricResponse> CompareMetric(
      const v1::CompareMetricRequest& request) override {
    return Call(metrics_, &Metrics::CompareMetric, request);
  }
  absl::StatusOr<v1::DecomposeChangeResponse> DecomposeChange(
      const v1::DecomposeChangeRequest& request) override {
    return Call(metrics_, &Metrics::DecomposeChange, request);
  }
  absl::StatusOr<v1::CompareWordsResponse> CompareWords(
      const v1::CompareWordsRequest& request) override {
    return Call(metrics_, &Metrics::CompareWords, request);
  }
  absl::StatusOr<v1::GetScorecardResponse> GetScorecard(
      const v1::GetScorecardRequest& request) override {
    return Call(metrics_, &Metrics::GetScorecard, request);
  }
  absl::StatusOr<v1::GetRepeatProfileResponse> GetRepeatProfile(
      const v1::GetRepeatProfileRequest& request) override {
    return Call(metrics_, &Metrics::GetRepeatProfile, request);
  }
  absl::StatusOr<v1::QueryRetentionResponse> QueryRetention(
      const v1::QueryRetentionRequest& request) override {
    return Call(metrics_, &Metrics::QueryRetention, request);
  }
  absl::StatusOr<v1::QueryCohortsResponse> QueryCohorts(
      const v1::QueryCohortsRequest& request) override {
    return Call(metrics_, &Metrics::QueryCohorts, request);
  }
  absl::StatusOr<v1::QueryRepeatRateResponse> QueryRepeatRate(
      const v1::QueryRepeatRateRequest& request) override {
    return Call(metrics_, &Metrics::QueryRepeatRate, request);
  }
  absl::StatusOr<v1::ExplainMetricResponse> ExplainMetric(
      const v1::ExplainMetricRequest& request) override {
    return Call(metrics_, &Metrics::ExplainMetric, request);
  }

  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request) override {
    return Call(admin_, &Admin::GetStatus, request);
  }
  ResultRange<v1::VerifyStoreResponse> VerifyStore(const v1::VerifyStoreRequest& request) override {
    return StreamRange(admin_, &Admin::VerifyStore, request, options_.timeout, CallKey(key_),
                       options_.traceparent);
  }
  absl::StatusOr<v1::RebuildCubeResponse> RebuildCube(
      const v1::RebuildCubeRequest& request) override {
    return Call(admin_, &Admin::RebuildCube, request);
  }
  absl::StatusOr<v1::CompactStoreResponse> CompactStore(
      const v1::CompactStoreRequest& request) override {
    return Call(admin_, &Admin::CompactStore, request);
  }
  absl::StatusOr<v1::MeasureRepeatsResponse> MeasureRepeats(
      const v1::MeasureRepeatsRequest& request) override {
    return Call(admin_, &Admin::MeasureRepeats, request);
  }
  ResultRange<v1::CreateBackupResponse> CreateBackup(
      const v1::CreateBackupRequest& request) override {
    return StreamRange(admin_, &Admin::CreateBackup, request, options_.timeout, CallKey(key_),
                       options_.traceparent);
  }
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) override {
    return Call(admin_, &Admin::ListBackups, request);
  }
  ResultRange<v1::VerifyBackupResponse> VerifyBackup(
      const v1::VerifyBackupRequest& request) override {
    return StreamRange(admin_, &Admin::VerifyBackup, request, options_.timeout, CallKey(key_),
                       options_.traceparent);
  }
  absl::StatusOr<v1::DeleteBackupResponse> DeleteBackup(
      const v1::DeleteBackupRequest& request) override {
    return Call(admin_, &Admin::DeleteBackup, request);
  }
  absl::StatusOr<v1::PruneBackupsResponse> PruneBackups(
      const v1::PruneBackupsRequest& request) override {
    return Call(admin_, &Admin::PruneBackups, request);
  }

 private:
  // Every unary call goes through here.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    RETURN_IF_ERROR(CheckUtf8(request));
    CallKey key(key_);
    return RetryLoop<Response>(
        options_, IdempotencyOf<Request>(),
        [&](absl::Duration time_left) -> absl::StatusOr<Response> {
          grpc::ClientContext context;
          AddKey(key, context);
          AddTrace(options_.traceparent, context);
          context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMicroseconds(time_left));
          Response response;
          RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
          return response;
        },
        &key);
  }

  const ClientOptions options_;
  const std::shared_ptr<ApiKey> key_;
  Access access_;
  Admin admin_;
  Customers customers_;
  Feedback feedback_;
  grpc::TemplatedGenericStub<EncodedFeedbackBatch, v1::StreamFeedbackResponse> encoded_feedback_;
  Metrics metrics_;
  Surveys surveys_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(const ClientOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(std::shared_ptr<ApiKey> key, ApiKey::Read(options));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, MakeChannel(options));
  return std::make_shared<GrpcConnection>(options, std::move(key), channel);
}

}  // namespace emptychair
