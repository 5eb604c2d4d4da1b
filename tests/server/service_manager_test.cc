#include "server/service_manager.h"

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/notify_socket.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// What is sent is there at once.
constexpr absl::Duration kAtOnce = absl::ZeroDuration();

class ServiceManagerTest : public ::testing::Test {
 protected:
  ServiceManagerTest() { setenv("NOTIFY_SOCKET", socket_.path().c_str(), 1); }
  ~ServiceManagerTest() override { unsetenv("NOTIFY_SOCKET"); }

  static int64_t Microseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  }

  testing::NotifySocket socket_;
};

TEST_F(ServiceManagerTest, RecoveryIsAStatusAlone) {
  NotifyRecovering("/var/lib/store");
  EXPECT_THAT(socket_.Next(kAtOnce), ElementsAre("STATUS=recovering the store in /var/lib/store"));
}

TEST_F(ServiceManagerTest, ServingIsReady) {
  NotifyServing("127.0.0.1:7443");
  EXPECT_THAT(socket_.Next(kAtOnce), ElementsAre("READY=1", "STATUS=serving on 127.0.0.1:7443"));
}

TEST_F(ServiceManagerTest, AReloadSaysWhenItBegan) {
  const int64_t before = Microseconds();
  NotifyReloading();
  const int64_t after = Microseconds();
  const std::vector<std::string> sent = socket_.Next(kAtOnce);
  ASSERT_THAT(sent, ElementsAre("RELOADING=1", StartsWith("MONOTONIC_USEC="), "STATUS=reloading"));
  int64_t began = 0;
  ASSERT_TRUE(absl::SimpleAtoi(absl::StripPrefix(sent[1], "MONOTONIC_USEC="), &began));
  EXPECT_GE(began, before);
  EXPECT_LE(began, after);
}

TEST_F(ServiceManagerTest, StoppingIsSaid) {
  NotifyStopping();
  EXPECT_THAT(socket_.Next(kAtOnce),
              ElementsAre("STOPPING=1", "STATUS=stopping: calls under way finish"));
}

TEST_F(ServiceManagerTest, AnAddressCannotAddAnAssignment) {
  NotifyServing("unix:/a\nSTOPPING=1");
  EXPECT_THAT(socket_.Next(kAtOnce),
              ElementsAre("READY=1", "STATUS=serving on unix:/a STOPPING=1"));
}

TEST_F(ServiceManagerTest, CanBeToldAgain) {
  NotifyServing("a:1");
  NotifyServing("a:2");
  EXPECT_THAT(socket_.Next(kAtOnce), SizeIs(2));
  EXPECT_THAT(socket_.Next(kAtOnce), SizeIs(2));
}

TEST_F(ServiceManagerTest, WithoutAManagerNobodyIsTold) {
  unsetenv("NOTIFY_SOCKET");
  NotifyRecovering("/var/lib/store");
  NotifyServing("127.0.0.1:7443");
  NotifyReloading();
  NotifyStopping();
  EXPECT_THAT(socket_.Next(kAtOnce), IsEmpty());
}

TEST_F(ServiceManagerTest, AManagerThatIsGoneIsNoHarm) {
  setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
  NotifyServing("127.0.0.1:7443");
  EXPECT_THAT(socket_.Next(kAtOnce), IsEmpty());
}

}  // namespace
}  // namespace emptychair
