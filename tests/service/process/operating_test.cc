// The binary as who operates it meets it: signals, logs, sockets, and what every gRPC server has.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/open_call.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

constexpr absl::string_view kReflection =
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr absl::string_view kOldReflection =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

using HealthCall = OpenCall<HealthCheckRequest, HealthCheckResponse>;

class OperatingTest : public ::testing::Test {
 protected:
  RunningBinary Start(const std::vector<std::string>& flags = {}) {
    absl::StatusOr<RunningBinary> binary = StartBinary(data_, flags);
    EXPECT_OK(binary);
    return binary.ok() ? *std::move(binary) : RunningBinary();
  }

  static void Stop(RunningBinary& binary) {
    binary.process->Signal(SIGTERM);
    EXPECT_THAT(binary.process->Wait(kLong), IsOkAndHolds(0)) << binary.process->StandardError();
  }

  static std::shared_ptr<grpc::Channel> Channel(const RunningBinary& binary) {
    return grpc::CreateChannel(binary.endpoint, grpc::InsecureChannelCredentials());
  }

  // What the server's log says, once it has said `event`.
  static std::string LogWith(const RunningBinary& binary, const std::string& event) {
    const std::string wanted = absl::StrCat("\"event\":\"", event, "\"");
    const absl::Time deadline = absl::Now() + kLong;
    std::string log;
    do {
      log = binary.process->StandardError();
    } while (!absl::StrContains(log, wanted) && absl::Now() < deadline);
    EXPECT_THAT(log, HasSubstr(wanted));
    return log;
  }

  // The methods of an access log, each with its code, and reason where there is one.
  static std::vector<std::pair<std::string, std::string>> Calls(const std::string& path) {
    std::vector<std::pair<std::string, std::string>> calls;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      google::protobuf::Struct object;
      EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &object).ok()) << line;
      const auto& fields = object.fields();
      const auto reason = fields.find("reason");
      calls.emplace_back(
          fields.at("method").string_value(),
          absl::StrCat(fields.at("code").string_value(),
                       reason == fields.end() ? "" : " " + reason->second.string_value()));
    }
    return calls;
  }

  TempDir directory_;
  const std::string data_ = directory_.Join("data");
};

TEST_F(OperatingTest, HangUpReopensTheAccessLogAndDoesNotStopTheServer) {
  const std::string log = directory_.Join("access.log");
  const std::string old = directory_.Join("access.log.1");
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("before"));
  std::filesystem::rename(log, old);
  server.process->Signal(SIGHUP);
  LogWith(server, "reloaded");
  EXPECT_OK(client.GetSurvey("before"));
  Stop(server);
  EXPECT_THAT(Calls(log), Contains(Pair("SurveyService/GetSurvey", "OK")));
  EXPECT_THAT(Calls(old), Not(Contains(Pair("SurveyService/GetSurvey", "OK"))));
  EXPECT_EQ(Calls(log).size() + Calls(old).size(), 2u);
}

TEST_F(OperatingTest, AReloadThatFailsKeepsTheOldFile) {
  const std::string folder = directory_.Join("logs");
  std::filesystem::create_directory(folder);
  const std::string log = folder + "/access.log";
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  const std::string moved = directory_.Join("moved");
  std::filesystem::rename(folder, moved);
  server.process->Signal(SIGHUP);
  EXPECT_THAT(LogWith(server, "reload failed"), HasSubstr("\"severity\":\"WARNING\""));
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps"));
  Stop(server);
  EXPECT_THAT(Calls(moved + "/access.log"), Contains(Pair("SurveyService/CreateSurvey", "OK")));
}

