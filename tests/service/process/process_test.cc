// The binary as it is shipped: how it starts, what it refuses, how it stops.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using HealthStub = grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse>;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class ProcessTest : public ::testing::Test {
 protected:
  RunningBinary Start(const std::vector<std::string>& flags = {}) {
    absl::StatusOr<RunningBinary> binary = StartBinary(data_, flags);
    EXPECT_OK(binary);
    return binary.ok() ? *std::move(binary) : RunningBinary();
  }

  // Runs the binary with these flags alone, to its end.
  static FinishedProcess Run(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {EMPTYCHAIRD_PATH, "--http_listen=off"});
    return Value(RunToEnd(flags, kLong));
  }

  // Asks the server to stop; answers how long it took.
  static absl::Duration Stop(RunningBinary& binary, int signal = SIGTERM) {
    const absl::Time start = absl::Now();
    binary.process->Signal(signal);
    EXPECT_THAT(binary.process->Wait(kLong), IsOkAndHolds(0)) << binary.process->StandardError();
    return absl::Now() - start;
  }

  static std::shared_ptr<grpc::Channel> Channel(const RunningBinary& binary) {
    return grpc::CreateChannel(binary.endpoint, grpc::InsecureChannelCredentials());
  }

  TempDir directory_;
  const std::string data_ = directory_.Join("data");
};

TEST_F(ProcessTest, TheFirstLineSaysWhereItListens) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> process,
                       Subprocess::Start({EMPTYCHAIRD_PATH, "--data", data_, "--listen",
                                          "127.0.0.1:0", "--http_listen", "off"}));
  ASSERT_OK_AND_ASSIGN(const std::string line, process->ReadLine(kLong));
  EXPECT_THAT(line, MatchesRegex("listening on 127\\.0\\.0\\.1:[1-9][0-9]*"));
  Client client = MakeClient(line.substr(std::string("listening on ").size()));
  EXPECT_EQ(Status(client).feedback_count(), 0);
  process->Signal(SIGINT);
  EXPECT_THAT(process->Wait(kLong), IsOkAndHolds(0));
  // Nothing else is said there.
  EXPECT_THAT(process->ReadToEnd(kLong), IsOkAndHolds(""));
}

TEST_F(ProcessTest, ADirectoryServesOneServer) {
  RunningBinary first = Start();
  const FinishedProcess second = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.standard_output, Not(HasSubstr("listening")));
  EXPECT_THAT(second.standard_error, HasSubstr(data_));
  EXPECT_THAT(second.standard_error, HasSubstr("another server"));
  // The first is none the worse, and its end frees the directory.
  Client client = MakeClient(first.endpoint);
  Create(client, NpsSurvey("nps"));
  Stop(first);
  RunningBinary third = Start();
  client = MakeClient(third.endpoint);
  EXPECT_EQ(Status(client).survey_count(), 1);
}

TEST_F(ProcessTest, ATakenPortIsAnError) {
  const RunningBinary first = Start();
  const FinishedProcess second =
      Run({"--data", directory_.Join("other"), "--listen", first.endpoint});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.standard_error, HasSubstr(first.endpoint));
}

TEST_F(ProcessTest, WrongUsageNamesTheFlag) {
  const FinishedProcess no_data = Run({"--listen", "127.0.0.1:0"});
  EXPECT_EQ(no_data.exit_status, 1);
  EXPECT_THAT(no_data.standard_error, HasSubstr("--data"));

  const FinishedProcess unknown = Run({"--data", data_, "--no_such_flag"});
  EXPECT_NE(unknown.exit_status, 0);
  EXPECT_THAT(unknown.standard_error, HasSubstr("no_such_flag"));

  const FinishedProcess stray = Run({"--data", data_, "stray"});
  EXPECT_EQ(stray.exit_status, 1);
  EXPECT_THAT(stray.standard_error, HasSubstr("stray"));

  const FinishedProcess listen = Run({"--data", data_, "--listen", "nowhere"});
  EXPECT_EQ(listen.exit_status, 1);
  EXPECT_THAT(listen.standard_error, HasSubstr("--listen"));
}

TEST_F(ProcessTest, ADataPathThatIsAFileIsLeftAlone) {
  std::ofstream(data_) << "mine";
  const FinishedProcess refused = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.standard_error, HasSubstr(data_));
  std::string content;
  std::ifstream(data_) >> content;
  EXPECT_EQ(content, "mine");
}

