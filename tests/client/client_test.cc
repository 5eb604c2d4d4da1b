#include "client/client.h"

#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;

// Answers GetSurvey by the id that is asked for.
class FakeSurveys final : public v1::SurveyService::Service {
 public:
  grpc::Status GetSurvey(grpc::ServerContext* context, const v1::GetSurveyRequest* request,
                         v1::GetSurveyResponse* response) override {
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
};

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&surveys_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    endpoint_ = absl::StrCat("127.0.0.1:", port);
  }

  void TearDown() override {
    if (!surveys_.release.HasBeenNotified()) {
      surveys_.release.Notify();
    }
    server_->Shutdown();
  }

  absl::StatusOr<v1::GetSurveyResponse> GetSurvey(const std::string& id,
                                                  absl::Duration timeout = absl::Seconds(30)) {
    absl::StatusOr<Client> client = Client::Create({endpoint_, timeout});
    EXPECT_TRUE(client.ok()) << client.status();
    v1::GetSurveyRequest request;
    request.set_survey_id(id);
    return client->GetSurvey(request);
  }

  FakeSurveys surveys_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;
};

TEST_F(ClientTest, AnswersWhatTheServiceAnswers) {
  const auto response = GetSurvey("nps");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->survey().survey_id(), "nps");
}

TEST_F(ClientTest, PassesErrorsOnWithTheirDetails) {
  const absl::Status status = GetSurvey("missing").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SURVEY_NOT_FOUND);
  EXPECT_EQ(MetadataOf(status)["survey_id"], "missing");
  EXPECT_THAT(FieldsOf(status), ElementsAre("survey_id"));
}

TEST_F(ClientTest, TakesAnswersPastTheFourMebibytesOfGrpc) {
  const auto response = GetSurvey("large");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->survey().question().size(), size_t{12} << 20);
}

TEST_F(ClientTest, GivesUpAtTheTimeout) {
  EXPECT_EQ(GetSurvey("slow", absl::Milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, RefusesTextThatIsNotUtf8BeforeItIsSent) {
  const absl::Status status = GetSurvey("\xFF").status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldsOf(status), ElementsAre("survey_id"));
}

TEST(Client, ReportsThatNothingListensWithinTwoSeconds) {
  // A port that was free a moment ago.
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(socket_fd);

  auto client = Client::Create({absl::StrCat("127.0.0.1:", ntohs(address.sin_port))});
  ASSERT_TRUE(client.ok());
  const absl::Time start = absl::Now();
  EXPECT_EQ(client->GetStatus({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
}

TEST(Client, ReportsAPeerThatNeverSpeaksWithinTwoSeconds) {
  // The connection is made by the kernel and never accepted.
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(socket_fd, 1), 0);
  ASSERT_EQ(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size), 0);

  auto client = Client::Create({absl::StrCat("127.0.0.1:", ntohs(address.sin_port))});
  ASSERT_TRUE(client.ok());
  const absl::Time start = absl::Now();
  EXPECT_EQ(client->GetStatus({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  close(socket_fd);
}

TEST(Client, RefusesOptionsThatCannotWork) {
  const ClientOptions bad[] = {
      {""},
      {"localhost"},
      {":7443"},
      {"localhost:"},
      {"localhost:0"},
      {"localhost:65536"},
      {"localhost:http"},
      {"localhost:7443", absl::ZeroDuration()},
      {"localhost:7443", -absl::Seconds(1)},
      {"localhost:7443", absl::InfiniteDuration()},
  };
  for (const ClientOptions& options : bad) {
    EXPECT_EQ(ReasonOf(Client::Create(options).status()), v1::ERROR_REASON_FIELD_INVALID)
        << options.endpoint << " " << options.timeout;
  }
  for (const char* endpoint : {"localhost:7443", "127.0.0.1:1", "[::1]:65535"}) {
    EXPECT_TRUE(Client::Create({endpoint}).ok()) << endpoint;
  }
}

}  // namespace
}  // namespace emptychair
