// The binary as who watches it meets it: HTTP, and what the access log tells of a call.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/helpers/raw_http.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTraceParent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// A port of loopback that is taken as long as this lives, by this or by somebody else.
class TakenPort {
 public:
  // 0: any.
  explicit TakenPort(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t size = sizeof(address);
    (void)!bind(fd_, reinterpret_cast<const sockaddr*>(&address), size);
    (void)!listen(fd_, 1);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(fd_); }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int fd_;
  int port_ = 0;
};

class ObservingTest : public ::testing::Test {
 protected:
  RunningBinary Start(const std::vector<std::string>& flags) {
    absl::StatusOr<RunningBinary> binary = StartBinary(data_, flags);
    EXPECT_OK(binary);
    return binary.ok() ? *std::move(binary) : RunningBinary();
  }

  static void Stop(RunningBinary& binary) {
    binary.process->Signal(SIGTERM);
    EXPECT_THAT(binary.process->Wait(kLong), IsOkAndHolds(0)) << binary.process->StandardError();
  }

  // What the event "listening" says of HTTP.
  static std::string HttpOf(const RunningBinary& binary) {
    const std::string key = "\"http\":\"";
    std::string log;
    do {
      log = binary.process->StandardError();
    } while (!absl::StrContains(log, "\"event\":\"listening\""));
    const size_t at = log.find(key);
    EXPECT_NE(at, std::string::npos) << log;
    return log.substr(at + key.size(), log.find('"', at + key.size()) - at - key.size());
  }

  static std::vector<google::protobuf::Struct> LinesOf(const std::string& path) {
    std::vector<google::protobuf::Struct> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &lines.emplace_back()).ok());
    }
    return lines;
  }

  TempDir directory_;
  const std::string data_ = directory_.Join("data");
};

TEST_F(ObservingTest, SaysWhereItServesHttp) {
  RunningBinary server = Start({"--http_listen=127.0.0.1:0"});
  const std::string http = HttpOf(server);
  EXPECT_EQ(GetHttp(http, "/readyz").body, "ok\n");
  EXPECT_THAT(GetHttp(http, "/metrics").body, HasSubstr("emptychair_build_info"));
  Stop(server);
  RunningBinary off = Start({"--http_listen=off"});
  EXPECT_EQ(HttpOf(off), "off");
}

TEST_F(ObservingTest, GoesOnWithoutItsDefaultPortAndNotWithoutOneThatWasAskedFor) {
  const TakenPort standard(7444);
  RunningBinary server = Start({"--http_listen="});
  EXPECT_EQ(HttpOf(server), "off");
  EXPECT_THAT(server.process->StandardError(),
              AllOf(HasSubstr("\"event\":\"no http\""), HasSubstr("127.0.0.1:7444")));
  Client client = MakeClient(server.endpoint);
  EXPECT_EQ(Status(client).feedback_count(), 0);

  const TakenPort other(0);
  ASSERT_OK_AND_ASSIGN(const FinishedProcess refused,
                       RunToEnd({EMPTYCHAIRD_PATH, "--data", directory_.Join("second"), "--listen",
                                 "127.0.0.1:0", "--http_listen", other.address()},
                                kLong));
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.standard_error, AllOf(HasSubstr(other.address()), HasSubstr("http_listen")));
  EXPECT_EQ(refused.standard_output, "");
}

TEST_F(ObservingTest, ServesHttpElsewhereOnlyWhenToldThatItIsInsecure) {
  ASSERT_OK_AND_ASSIGN(const FinishedProcess refused,
                       RunToEnd({EMPTYCHAIRD_PATH, "--data", data_, "--listen", "127.0.0.1:0",
                                 "--http_listen", "0.0.0.0:0"},
                                kLong));
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.standard_error, HasSubstr("--http_insecure"));
  const RunningBinary server = Start({"--http_listen=0.0.0.0:0", "--http_insecure"});
  EXPECT_EQ(GetHttp(HttpOf(server), "/healthz").status, 200);
}

