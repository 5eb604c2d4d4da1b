#include "emptychair/client/connection.h"

#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/client/client.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Answers GetSurvey by the id that is asked for.
class FakeSurveys final : public v1::SurveyService::Service {
 public:
  grpc::Status GetSurvey(grpc::ServerContext* context, const v1::GetSurveyRequest* request,
                         v1::GetSurveyResponse* response) override {
    const auto [begin, end] = context->client_metadata().equal_range("traceparent");
    for (auto at = begin; at != end; ++at) {
      traces.emplace_back(at->second.data(), at->second.size());
    }
    if (request->survey_id() == "missing") {
      return ToGrpc(FieldError(v1::ERROR_REASON_SURVEY_NOT_FOUND, "survey_id", "is not there",
                               {{"survey_id", "missing"}}));
    }
    if (request->survey_id() == "slow") {
      release.WaitForNotification();
    }
    if (request->survey_id() == "large") {
      response->mutable_survey()->set_question(std::string(12 << 20, 'x'));
    }
    response->mutable_survey()->set_survey_id(request->survey_id());
    return grpc::Status::OK;
  }

  absl::Notification release;
  std::vector<std::string> traces;
};

// Answers SubmitFeedback with `answers`, one each, then stores.
class FakeFeedback final : public v1::FeedbackService::Service {
 public:
  grpc::Status SubmitFeedback(grpc::ServerContext* context,
                              const v1::SubmitFeedbackRequest* request,
                              v1::SubmitFeedbackResponse* response) override {
    arrived.push_back(request->feedback());
    if (arrived.size() <= answers.size()) {
      return ToGrpc(answers[arrived.size() - 1]);
    }
    *response->mutable_feedback() = request->feedback();
    return grpc::Status::OK;
  }

  std::vector<absl::Status> answers;
  std::vector<v1::Feedback> arrived;
};

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&surveys_);
    builder.RegisterService(&feedback_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    options_.endpoint = absl::StrCat("127.0.0.1:", port);
    options_.timeout = absl::Seconds(30);
    options_.now = [this] { return clock_.Now(); };
    options_.sleep = [this](absl::Duration duration) {
      slept_.push_back(duration);
      clock_.Advance(duration);
    };
  }

  void TearDown() override {
    if (!surveys_.release.HasBeenNotified()) {
      surveys_.release.Notify();
    }
    server_->Shutdown();
  }

  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const std::string& id) {
    const absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(options_);
    EXPECT_TRUE(connection.ok()) << connection.status();
    v1::GetSurveyRequest request;
    request.set_survey_id(id);
    return (*connection)->GetSurvey(request);
  }

  FakeSurveys surveys_;
  FakeFeedback feedback_;
  std::unique_ptr<grpc::Server> server_;
  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  ClientOptions options_;
  std::vector<absl::Duration> slept_;
};

TEST_F(ConnectionTest, AnswersWhatTheServiceAnswers) {
  const auto response = GetSurvey("nps");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->survey().survey_id(), "nps");
}

TEST_F(ConnectionTest, SendsTheTraceThatTheCallerIsIn) {
  EXPECT_TRUE(GetSurvey("nps").ok());
  EXPECT_THAT(surveys_.traces, IsEmpty());
  std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  options_.traceparent = [&] { return trace; };
  EXPECT_TRUE(GetSurvey("nps").ok());
  EXPECT_THAT(surveys_.traces, ElementsAre(trace));
  // What is none ends no call.
  for (const char* none :
       {"", "00-x", "two\r\nlines", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"}) {
    trace = none;
    EXPECT_TRUE(GetSurvey("nps").ok()) << none;
  }
  EXPECT_THAT(surveys_.traces, SizeIs(1));
}

TEST_F(ConnectionTest, PassesErrorsOnWithTheirDetails) {
  const absl::Status status = GetSurvey("missing").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SURVEY_NOT_FOUND);
  EXPECT_EQ(MetadataOf(status)["survey_id"], "missing");
  EXPECT_THAT(FieldsOf(status), ElementsAre("survey_id"));
}

TEST_F(ConnectionTest, TakesAnswersPastTheFourMebibytesOfGrpc) {
  const auto response = GetSurvey("large");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->survey().question().size(), size_t{12} << 20);
}

TEST_F(ConnectionTest, GivesUpAtTheTimeout) {
  options_.timeout = absl::Milliseconds(50);
  EXPECT_EQ(GetSurvey("slow").status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(slept_, IsEmpty());
}

TEST_F(ConnectionTest, RefusesTextThatIsNotUtf8BeforeItIsSent) {
  const absl::Status status = GetSurvey("\xFF").status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldsOf(status), ElementsAre("survey_id"));
}