TEST_F(ProcessTest, ListensElsewhereOnlyWhenToldThatItIsInsecure) {
  const FinishedProcess refused = Run({"--data", data_, "--listen", "0.0.0.0:0"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.standard_error, HasSubstr("--insecure"));
  ASSERT_OK_AND_ASSIGN(
      const std::unique_ptr<Subprocess> taken,
      Subprocess::Start({EMPTYCHAIRD_PATH, "--data", data_, "--listen", "0.0.0.0:0", "--insecure",
                         "--http_listen=off", "--access_log=off"}));
  EXPECT_THAT(taken->ReadLine(kLong),
              IsOkAndHolds(MatchesRegex("listening on 0\\.0\\.0\\.0:[1-9][0-9]*")));
}

TEST_F(ProcessTest, FlagsCanStandInAFile) {
  const std::string file = directory_.Join("flags");
  std::ofstream(file) << "# the server of this test\n--data=" << data_
                      << "\n--listen=127.0.0.1:0\n--http_listen=off\n--access_log=off\n";
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> process,
                       Subprocess::Start({EMPTYCHAIRD_PATH, absl::StrCat("--flagfile=", file)}));
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds(HasSubstr("listening on 127.0.0.1:")))
      << process->StandardError();
}

TEST_F(ProcessTest, StopsUnderLoadWithoutLosingWhatItAcknowledged) {
  RunningBinary server = Start({"--drain_deadline=20s"});
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps"));
  constexpr int kStopAfter = 200;
  std::atomic<int> next = 0, acknowledged_count = 0;
  absl::Notification enough;
  absl::Mutex mutex;
  std::set<int> acknowledged;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      Client sender = MakeClient(server.endpoint);
      for (;;) {
        const int number = next++;
        const absl::Status status = TrySubmit(sender, Answer("nps", absl::StrCat("row ", number),
                                                             At("2024-01-01T00:00:00Z"), 9))
                                        .status();
        if (!status.ok()) {
          // Refused, or the connection was closed.
          EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
          return;
        }
        absl::MutexLock lock(&mutex);
        acknowledged.insert(number);
        if (++acknowledged_count == kStopAfter) {
          enough.Notify();
        }
      }
    });
  }
  enough.WaitForNotification();
  EXPECT_LT(Stop(server), absl::Seconds(10));
  for (std::thread& sender : senders) {
    sender.join();
  }
  server = Start();
  client = MakeClient(server.endpoint);
  for (int number : acknowledged) {
    EXPECT_OK(GetByExternalId(client, "nps", absl::StrCat("row ", number)));
  }
  EXPECT_GE(Status(client).feedback_count(), acknowledged.size());
  EXPECT_LE(Status(client).feedback_count(), next);
}

TEST_F(ProcessTest, HealthSaysServing) {
  const RunningBinary server = Start();
  HealthStub stub(Channel(server));
  grpc::ClientContext context;
  HealthCheckRequest request;
  HealthCheckResponse response;
  absl::Notification done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [&](grpc::Status status) {
                   EXPECT_TRUE(status.ok()) << status.error_message();
                   done.Notify();
                 });
  done.WaitForNotification();
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
}

// Waits for the next event of `queue`.
bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

TEST_F(ProcessTest, AnOpenHealthWatchDoesNotHoldTheEndUp) {
  RunningBinary server = Start({"--drain_deadline=50s"});
  HealthStub stub(Channel(server));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto watch = stub.PrepareCall(&context, "/grpc.health.v1.Health/Watch", &queue);
  watch->StartCall(nullptr);
  ASSERT_TRUE(Next(queue));
  watch->WriteLast({}, {}, nullptr);
  ASSERT_TRUE(Next(queue));
  HealthCheckResponse response;
  watch->Read(&response, nullptr);
  ASSERT_TRUE(Next(queue));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);

  EXPECT_LT(Stop(server), absl::Seconds(20));
  watch->Read(&response, nullptr);
  if (Next(queue)) {
    EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  }
  grpc::Status status;
  watch->Finish(&status, nullptr);
  Next(queue);
  EXPECT_FALSE(status.ok());
}

