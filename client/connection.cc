#include "emptychair/client/connection.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "client/api_key.h"
#include "client/async/grpc_unary_calls.h"
#include "client/batch_upload.h"
#include "client/channel.h"
#include "client/feedback_watcher.h"
#include "client/grpc_batch_call.h"
#include "client/method_info.h"
#include "client/per_channel.h"
#include "client/retry_loop.h"
#include "client/stream_range.h"
#include "client/utf8.h"
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

// Of one channel.
struct Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : access(channel),
        admin(channel),
        customers(channel),
        feedback(channel),
        encoded_feedback(channel),
        metrics(channel),
        surveys(channel) {}

  Access access;
  Admin admin;
  Customers customers;
  Feedback feedback;
  grpc::TemplatedGenericStub<EncodedFeedbackBatch, v1::StreamFeedbackResponse> encoded_feedback;
  Metrics metrics;
  Surveys surveys;
};

class GrpcConnection final : public Connection {
 public:
  GrpcConnection(const ClientOptions& options, std::shared_ptr<ApiKey> key,
                 std::vector<std::shared_ptr<grpc::Channel>> channels)
      : options_(options),
        key_(std::move(key)),
        channels_(std::move(channels)),
        stubs_(channels_) {}

  AsyncCall StartUnary(UnaryCall call) override {
    absl::call_once(has_unary_calls_, [this] {
      unary_calls_ = std::make_unique<GrpcUnaryCalls>(options_, key_, channels_);
    });
    return unary_calls_->Start(std::move(call));
  }

  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const v1::CreateKeyRequest& request) override {
    return Call(&Stubs::access, &Access::CreateKey, request);
  }
  absl::StatusOr<v1::GetKeyResponse> GetKey(const v1::GetKeyRequest& request) override {
    return Call(&Stubs::access, &Access::GetKey, request);
  }
  absl::StatusOr<v1::ListKeysResponse> ListKeys(const v1::ListKeysRequest& request) override {
    return Call(&Stubs::access, &Access::ListKeys, request);
  }
  absl::StatusOr<v1::UpdateKeyResponse> UpdateKey(const v1::UpdateKeyRequest& request) override {
    return Call(&Stubs::access, &Access::UpdateKey, request);
  }
  absl::StatusOr<v1::RotateKeyResponse> RotateKey(const v1::RotateKeyRequest& request) override {
    return Call(&Stubs::access, &Access::RotateKey, request);
  }
  absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(const v1::RevokeKeyRequest& request) override {
    return Call(&Stubs::access, &Access::RevokeKey, request);
  }
  absl::StatusOr<v1::GetCallerResponse> GetCaller(const v1::GetCallerRequest& request) override {
    return Call(&Stubs::access, &Access::GetCaller, request);
  }
  absl::StatusOr<v1::ListAuditEventsResponse> ListAuditEvents(
      const v1::ListAuditEventsRequest& request) override {
    return Call(&Stubs::access, &Access::ListAuditEvents, request);
  }

  absl::StatusOr<v1::CreateSurveyResponse> CreateSurvey(
      const v1::CreateSurveyRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::CreateSurvey, request);
  }
  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const v1::GetSurveyRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::GetSurvey, request);
  }
  absl::StatusOr<v1::ListSurveysResponse> ListSurveys(
      const v1::ListSurveysRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::ListSurveys, request);
  }
  absl::StatusOr<v1::UpdateSurveyResponse> UpdateSurvey(
      const v1::UpdateSurveyRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::UpdateSurvey, request);
  }
  absl::StatusOr<v1::ArchiveSurveyResponse> ArchiveSurvey(
      const v1::ArchiveSurveyRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::ArchiveSurvey, request);
  }
  absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(
      const v1::DeleteSurveyRequest& request) override {
    return Call(&Stubs::surveys, &Surveys::DeleteSurvey, request);
  }

  absl::StatusOr<v1::SubmitFeedbackResponse> SubmitFeedback(
      const v1::SubmitFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::SubmitFeedback, request);
  }
  absl::StatusOr<v1::BatchSubmitFeedbackResponse> BatchSubmitFeedback(
      const v1::BatchSubmitFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::BatchSubmitFeedback, request);
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
                return stubs_.Next().feedback.AsyncStreamFeedback(context, queue, tag);
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
                auto stream = stubs_.Next().encoded_feedback.PrepareCall(
                    context, MethodInfoOf<v1::StreamFeedbackRequest>().path, queue);
                stream->StartCall(tag);
                return stream;
              },
              options_.timeout, stop);
        },
        std::move(on_acknowledged), key, options);
  }
  absl::StatusOr<v1::GetFeedbackResponse> GetFeedback(
      const v1::GetFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::GetFeedback, request);
  }
  absl::StatusOr<v1::ListFeedbackResponse> ListFeedback(
      const v1::ListFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::ListFeedback, request);
  }
  absl::StatusOr<v1::AmendFeedbackResponse> AmendFeedback(
      const v1::AmendFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::AmendFeedback, request);
  }
  absl::StatusOr<v1::ExcludeFeedbackResponse> ExcludeFeedback(
      const v1::ExcludeFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::ExcludeFeedback, request);
  }
  absl::StatusOr<v1::IncludeFeedbackResponse> IncludeFeedback(
      const v1::IncludeFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::IncludeFeedback, request);
  }
  absl::StatusOr<v1::EraseFeedbackResponse> EraseFeedback(
      const v1::EraseFeedbackRequest& request) override {
    return Call(&Stubs::feedback, &Feedback::EraseFeedback, request);
  }

  ResultRange<v1::ChangeManyFeedbackResponse> ChangeManyFeedback(
      const v1::ChangeManyFeedbackRequest& request) override {
    return StreamRange(stubs_.Next().feedback, &Feedback::ChangeManyFeedback, request,
                       options_.timeout, CallKey(key_), options_.traceparent);
  }
  ResultRange<v1::TakeBackImportResponse> TakeBackImport(
      const v1::TakeBackImportRequest& request) override {
    return StreamRange(stubs_.Next().feedback, &Feedback::TakeBackImport, request, options_.timeout,
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
      auto reader = stubs_.Next().feedback.WatchFeedback(context.get(), request);
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
    return Call(&Stubs::customers, &Customers::UpsertCustomer, request);
  }
  absl::StatusOr<v1::GetCustomerResponse> GetCustomer(
      const v1::GetCustomerRequest& request) override {
    return Call(&Stubs::customers, &Customers::GetCustomer, request);
  }
  absl::StatusOr<v1::ListTimelineResponse> ListTimeline(
      const v1::ListTimelineRequest& request) override {
    return Call(&Stubs::customers, &Customers::ListTimeline, request);
  }
  absl::StatusOr<v1::GetCustomerViewResponse> GetCustomerView(
      const v1::GetCustomerViewRequest& request) override {
    return Call(&Stubs::customers, &Customers::GetCustomerView, request);
  }
  ResultRange<v1::ExportCustomerResponse> ExportCustomer(
      const v1::ExportCustomerRequest& request) override {
    return StreamRange(stubs_.Next().customers, &Customers::ExportCustomer, request,
                       options_.timeout, CallKey(key_), options_.traceparent);
  }
  absl::StatusOr<v1::EraseCustomerResponse> EraseCustomer(
      const v1::EraseCustomerRequest& request) override {
    return Call(&Stubs::customers, &Customers::EraseCustomer, request);
  }
  absl::StatusOr<v1::DefineActivityKindResponse> DefineActivityKind(
      const v1::DefineActivityKindRequest& request) override {
    return Call(&Stubs::customers, &Customers::DefineActivityKind, request);
  }
  absl::StatusOr<v1::ListActivityKindsResponse> ListActivityKinds(
      const v1::ListActivityKindsRequest& request) override {
    return Call(&Stubs::customers, &Customers::ListActivityKinds, request);
  }
  absl::StatusOr<v1::DeleteActivityKindResponse> DeleteActivityKind(
      const v1::DeleteActivityKindRequest& request) override {
    return Call(&Stubs::customers, &Customers::DeleteActivityKind, request);
  }
  absl::StatusOr<v1::RecordActivityResponse> RecordActivity(
      const v1::RecordActivityRequest& request) override {
    return Call(&Stubs::customers, &Customers::RecordActivity, request);
  }
  absl::StatusOr<v1::BatchRecordActivitiesResponse> BatchRecordActivities(
      const v1::BatchRecordActivitiesRequest& request) override {
    return Call(&Stubs::customers, &Customers::BatchRecordActivities, request);
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
                return stubs_.Next().customers.AsyncStreamActivities(context, queue, tag);
              },
              options_.timeout, stop);
        },
        std::move(on_acknowledged), key, options);
  }
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(
      const v1::ListActivitiesRequest& request) override {
    return Call(&Stubs::customers, &Customers::ListActivities, request);
  }
  absl::StatusOr<v1::EraseActivityResponse> EraseActivity(
      const v1::EraseActivityRequest& request) override {
    return Call(&Stubs::customers, &Customers::EraseActivity, request);
  }

  absl::StatusOr<v1::QueryMetricResponse> QueryMetric(
      const v1::QueryMetricRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::QueryMetric, request);
  }
  absl::StatusOr<v1::CompareMetricResponse> CompareMetric(
      const v1::CompareMetricRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::CompareMetric, request);
  }
  absl::StatusOr<v1::DecomposeChangeResponse> DecomposeChange(
      const v1::DecomposeChangeRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::DecomposeChange, request);
  }
  absl::StatusOr<v1::CompareWordsResponse> CompareWords(
      const v1::CompareWordsRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::CompareWords, request);
  }
  absl::StatusOr<v1::GetScorecardResponse> GetScorecard(
      const v1::GetScorecardRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::GetScorecard, request);
  }
  absl::StatusOr<v1::GetRepeatProfileResponse> GetRepeatProfile(
      const v1::GetRepeatProfileRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::GetRepeatProfile, request);
  }
  absl::StatusOr<v1::QueryRetentionResponse> QueryRetention(
      const v1::QueryRetentionRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::QueryRetention, request);
  }
  absl::StatusOr<v1::QueryCohortsResponse> QueryCohorts(
      const v1::QueryCohortsRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::QueryCohorts, request);
  }
  absl::StatusOr<v1::QueryRepeatRateResponse> QueryRepeatRate(
      const v1::QueryRepeatRateRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::QueryRepeatRate, request);
  }
  absl::StatusOr<v1::ExplainMetricResponse> ExplainMetric(
      const v1::ExplainMetricRequest& request) override {
    return Call(&Stubs::metrics, &Metrics::ExplainMetric, request);
  }

  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request) override {
    return Call(&Stubs::admin, &Admin::GetStatus, request);
  }
  ResultRange<v1::VerifyStoreResponse> VerifyStore(const v1::VerifyStoreRequest& request) override {
    return StreamRange(stubs_.Next().admin, &Admin::VerifyStore, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }
  absl::StatusOr<v1::RebuildCubeResponse> RebuildCube(
      const v1::RebuildCubeRequest& request) override {
    return Call(&Stubs::admin, &Admin::RebuildCube, request);
  }
  absl::StatusOr<v1::CompactStoreResponse> CompactStore(
      const v1::CompactStoreRequest& request) override {
    return Call(&Stubs::admin, &Admin::CompactStore, request);
  }
  absl::StatusOr<v1::MeasureRepeatsResponse> MeasureRepeats(
      const v1::MeasureRepeatsRequest& request) override {
    return Call(&Stubs::admin, &Admin::MeasureRepeats, request);
  }
  ResultRange<v1::CreateBackupResponse> CreateBackup(
      const v1::CreateBackupRequest& request) override {
    return StreamRange(stubs_.Next().admin, &Admin::CreateBackup, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) override {
    return Call(&Stubs::admin, &Admin::ListBackups, request);
  }
  ResultRange<v1::VerifyBackupResponse> VerifyBackup(
      const v1::VerifyBackupRequest& request) override {
    return StreamRange(stubs_.Next().admin, &Admin::VerifyBackup, request, options_.timeout,
                       CallKey(key_), options_.traceparent);
  }
  absl::StatusOr<v1::DeleteBackupResponse> DeleteBackup(
      const v1::DeleteBackupRequest& request) override {
    return Call(&Stubs::admin, &Admin::DeleteBackup, request);
  }
  absl::StatusOr<v1::PruneBackupsResponse> PruneBackups(
      const v1::PruneBackupsRequest& request) override {
    return Call(&Stubs::admin, &Admin::PruneBackups, request);
  }

 private:
  // Every unary call that is waited for goes through here.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub Stubs::*stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    RETURN_IF_ERROR(CheckUtf8(request));
    CallKey key(key_);
    return RetryLoop<Response>(
        options_, MethodInfoOf<Request>().idempotency,
        [&](absl::Duration time_left) -> absl::StatusOr<Response> {
          grpc::ClientContext context;
          AddKey(key, context);
          AddTrace(options_.traceparent, context);
          context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMicroseconds(time_left));
          Response response;
          RETURN_IF_ERROR(FromGrpc(((stubs_.Next().*stub).*method)(&context, request, &response)));
          return response;
        },
        &key);
  }

  const ClientOptions options_;
  const std::shared_ptr<ApiKey> key_;
  const std::vector<std::shared_ptr<grpc::Channel>> channels_;
  PerChannel<Stubs> stubs_;

  // Made with the first call that needs it; last, so that it goes first.
  absl::once_flag has_unary_calls_;
  std::unique_ptr<GrpcUnaryCalls> unary_calls_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(const ClientOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(std::shared_ptr<ApiKey> key, ApiKey::Read(options));
  ASSIGN_OR_RETURN(std::vector<std::shared_ptr<grpc::Channel>> channels, MakeChannels(options));
  return std::make_shared<GrpcConnection>(options, std::move(key), std::move(channels));
}

}  // namespace emptychair
