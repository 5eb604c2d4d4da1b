// Hears what a service tells systemd by sd_notify(3).
#ifndef EMPTYCHAIR_TESTS_HELPERS_NOTIFY_SOCKET_H_
#define EMPTYCHAIR_TESTS_HELPERS_NOTIFY_SOCKET_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {

// A datagram socket whose path goes into NOTIFY_SOCKET. Not thread-safe.
class NotifySocket {
 public:
  NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~NotifySocket() { ::close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& path() const { return path_; }

  // The assignments of the next message; nothing when none comes in time.
  std::vector<std::string> Next(absl::Duration timeout) {
    pollfd ready = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) != 1) {
      return {};
    }
    std::string message(4'096, '\0');
    const ssize_t size = ::recv(socket_, message.data(), message.size(), 0);
    message.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return absl::StrSplit(message, '\n');
  }

 private:
  TempDir directory_;
  const std::string path_ = directory_.Join("notify");
  const int socket_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_NOTIFY_SOCKET_H_
