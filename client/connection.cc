#include "emptychair/client/connection.h"

#include <grpcpp/grpcpp.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/batch_upload.h"
#include "client/feedback_watcher.h"
#include "client/grpc_batch_call.h"
#include "client/retry_loop.h"
#include "client/stream_range.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/method.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/customer_service.grpc.pb.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "emptychair/v1/survey_service.grpc.pb.h"

namespace emptychair {
namespace {

constexpr absl::Duration kTimeoutMax = absl::Hours(24);

// An answer with 10,000 points and as many groups stays below.
constexpr int kMessageBytesMax = 16 << 20;

// A server that cannot be reached is reported within 2 s, also where nothing refuses the
// connection; gRPC alone would try for 20 s.
constexpr int kConnectMillisMax = 1500;

// A server that comes back is found soon; gRPC alone would wait up to two minutes.
constexpr int kReconnectMillisMin = 100;
constexpr int kReconnectMillisMax = 2000;

constexpr absl::string_view kUnixPrefix = "unix:";

bool IsHostAndPort(absl::string_view endpoint) {
  const size_t colon = endpoint.rfind(':');
  int port = 0;
  return colon != absl::string_view::npos && colon != 0 &&
         absl::SimpleAtoi(endpoint.substr(colon + 1), &port) && port >= 1 && port <= 65535;
}

// Whether a socket can have the path: it ends with a NUL.
bool IsSocketPath(absl::string_view path) {
  return !path.empty() && path.size() < sizeof(sockaddr_un::sun_path) &&
         path.find('\0') == absl::string_view::npos;
}

absl::Status CheckOptions(const ClientOptions& options) {
  absl::string_view endpoint = options.endpoint;
  const bool is_valid = absl::ConsumePrefix(&endpoint, kUnixPrefix) ? IsSocketPath(endpoint)
                                                                    : IsHostAndPort(endpoint);
  if (!is_valid) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "endpoint",
        absl::StrCat("is ", Quoted(options.endpoint, 256), "; wanted HOST:PORT or unix:PATH"));
  }
  if (options.timeout <= absl::ZeroDuration() || options.timeout > kTimeoutMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "timeout",
        absl::StrCat("is ", absl::FormatDuration(options.timeout),
                     "; wanted more than 0 and at most ", absl::FormatDuration(kTimeoutMax)));
  }
  const struct {
    bool is_set;
    absl::string_view name;
  } required[] = {{options.retry_policy != nullptr, "retry_policy"},
                  {options.backoff_policy != nullptr, "backoff_policy"},
                  {options.now != nullptr, "now"},
                  {options.sleep != nullptr, "sleep"}};
  for (const auto& option : required) {
    if (!option.is_set) {
      return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, option.name,
                        "is null; wanted what ClientOptions has by default, or another");
    }
  }
  return absl::OkStatus();
}

// The endpoint as gRPC takes it: the path of a socket is part of a URI to it.
std::string TargetOf(const std::string& endpoint) {
  absl::string_view path = endpoint;
  if (!absl::ConsumePrefix(&path, kUnixPrefix)) {
    return endpoint;
  }
  std::string target(kUnixPrefix);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) ||
        absl::string_view("/.-_~").find(c) != absl::string_view::npos) {
      target.push_back(c);
    } else {
      absl::StrAppend(&target, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return target;
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // Plain text does not go through whatever proxy the environment names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_DNS_ARES_QUERY_TIMEOUT_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillisMin);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
  return grpc::CreateCustomChannel(TargetOf(endpoint), grpc::InsecureChannelCredentials(),
                                   arguments);
}

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

class GrpcConnection final : public Connection {
 public:
  explicit GrpcConnection(const ClientOptions& options)
      : GrpcConnection(options, MakeChannel(options.endpoint)) {}

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
  std::unique_ptr<FeedbackStream> StreamFeedback(
      FeedbackStream::OnAcknowledged on_acknowledged) override {
    return std::make_unique<FeedbackUpload>(
        options_,
        [this] {
          return std::make_unique<GrpcFeedbackCall>(
              [this](grpc::ClientContext* context, grpc::CompletionQueue* queue, void* tag) {
                return feedback_.AsyncStreamFeedback(context, queue, tag);
              },
              options_.timeout);
        },
        std::move(on_acknowledged));
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
    return StreamRange(feedback_, &Feedback::ChangeManyFeedback, request, options_.timeout);
  }
  ResultRange<v1::TakeBackImportResponse> TakeBackImport(
      const v1::TakeBackImportRequest& request) override {
    return StreamRange(feedback_, &Feedback::TakeBackImport, request, options_.timeout);
  }

  ResultRange<v1::WatchFeedbackResponse> WatchFeedback(const v1::WatchFeedbackRequest& request,
                                                       std::stop_token stop) override {
    if (absl::Status status = CheckUtf8(request); !status.ok()) {
      return ResultRange<v1::WatchFeedbackResponse>(
          [status] { return absl::StatusOr<v1::WatchFeedbackResponse>(status); });
    }
    auto open_call = [this, stop](const v1::WatchFeedbackRequest& request) {
      auto context = std::make_unique<grpc::ClientContext>();
      auto reader = feedback_.WatchFeedback(context.get(), request);
      auto stream = std::make_unique<Stream<v1::WatchFeedbackResponse>>(std::move(context),
                                                                        std::move(reader), stop);
      return FeedbackWatcher::Call([stream = std::move(stream)] { return stream->Next(); });
    };
    auto watcher = std::make_unique<FeedbackWatcher>(options_, request, std::move(open_call));
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
    return StreamRange(customers_, &Customers::ExportCustomer, request, options_.timeout);
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
  std::unique_ptr<ActivityStream> StreamActivities(
      ActivityStream::OnAcknowledged on_acknowledged) override {
    return std::make_unique<ActivityUpload>(
        options_,
        [this] {
          return std::make_unique<GrpcActivityCall>(
              [this](grpc::ClientContext* context, grpc::CompletionQueue* queue, void* tag) {
                return customers_.AsyncStreamActivities(context, queue, tag);
              },
              options_.timeout);
        },
        std::move(on_acknowledged));
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
    return StreamRange(admin_, &Admin::VerifyStore, request, options_.timeout);
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

 private:
  GrpcConnection(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel)
      : options_(options),
        admin_(channel),
        customers_(channel),
        feedback_(channel),
        metrics_(channel),
        surveys_(channel) {}

  // Every unary call goes through here.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    RETURN_IF_ERROR(CheckUtf8(request));
    return RetryLoop<Response>(
        options_, IdempotencyOf<Request>(),
        [&](absl::Duration time_left) -> absl::StatusOr<Response> {
          grpc::ClientContext context;
          context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMicroseconds(time_left));
          Response response;
          RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
          return response;
        });
  }

  const ClientOptions options_;
  Admin admin_;
  Customers customers_;
  Feedback feedback_;
  Metrics metrics_;
  Surveys surveys_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(const ClientOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  return std::make_shared<GrpcConnection>(options);
}

}  // namespace emptychair