TEST_F(ConnectionTest, SendsTheSameAgainUntilTheServerHasRoom) {
  feedback_.answers = {RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(3)),
                       ShuttingDownError(), absl::UnavailableError("away")};
  const absl::StatusOr<Client> client = Client::Create(options_);
  v1::Feedback record;
  record.set_survey_id("nps");
  const absl::StatusOr<v1::SubmitFeedbackResponse> response = client->SubmitFeedback(record);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_THAT(slept_, SizeIs(3));
  EXPECT_GE(slept_[0], absl::Seconds(3));
  EXPECT_GE(slept_[1], absl::Seconds(1));
  ASSERT_THAT(feedback_.arrived, SizeIs(4));
  EXPECT_THAT(feedback_.arrived[0].feedback_id(), SizeIs(36));
  for (const v1::Feedback& arrived : feedback_.arrived) {
    EXPECT_EQ(arrived.feedback_id(), response->feedback().feedback_id());
  }
}

TEST_F(ConnectionTest, AnswersTheLastErrorOnceTheTimeoutIsNear) {
  feedback_.answers.assign(100,
                           RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(9)));
  const absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(options_);
  const absl::Status status = (*connection)->SubmitFeedback({}).status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_EQ(RetryDelayOf(status), absl::Seconds(9));
  EXPECT_THAT(feedback_.arrived, SizeIs(4));  // At 0, 9, 18 and 27 s and a little.
}

TEST_F(ConnectionTest, DoesNotRepeatWhatIsRefused) {
  EXPECT_FALSE(GetSurvey("missing").ok());
  EXPECT_THAT(slept_, IsEmpty());
}

// Of a server at `port` that is asked once.
absl::Status OneAttempt(uint16_t port) {
  ClientOptions options{.endpoint = absl::StrCat("127.0.0.1:", port)};
  options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
  const absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(options);
  return connection.ok() ? (*connection)->GetStatus({}).status() : connection.status();
}

TEST(Connection, ReportsThatNothingListensWithinTwoSeconds) {
  // A port that was free a moment ago.
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(socket_fd);

  const absl::Time start = absl::Now();
  EXPECT_EQ(OneAttempt(ntohs(address.sin_port)).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
}

TEST(Connection, ReportsAPeerThatNeverSpeaksWithinTwoSeconds) {
  // The connection is made by the kernel and never accepted.
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(socket_fd, 1), 0);
  ASSERT_EQ(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size), 0);

  const absl::Time start = absl::Now();
  EXPECT_EQ(OneAttempt(ntohs(address.sin_port)).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  close(socket_fd);
}

TEST(Connection, RefusesOptionsThatCannotWorkAndNamesThem) {
  const struct {
    std::string field;
    std::function<void(ClientOptions&)> change;
  } rows[] = {
      {"endpoint", [](ClientOptions& options) { options.endpoint = ""; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "localhost"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = ":7443"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "localhost:"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "localhost:0"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "localhost:65536"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "localhost:http"; }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = "unix:"; }},
      {"endpoint",
       [](ClientOptions& options) { options.endpoint = "unix:/" + std::string(107, 'x'); }},
      {"endpoint", [](ClientOptions& options) { options.endpoint = std::string("unix:/a\0b", 9); }},
      {"timeout", [](ClientOptions& options) { options.timeout = absl::ZeroDuration(); }},
      {"timeout", [](ClientOptions& options) { options.timeout = -absl::Seconds(1); }},
      {"timeout", [](ClientOptions& options) { options.timeout = absl::InfiniteDuration(); }},
      {"retry_policy", [](ClientOptions& options) { options.retry_policy = nullptr; }},
      {"backoff_policy", [](ClientOptions& options) { options.backoff_policy = nullptr; }},
      {"now", [](ClientOptions& options) { options.now = nullptr; }},
      {"sleep", [](ClientOptions& options) { options.sleep = nullptr; }},
      {"channels", [](ClientOptions& options) { options.channels = 0; }},
      {"channels", [](ClientOptions& options) { options.channels = 65; }},
  };
  for (const auto& row : rows) {
    ClientOptions options;
    row.change(options);
    const absl::Status status = MakeConnection(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.field;
    EXPECT_THAT(FieldsOf(status), ElementsAre(row.field));
    EXPECT_THAT(std::string(status.message()), StartsWith(row.field + ": "));
    EXPECT_EQ(Client::Create(options).status(), status);
  }
}

TEST(Connection, AcceptsEveryFormOfAnEndpoint) {
  for (const char* endpoint :
       {"localhost:7443", "127.0.0.1:1", "[::1]:65535", "unix:/run/ec.sock", "unix:a"}) {
    EXPECT_TRUE(MakeConnection({.endpoint = endpoint}).ok()) << endpoint;
  }
}

}  // namespace
}  // namespace emptychair
