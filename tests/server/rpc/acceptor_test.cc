#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A descriptor that is closed with this object.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class AcceptorTest : public ::testing::Test {
 protected:
  std::unique_ptr<Acceptor> Listen(const std::string& address) {
    absl::StatusOr<std::unique_ptr<Acceptor>> acceptor = Acceptor::Listen(address, &log_);
    EXPECT_OK(acceptor);
    return acceptor.ok() ? *std::move(acceptor) : nullptr;
  }

  // Keeps what is accepted.
  void Start(Acceptor& acceptor) {
    acceptor.Start([this](int, int connection) {
      absl::MutexLock lock(&mutex_);
      accepted_.emplace_back(connection);
    });
  }

  void WaitForAccepted(size_t count) {
    const auto is_there = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return accepted_.size() >= count;
    };
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&is_there), absl::Seconds(60)));
  }

  static Descriptor Connect(int family, int port) {
    Descriptor connection(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = htons(static_cast<uint16_t>(port));
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    v6.sin6_port = v4.sin_port;
    const int result =
        family == AF_INET
            ? connect(connection.get(), reinterpret_cast<const sockaddr*>(&v4), sizeof(v4))
            : connect(connection.get(), reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
    return result == 0 ? std::move(connection) : Descriptor(-1);
  }

  // Waits until the other side closes it, or says something.
  static bool IsClosed(const Descriptor& connection) {
    char byte = 0;
    return recv(connection.get(), &byte, 1, 0) <= 0;
  }

  absl::Mutex mutex_;
  std::vector<Descriptor> accepted_ ABSL_GUARDED_BY(mutex_);
  std::string log_text_;
  ServerLog log_{Clock::System(),
                 [this](absl::string_view line) { absl::StrAppend(&log_text_, line); }};
};

// Few descriptors for the process, until the end of the test.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = count;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(AcceptorTest, CountsTheConnectionsThatAreOpen) {
  const std::unique_ptr<Acceptor> acceptor = Listen("127.0.0.1:0");
  Start(*acceptor);
  EXPECT_EQ(acceptor->connections(), 0);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(Connect(AF_INET, acceptor->port()));
  }
  WaitForAccepted(5);
  EXPECT_EQ(acceptor->connections(), 5);
  // Who they were given to closes them; their descriptors are taken by others.
  std::vector<Descriptor> others;
  {
    absl::MutexLock lock(&mutex_);
    accepted_.erase(accepted_.begin() + 3, accepted_.end());
    others.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    others.emplace_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  EXPECT_EQ(acceptor->connections(), 3);
  clients.push_back(Connect(AF_INET, acceptor->port()));
  WaitForAccepted(4);
  EXPECT_EQ(acceptor->connections(), 4);
  EXPECT_EQ(acceptor->refused(), 0);
}

TEST_F(AcceptorTest, AcceptsWhatConnects) {
  const auto acceptor = Listen("127.0.0.1:0");
  ASSERT_GT(acceptor->port(), 0);
  const Descriptor before = Connect(AF_INET, acceptor->port());
  Start(*acceptor);
  const Descriptor after = Connect(AF_INET, acceptor->port());
  EXPECT_GE(after.get(), 0);
  WaitForAccepted(2);
}

TEST_F(AcceptorTest, StopsListening) {
  const auto acceptor = Listen("127.0.0.1:0");
  const int port = acceptor->port();
  Start(*acceptor);
  acceptor->Stop();
  EXPECT_LT(Connect(AF_INET, port).get(), 0);
  acceptor->Stop();
  EXPECT_NE(Listen(absl::StrCat("127.0.0.1:", port)), nullptr) << "the port is free again";
}

TEST_F(AcceptorTest, APortThatIsTakenIsAnError) {
  const auto first = Listen("127.0.0.1:0");
  const std::string address = absl::StrCat("127.0.0.1:", first->port());
  EXPECT_THAT(Acceptor::Listen(address, &log_).status(),
              testing::StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(address), HasSubstr("--listen"))));
  EXPECT_THAT(Acceptor::Listen("no.such.host.invalid:1", &log_).status(),
              testing::StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no.such.host")));
}

TEST_F(AcceptorTest, ANameIsListenedOnAtAllItsAddressesWithOnePort) {
  const auto acceptor = Listen("localhost:0");
  Start(*acceptor);
  EXPECT_GE(Connect(AF_INET, acceptor->port()).get(), 0);
  WaitForAccepted(1);
}

TEST_F(AcceptorTest, ListensOnIpv6WhereThereIsIt) {
  const auto acceptor = Acceptor::Listen("[::1]:0", &log_);
  if (!acceptor.ok()) {
    GTEST_SKIP() << acceptor.status();
  }
  Start(**acceptor);
  EXPECT_GE(Connect(AF_INET6, (*acceptor)->port()).get(), 0);
  WaitForAccepted(1);
}

TEST_F(AcceptorTest, AUnixSocketTakesThePlaceOfOneLeftBehindAndGoesAtTheEnd) {
  const testing::TempDir directory;
  const std::string path = directory.Join("ec.sock");
  struct stat status {};
  {
    const auto left_behind = Listen("unix:" + path);
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    const auto acceptor = Listen("unix:" + path);
    EXPECT_EQ(acceptor->port(), 0);
    Start(*acceptor);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    const Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(
        connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    WaitForAccepted(1);
  }
  EXPECT_NE(stat(path.c_str(), &status), 0);
  EXPECT_FALSE(Acceptor::Listen("unix:" + std::string(200, 'x'), &log_).ok());
}

// The store needs some for its files.
TEST_F(AcceptorTest, ConnectionsDoNotTakeTheLastDescriptors) {
  const FewDescriptors few(100);
  const auto acceptor = Listen("127.0.0.1:0");
  Start(*acceptor);
  std::vector<Descriptor> connections;
  // Both ends are in this process, which has some descriptors of its own.
  for (int i = 0; i < 30; ++i) {
    connections.push_back(Connect(AF_INET, acceptor->port()));
  }
  WaitForAccepted(30);
  std::vector<Descriptor> files;
  while (files.empty() || files.back().get() < 76) {
    files.emplace_back(dup(0));
    ASSERT_GE(files.back().get(), 0);
  }
  EXPECT_TRUE(IsClosed(Connect(AF_INET, acceptor->port())));
  EXPECT_EQ(acceptor->refused(), 1);
  files.clear();
  const Descriptor accepted = Connect(AF_INET, acceptor->port());
  WaitForAccepted(31);
}

TEST_F(AcceptorTest, GoesOnOnceThereAreDescriptorsAgain) {
  const FewDescriptors few(100);
  const auto acceptor = Listen("127.0.0.1:0");
  Start(*acceptor);
  Descriptor first = Connect(AF_INET, acceptor->port());
  WaitForAccepted(1);
  // One is left, for this end of a connection.
  std::vector<Descriptor> files;
  while (files.empty() || files.back().get() >= 0) {
    files.emplace_back(dup(0));
  }
  files.pop_back();
  files.pop_back();
  const Descriptor waiting = Connect(AF_INET, acceptor->port());
  ASSERT_GE(waiting.get(), 0) << "the kernel takes it";
  files.clear();
  WaitForAccepted(2);
  const Descriptor next = Connect(AF_INET, acceptor->port());
  WaitForAccepted(3);
}

}  // namespace
}  // namespace emptychair