TEST_F(OperatingTest, TheClientAndChairctlReachAUnixSocket) {
  const std::string socket = directory_.Join("a b%41.sock");
  RunningBinary server = Start({absl::StrCat("--listen=unix:", socket)});
  EXPECT_EQ(server.endpoint, "unix:" + socket);
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps"));
  ASSERT_OK_AND_ASSIGN(
      const FinishedProcess listed,
      RunToEnd({CHAIRCTL_PATH, "--endpoint", server.endpoint, "survey", "list"}, kLong));
  EXPECT_EQ(listed.exit_status, 0) << listed.standard_error;
  EXPECT_THAT(listed.standard_output, HasSubstr("nps"));
  Stop(server);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST_F(OperatingTest, UnknownMethodsHealthAndReflectionAreInTheAccessLog) {
  const std::string log = directory_.Join("access.log");
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  const std::shared_ptr<grpc::Channel> channel = Channel(server);
  const std::string long_name(300, 'x');
  for (const std::string& path : {std::string("/emptychair.v1.FeedbackService/Frobnicate"),
                                  std::string("/a.B/\"c\""), "/s/" + long_name}) {
    HealthCall call(channel, path);
    const absl::Status status = call.Finish();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented)) << path;
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_METHOD_UNKNOWN)) << path;
  }
  {
    HealthCall check(channel, "/grpc.health.v1.Health/Check");
    HealthCheckResponse response;
    EXPECT_TRUE(check.Write({}));
    EXPECT_TRUE(check.Read(response));
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
    EXPECT_OK(check.Finish());
  }
  {
    HealthCall check(channel, "/grpc.health.v1.Health/Check");
    HealthCheckRequest request;
    request.set_service("nowhere");
    EXPECT_TRUE(check.Write(request));
    EXPECT_THAT(check.Finish(), StatusIs(absl::StatusCode::kNotFound));
  }
  {
    OpenCall<grpc::reflection::v1::ServerReflectionRequest,
             grpc::reflection::v1::ServerReflectionResponse>
        call(channel, kReflection);
  }
  Stop(server);
  EXPECT_THAT(Calls(log),
              IsSupersetOf(std::vector<std::pair<std::string, std::string>>{
                  {"emptychair.v1.FeedbackService/Frobnicate", "UNIMPLEMENTED METHOD_UNKNOWN"},
                  {"a.B/\\\"c\\\"", "UNIMPLEMENTED METHOD_UNKNOWN"},
                  {"s/" + long_name.substr(0, 126), "UNIMPLEMENTED METHOD_UNKNOWN"},
                  {"grpc.health.v1.Health/Check", "OK"},
                  {"grpc.health.v1.Health/Check", "NOT_FOUND"}}));
  const auto calls = Calls(log);
  EXPECT_EQ(calls.size(), 6u);
  EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [](const auto& call) {
    return call.first == "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  }));
  // Nobody's fault: no line in the server's own log.
  EXPECT_THAT(server.process->StandardError(), Not(HasSubstr("error without a reason")));
}

// The names of all services, by one of the two versions.
template <typename Request, typename Response>
std::vector<std::string> ListServices(const std::shared_ptr<grpc::Channel>& channel,
                                      absl::string_view path) {
  OpenCall<Request, Response> call(channel, path);
  Request request;
  request.set_list_services("");
  Response response;
  EXPECT_TRUE(call.Write(request));
  EXPECT_TRUE(call.Read(response));
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  return names;
}

TEST_F(OperatingTest, BothVersionsOfReflectionListTheServices) {
  const RunningBinary server = Start();
  const auto is_whole = ::testing::ElementsAre(
      "emptychair.v1.AccessService", "emptychair.v1.AdminService", "emptychair.v1.CustomerService",
      "emptychair.v1.FeedbackService", "emptychair.v1.MetricsService",
      "emptychair.v1.SurveyService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection");
  EXPECT_THAT(
      (ListServices<grpc::reflection::v1::ServerReflectionRequest,
                    grpc::reflection::v1::ServerReflectionResponse>(Channel(server), kReflection)),
      is_whole);
  EXPECT_THAT((ListServices<grpc::reflection::v1alpha::ServerReflectionRequest,
                            grpc::reflection::v1alpha::ServerReflectionResponse>(Channel(server),
                                                                                 kOldReflection)),
              is_whole);
}

// The threads of a process.
size_t ThreadsOf(pid_t pid) {
  size_t threads = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/task"))) {
    ++threads;
  }
  return threads;
}

TEST_F(OperatingTest, OpenReflectionStreamsCostNoThread) {
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
  constexpr int kStreams = 200;
  const RunningBinary server = Start();
  std::shared_ptr<grpc::Channel> channel;
  std::vector<std::unique_ptr<OpenCall<Request, Response>>> calls;
  size_t first = 0;
  for (int i = 0; i < kStreams; ++i) {
    // As many as a connection may have.
    if (i % 8 == 0) {
      channel = OwnConnection(server.endpoint);
    }
    calls.push_back(std::make_unique<OpenCall<Request, Response>>(channel, kOldReflection));
    Request request;
    request.set_file_containing_symbol("emptychair.v1.Feedback");
    Response response;
    ASSERT_TRUE(calls.back()->Write(request));
    ASSERT_TRUE(calls.back()->Read(response));
    ASSERT_GT(response.file_descriptor_response().file_descriptor_proto_size(), 1);
    first = i == 0 ? ThreadsOf(server.process->pid()) : first;
  }
  // gRPC may start some of its own for work at hand, but not one for each.
  EXPECT_LT(ThreadsOf(server.process->pid()), first + 20);
}

}  // namespace
}  // namespace emptychair::testing