// Each kind of call, and what its line says of records and of the caller's trace.
TEST_F(ObservingTest, TheAccessLogCountsRecordsAndNamesTraces) {
  const std::string log = directory_.Join("access.log");
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  ClientOptions options{.endpoint = server.endpoint, .timeout = kLong};
  options.traceparent = [] { return std::string(kTraceParent); };
  ASSERT_OK_AND_ASSIGN(Client client, Client::Create(options));
  Create(client, NpsSurvey("nps"));
  Submit(client, Answer("nps", "a", kTime, 9));
  EXPECT_FALSE(TrySubmit(client, Answer("none", "a", kTime, 9)).ok());
  EXPECT_OK(TryBatch(client, {Answer("nps", "a", kTime, 9), Answer("nps", "b", kTime, 9),
                              Answer("none", "c", kTime, 9)}));
  {
    const std::unique_ptr<FeedbackStream> stream =
        client.StreamFeedback([](const auto&, const auto&) {});
    for (const int size : {1, 4}) {
      v1::StreamFeedbackRequest batch;
      for (int i = 0; i < size; ++i) {
        *batch.add_feedback() = Answer("nps", absl::StrCat("s", size, i), kTime, 9);
      }
      EXPECT_OK(stream->Send(std::move(batch)));
    }
    EXPECT_OK(stream->Finish());
  }
  v1::RecordActivityRequest activity;
  activity.mutable_activity()->set_customer_id("ann");
  activity.mutable_activity()->set_kind("visit");
  activity.mutable_activity()->set_activity_id("v");
  EXPECT_OK(client.RecordActivity(activity));
  for (const auto& message : client.VerifyStore()) {
    EXPECT_OK(message);
  }
  Stop(server);

  std::map<std::string, std::multiset<int>> records;
  for (const google::protobuf::Struct& line : LinesOf(log)) {
    const auto& fields = line.fields();
    ASSERT_EQ(fields.count("trace_id"), 1u) << line.DebugString();
    EXPECT_EQ(fields.at("trace_id").string_value(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(fields.at("span_id").string_value(), "00f067aa0ba902b7");
    records[fields.at("method").string_value()].insert(
        fields.count("records") == 0 ? -1 : static_cast<int>(fields.at("records").number_value()));
  }
  const std::map<std::string, std::multiset<int>> expected = {
      {"SurveyService/CreateSurvey", {-1}},         {"FeedbackService/SubmitFeedback", {1, 1}},
      {"FeedbackService/BatchSubmitFeedback", {3}}, {"FeedbackService/StreamFeedback", {5}},
      {"CustomerService/RecordActivity", {1}},      {"AdminService/VerifyStore", {-1}}};
  EXPECT_EQ(records, expected);
}

TEST_F(ObservingTest, TheAnswerHasTheIdThatTheAccessLogHas) {
  const std::string log = directory_.Join("access.log");
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  const auto stub = v1::FeedbackService::NewStub(
      grpc::CreateChannel(server.endpoint, grpc::InsecureChannelCredentials()));
  std::set<std::string> told;
  for (const char* own : {"", "mine-1"}) {
    grpc::ClientContext context;
    if (*own != '\0') {
      context.AddMetadata("x-request-id", own);
    }
    v1::GetFeedbackResponse response;
    EXPECT_FALSE(stub->GetFeedback(&context, {}, &response).ok());
    const auto& trailers = context.GetServerTrailingMetadata();
    ASSERT_EQ(trailers.count("x-request-id"), 1u);
    const grpc::string_ref id = trailers.find("x-request-id")->second;
    told.emplace(id.data(), id.size());
  }
  EXPECT_EQ(told.count("mine-1"), 1u);
  Stop(server);
  std::set<std::string> logged;
  for (const google::protobuf::Struct& line : LinesOf(log)) {
    logged.insert(line.fields().at("request_id").string_value());
    EXPECT_EQ(line.fields().count("trace_id"), 0u);
  }
  EXPECT_EQ(logged, told);
}

// Half requests, huge ones, malformed ones, and answers that nobody takes.
void BeHostile(const std::string& http) {
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 6; ++i) {
    held.push_back(std::make_unique<RawConnection>(http));
  }
  held[0]->Send("GET /metrics HTTP/1.1\r\nHost: ");
  held[1]->Send("GET /metrics HTTP/1.1\r\nHost: h\r\nX: " + std::string(300'000, 'x'));
  held[2]->Send("GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  held[3]->Send(std::string(1'000, '\0'));
  std::string pipelined;
  for (int i = 0; i < 50; ++i) {
    pipelined += "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  held[4]->Send(pipelined);
  // Or there were too many of them at once.
  EXPECT_THAT(held[1]->Read().status, AnyOf(431, 503, 0));
  EXPECT_THAT(held[2]->Read().status, AnyOf(400, 503, 0));
}

TEST_F(ObservingTest, HostileHttpTakesNoMemoryAndNoService) {
  RunningBinary server = Start({"--http_listen=127.0.0.1:0"});
  const std::string http = HttpOf(server);
  const auto warm_up = [&](int times) {
    for (int i = 0; i < times; ++i) {
      BeHostile(http);
    }
    return *server.process->PeakMemoryBytes();
  };
  const int64_t before = warm_up(20);
  const int64_t after = warm_up(100);
  EXPECT_LT(after, before + (int64_t{8} << 20));
  // It goes on once they are gone; while they are there it may be busy.
  HttpAnswer answer;
  while ((answer = GetHttp(http, "/metrics")).status != 200) {
    ASSERT_THAT(answer.status, AnyOf(0, 503));
  }
  EXPECT_THAT(answer.body,
              Not(HasSubstr("emptychair_refusals_total{reason=\"HTTP_MALFORMED\"} 0")));
  EXPECT_THAT(answer.body,
              Not(HasSubstr("emptychair_refusals_total{reason=\"HTTP_TOO_LARGE\"} 0")));
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps"));
  Submit(client, Answer("nps", "a", kTime, 9));
  Stop(server);
}

}  // namespace
}  // namespace emptychair::testing