TEST_F(ProcessTest, TheAccessLogIsJsonWithoutWhatWasSent) {
  const std::string log = directory_.Join("access.log");
  RunningBinary server = Start({absl::StrCat("--access_log=", log)});
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps", {"region"}));
  v1::Feedback feedback = Answer("nps", "marker-external", At("2024-01-01T00:00:00Z"), 9);
  feedback.set_comment("marker-comment");
  feedback.set_customer_id("marker-customer");
  (*feedback.mutable_labels())["region"] = "marker-label";
  Submit(client, feedback);
  feedback.set_score(3);
  EXPECT_FALSE(TrySubmit(client, feedback).ok());
  feedback.set_score(11);
  feedback.set_external_id("marker-external-2");
  EXPECT_FALSE(TrySubmit(client, feedback).ok());
  (*feedback.mutable_labels())["region"] = "marker-label\x01";
  EXPECT_FALSE(TryBatch(client, {feedback})->failures().empty());
  EXPECT_FALSE(TrySubmit(client, feedback).ok());
  Query(client, "survey_ids: 'nps' filters { key: 'region' values: 'marker-label' }");
  EXPECT_OK(GetByExternalId(client, "nps", "marker-external"));
  EXPECT_FALSE(GetById(client, "nps", "marker-id").ok());
  Stop(server);

  std::ifstream file(log);
  std::multiset<std::string> methods;
  std::set<std::string> reasons;
  for (std::string line; std::getline(file, line);) {
    google::protobuf::Struct object;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &object).ok()) << line;
    EXPECT_THAT(line, Not(HasSubstr("marker")));
    for (const char* key : {"time", "method", "request_id", "code", "duration_us", "peer"}) {
      EXPECT_EQ(object.fields().count(key), 1) << line;
    }
    methods.insert(object.fields().at("method").string_value());
    if (object.fields().count("reason") == 1) {
      reasons.insert(object.fields().at("reason").string_value());
    }
  }
  EXPECT_EQ(methods.size(), 9);
  EXPECT_EQ(methods.count("FeedbackService/SubmitFeedback"), 4);
  EXPECT_EQ(methods.count("MetricsService/QueryMetric"), 1);
  EXPECT_THAT(reasons,
              ::testing::ElementsAre("CONTENT_DIFFERS", "FIELD_INVALID", "SCORE_OUT_OF_RANGE"));
  EXPECT_THAT(server.process->StandardError(), Not(HasSubstr("marker")));
}

// A machine without the zone of a stored survey.
TEST_F(ProcessTest, ASurveyWhoseZoneIsNotKnownWaitsForIt) {
  const std::string day = "survey_ids: 'kol' granularity: GRANULARITY_DAY";
  {
    RunningBinary server = Start();
    Client client = MakeClient(server.endpoint);
    Create(client, NpsSurvey("kol", {}, "Asia/Kolkata"));
    Submit(client, Answer("kol", "a", kTime + absl::Hours(20), 9));
    Stop(server);
  }
  {
    const TempDir no_zones;
    auto process =
        Value(Subprocess::Start({EMPTYCHAIRD_PATH, absl::StrCat("--data=", data_),
                                 "--listen=127.0.0.1:0", "--http_listen=off", "--access_log=off"},
                                {.environment = {{"TZDIR", no_zones.path()}}}));
    const std::string line = Value(process->ReadLine(kLong));
    RunningBinary server{std::move(process), line.substr(line.rfind(' ') + 1)};
    EXPECT_THAT(server.process->StandardError(),
                AllOf(HasSubstr("time zone of a survey is not known"), HasSubstr("Asia/Kolkata")));
    Client client = MakeClient(server.endpoint);
    EXPECT_THAT(TrySubmit(client, Answer("kol", "b", kTime, 0)).status(),
                HasReason(v1::ERROR_REASON_ZONE_UNKNOWN));
    EXPECT_THAT(client.QueryMetric(FromText<v1::QueryMetricRequest>(day)).status(),
                HasReason(v1::ERROR_REASON_ZONE_UNKNOWN));
    EXPECT_EQ(Total(client, "kol").answers(), 1);
    v1::UpdateSurveyRequest rename;
    rename.mutable_survey()->set_survey_id("kol");
    rename.mutable_survey()->set_display_name("Kolkata");
    rename.mutable_update_mask()->add_paths("display_name");
    EXPECT_OK(client.UpdateSurvey(rename).status());
    Stop(server);
  }
  RunningBinary server = Start();
  Client client = MakeClient(server.endpoint);
  const v1::QueryMetricResponse days = Query(client, day);
  ASSERT_EQ(days.buckets_size(), 1);
  EXPECT_EQ(absl::FromUnixSeconds(days.buckets(0).start_time().seconds()),
            kTime + absl::Hours(24) - absl::Minutes(330));
  EXPECT_EQ(days.total().points(0).answers(), 1);
}

}  // namespace
}  // namespace emptychair::testing
