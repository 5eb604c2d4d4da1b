// What /healthz and /readyz say from the first moment of a start to the end of a stop.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/monitoring/monitored_server.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Status and word.
std::string Say(const std::string& address, absl::string_view target) {
  const HttpAnswer answer = GetHttp(address, target);
  return absl::StrCat(answer.status, " ", absl::StripSuffix(answer.body, "\n"));
}

// A port that nobody listens on just now.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

class HealthPageTest : public MonitoredServerTest {};

TEST_F(HealthPageTest, AServerThatServesIsWellAndReady) {
  Start();
  for (const char* target : {"/healthz", "/readyz", "/readyz?for=writes", "/readyz?x=1"}) {
    EXPECT_EQ(Say(http(), target), "200 ok") << target;
  }
  EXPECT_EQ(GetHttp(http(), "/readyz", "HEAD").status, 200);
}

TEST_F(HealthPageTest, AnUnknownPurposeIsAnError) {
  Start();
  for (const char* target : {"/readyz?for=reads", "/readyz?for=writes2", "/readyz?for=WRITES"}) {
    EXPECT_EQ(GetHttp(http(), target).status, 400) << target;
  }
}

// The disk hangs while the store is made.
TEST_F(HealthPageTest, AServerThatRecoversIsWellButNotReady) {
  const std::string address = absl::StrCat("127.0.0.1:", FreePort());
  config_.http_listen = address;
  files_->Close();
  std::thread starter([this] { Start(); });
  files_->AwaitSync();
  EXPECT_EQ(Say(address, "/readyz"), "503 recovering");
  EXPECT_EQ(Say(address, "/readyz?for=writes"), "503 recovering");
  EXPECT_EQ(Say(address, "/healthz"), "200 ok");
  const HttpAnswer metrics = GetHttp(address, "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("process_cpu_seconds_total"));
  EXPECT_THAT(metrics.body, Not(HasSubstr("emptychair_sequence")));
  files_->Open();
  starter.join();
  ASSERT_NE(server_, nullptr);
  EXPECT_EQ(Say(address, "/readyz"), "200 ok");
  EXPECT_THAT(GetHttp(address, "/metrics").body, HasSubstr("\nemptychair_sequence 0\n"));
}

TEST_F(HealthPageTest, AServerThatStopsIsNotReadyAndStillTells) {
  Start();
  Client client = NewClient();
  Create(client, NpsSurvey("nps"));
  files_->Close();
  std::thread caller([&] { Submit(client, Answer("nps", "a", kTime, 9)); });
  files_->AwaitSync();
  const std::string address = http();
  std::thread stopper([this] { server_->Shutdown(absl::Now() + kLong); });
  while (Say(address, "/readyz") != "503 stopping") {
  }
  EXPECT_EQ(Say(address, "/readyz?for=writes"), "503 stopping");
  EXPECT_EQ(Say(address, "/healthz"), "200 ok");
  EXPECT_EQ(Scrape().at("emptychair_calls_in_flight"), 1);
  files_->Open();
  caller.join();
  stopper.join();
  // Nobody is there any more.
  EXPECT_FALSE(RawConnection(address).is_open());
}

TEST_F(HealthPageTest, AFullDiskIsNotReadyForWrites) {
  Start();
  files_->SetFreeBytes(1'000);
  while (Say(http(), "/readyz?for=writes") == "200 ok") {
  }
  EXPECT_EQ(Say(http(), "/readyz?for=writes"), "503 disk_full");
  EXPECT_EQ(Say(http(), "/readyz"), "200 ok");
  EXPECT_EQ(Say(http(), "/healthz"), "200 ok");
  EXPECT_EQ(Scrape().at("emptychair_disk_full"), 1);
  EXPECT_EQ(Scrape().at("emptychair_disk_free_bytes"), 1'000);
  files_->SetFreeBytes(uint64_t{1} << 40);
  while (Say(http(), "/readyz?for=writes") != "200 ok") {
  }
  EXPECT_EQ(Scrape().at("emptychair_disk_full"), 0);
}

TEST_F(HealthPageTest, ADiskThatHangsMakesItUnwellAfterAWhile) {
  stuck_after_ = absl::Milliseconds(100);
  Start();
  Client client = NewClient();
  Create(client, NpsSurvey("nps"));
  files_->Close();
  const absl::Time start = absl::Now();
  std::thread caller([&] { Submit(client, Answer("nps", "a", kTime, 9)); });
  files_->AwaitSync();
  while (Say(http(), "/healthz") == "200 ok") {
  }
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
  EXPECT_EQ(Say(http(), "/healthz"), "503 stuck");
  // Metrics are told all the same.
  EXPECT_EQ(Scrape().at("emptychair_calls_in_flight"), 1);
  files_->Open();
  caller.join();
  while (Say(http(), "/healthz") != "200 ok") {
  }
}

TEST_F(HealthPageTest, CanBeOff) {
  config_.http_listen = kHttpOff;
  Start();
  EXPECT_EQ(http(), "");
}

TEST_F(HealthPageTest, APortThatWasAskedForAndIsTakenEndsTheStart) {
  Start();
  ServerConfig second = config_;
  second.data_directory = directory_.Join("second");
  second.http_listen = http();
  const absl::Status status = Server::Start(second, &log_).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--http_listen"));
}

}  // namespace
}  // namespace emptychair::testing
