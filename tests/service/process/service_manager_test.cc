// The binary as a unit of Type=notify meets it.
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/notify_socket.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(ServiceManagerProcessTest, IsToldOfEachStepInItsOrder) {
  const TempDir directory;
  NotifySocket socket;
  SubprocessOptions options;
  options.environment = {{"NOTIFY_SOCKET", socket.path()}};
  const std::string data = directory.Join("data");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> server,
                       Subprocess::Start({EMPTYCHAIRD_PATH, "--data", data, "--listen=127.0.0.1:0",
                                          "--http_listen=off", "--access_log=off"},
                                         options));
  EXPECT_THAT(socket.Next(kLong),
              ElementsAre(absl::StrCat("STATUS=recovering the store in ", data)));
  ASSERT_THAT(socket.Next(kLong), Contains("READY=1"));
  // It serves by then.
  ASSERT_OK_AND_ASSIGN(const std::string line, server->ReadLine(absl::ZeroDuration()));
  Client client = MakeClient(std::string(absl::StripPrefix(line, "listening on ")));
  EXPECT_EQ(Status(client).survey_count(), 0);

  server->Signal(SIGHUP);
  EXPECT_THAT(socket.Next(kLong), Contains("RELOADING=1"));
  EXPECT_THAT(socket.Next(kLong), ElementsAre("READY=1", StartsWith("STATUS=serving on 127.")));

  server->Signal(SIGTERM);
  EXPECT_THAT(socket.Next(kLong), Contains("STOPPING=1"));
  EXPECT_THAT(server->Wait(kLong), IsOkAndHolds(0)) << server->StandardError();
}

TEST(ServiceManagerProcessTest, AStartThatFailsIsNeverReady) {
  const TempDir directory;
  NotifySocket socket;
  SubprocessOptions options;
  options.environment = {{"NOTIFY_SOCKET", socket.path()}};
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> server,
                       Subprocess::Start({EMPTYCHAIRD_PATH, "--data", directory.Join("data"),
                                          "--listen=nowhere", "--http_listen=off"},
                                         options));
  EXPECT_THAT(server->Wait(kLong), IsOkAndHolds(1));
  EXPECT_THAT(socket.Next(absl::ZeroDuration()), ElementsAre(StartsWith("STATUS=recovering")));
  EXPECT_THAT(socket.Next(absl::ZeroDuration()), ElementsAre());
}

}  // namespace
}  // namespace emptychair::testing
