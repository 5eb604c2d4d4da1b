#include "client/client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
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

absl::Status CheckOptions(const ClientOptions& options) {
  const absl::string_view endpoint = options.endpoint;
  const size_t colon = endpoint.rfind(':');
  int port = 0;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(endpoint.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "endpoint",
                      absl::StrCat("is ", Quoted(endpoint), "; wanted HOST:PORT"));
  }
  if (options.timeout <= absl::ZeroDuration() || options.timeout > kTimeoutMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "timeout",
        absl::StrCat("is ", absl::FormatDuration(options.timeout),
                     "; wanted more than 0 and at most ", absl::FormatDuration(kTimeoutMax)));
  }
  return absl::OkStatus();
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
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

class Client::Stubs {
 public:
  Stubs(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout)
      : surveys(channel),
        feedback(channel),
        metrics(channel),
        admin(channel),
        timeout_(absl::ToChronoMilliseconds(timeout)) {}

  // Every call goes through here.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    RETURN_IF_ERROR(CheckUtf8(request));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    Response response;
    RETURN_IF_ERROR(FromGrpc((stub.*method)(&context, request, &response)));
    return response;
  }

  // The same for a call that answers with a stream.
  template <typename Stub, typename Request, typename Response>
  absl::Status CallStream(Stub& stub,
                          std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                              grpc::ClientContext*, const Request&),
                          const Request& request,
                          absl::FunctionRef<void(const Response&)> on_message) const {
    RETURN_IF_ERROR(CheckUtf8(request));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    const std::unique_ptr<grpc::ClientReader<Response>> reader = (stub.*method)(&context, request);
    Response message;
    while (reader->Read(&message)) {
      on_message(message);
    }
    return FromGrpc(reader->Finish());
  }

  v1::SurveyService::Stub surveys;
  v1::FeedbackService::Stub feedback;
  v1::MetricsService::Stub metrics;
  v1::AdminService::Stub admin;

 private:
  const std::chrono::milliseconds timeout_;
};

absl::StatusOr<Client> Client::Create(const ClientOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  return Client(std::make_shared<Stubs>(MakeChannel(options.endpoint), options.timeout));
}

absl::StatusOr<v1::CreateSurveyResponse> Client::CreateSurvey(
    const v1::CreateSurveyRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::CreateSurvey, request);
}

absl::StatusOr<v1::GetSurveyResponse> Client::GetSurvey(const v1::GetSurveyRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::GetSurvey, request);
}

absl::StatusOr<v1::ListSurveysResponse> Client::ListSurveys(const v1::ListSurveysRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::ListSurveys, request);
}

absl::StatusOr<v1::UpdateSurveyResponse> Client::UpdateSurvey(
    const v1::UpdateSurveyRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::UpdateSurvey, request);
}

absl::StatusOr<v1::ArchiveSurveyResponse> Client::ArchiveSurvey(
    const v1::ArchiveSurveyRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::ArchiveSurvey, request);
}

absl::StatusOr<v1::DeleteSurveyResponse> Client::DeleteSurvey(
    const v1::DeleteSurveyRequest& request) {
  return stubs_->Call(stubs_->surveys, &v1::SurveyService::Stub::DeleteSurvey, request);
}

absl::StatusOr<v1::SubmitFeedbackResponse> Client::SubmitFeedback(
    const v1::SubmitFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::SubmitFeedback, request);
}

absl::StatusOr<v1::BatchSubmitFeedbackResponse> Client::BatchSubmitFeedback(
    const v1::BatchSubmitFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::BatchSubmitFeedback, request);
}

absl::StatusOr<v1::GetFeedbackResponse> Client::GetFeedback(const v1::GetFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::GetFeedback, request);
}

absl::StatusOr<v1::ListFeedbackResponse> Client::ListFeedback(
    const v1::ListFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::ListFeedback, request);
}

absl::StatusOr<v1::AmendFeedbackResponse> Client::AmendFeedback(
    const v1::AmendFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::AmendFeedback, request);
}

absl::StatusOr<v1::ExcludeFeedbackResponse> Client::ExcludeFeedback(
    const v1::ExcludeFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::ExcludeFeedback, request);
}

absl::StatusOr<v1::IncludeFeedbackResponse> Client::IncludeFeedback(
    const v1::IncludeFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::IncludeFeedback, request);
}

absl::StatusOr<v1::EraseFeedbackResponse> Client::EraseFeedback(
    const v1::EraseFeedbackRequest& request) {
  return stubs_->Call(stubs_->feedback, &v1::FeedbackService::Stub::EraseFeedback, request);
}

absl::StatusOr<v1::QueryMetricResponse> Client::QueryMetric(const v1::QueryMetricRequest& request) {
  return stubs_->Call(stubs_->metrics, &v1::MetricsService::Stub::QueryMetric, request);
}

absl::StatusOr<v1::GetStatusResponse> Client::GetStatus(const v1::GetStatusRequest& request) {
  return stubs_->Call(stubs_->admin, &v1::AdminService::Stub::GetStatus, request);
}

absl::Status Client::VerifyStore(
    const v1::VerifyStoreRequest& request,
    absl::FunctionRef<void(const v1::VerifyStoreResponse& message)> on_message) {
  return stubs_->CallStream(stubs_->admin, &v1::AdminService::Stub::VerifyStore, request,
                            on_message);
}

absl::StatusOr<v1::RebuildCubeResponse> Client::RebuildCube(const v1::RebuildCubeRequest& request) {
  return stubs_->Call(stubs_->admin, &v1::AdminService::Stub::RebuildCube, request);
}

absl::StatusOr<v1::CompactStoreResponse> Client::CompactStore(
    const v1::CompactStoreRequest& request) {
  return stubs_->Call(stubs_->admin, &v1::AdminService::Stub::CompactStore, request);
}

}  // namespace emptychair
