#include "client/testing/forwarder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

// A socket that is closed at its end. Blocking.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  int fd() const { return fd_; }

  void Send(const std::string& text) const {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // So many bytes; fewer when the other side has ended.
  std::string Receive(size_t size) const {
    std::string text(size, '\0');
    const ssize_t received = recv(fd_, text.data(), size, MSG_WAITALL);
    text.resize(received < 0 ? 0 : static_cast<size_t>(received));
    return text;
  }
  // The error of the next read; 0 when the other side has ended in order.
  int ErrorOfRead() const {
    char byte = 0;
    const ssize_t received = recv(fd_, &byte, 1, 0);
    EXPECT_LE(received, 0);
    return received < 0 ? errno : 0;
  }
  void EndSending() const { EXPECT_EQ(shutdown(fd_, SHUT_WR), 0); }

 private:
  int fd_;
};

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

Socket ConnectTo(int port) {
  Socket connection(socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in address = Loopback(port);
  EXPECT_EQ(connect(connection.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  return connection;
}

class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_.fd(), 16), 0);
    getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  int port() const { return port_; }
  Socket Accept() const { return Socket(accept(socket_.fd(), nullptr, nullptr)); }

 private:
  Socket socket_;
  int port_ = 0;
};

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest() : forwarder_(*Forwarder::Listen()) { forwarder_->SetTarget(server_.port()); }

  Listener server_;
  const std::unique_ptr<Forwarder> forwarder_;
};

TEST_F(ForwarderTest, CarriesBytesBothWaysUntilBothSidesHaveEnded) {
  const Socket client = ConnectTo(forwarder_->port());
  const Socket server = server_.Accept();
  client.Send("question");
  EXPECT_EQ(server.Receive(8), "question");
  client.EndSending();
  EXPECT_EQ(server.ErrorOfRead(), 0);
  server.Send("answer");
  EXPECT_EQ(client.Receive(6), "answer");
  server.EndSending();
  EXPECT_EQ(client.ErrorOfRead(), 0);
}

TEST_F(ForwarderTest, CarriesMoreThanFitsIntoItsMemory) {
  const Socket client = ConnectTo(forwarder_->port());
  const Socket server = server_.Accept();
  const std::string text(10 << 20, 'x');
  std::thread sender([&] { client.Send(text); });
  EXPECT_EQ(server.Receive(text.size()), text);
  sender.join();
}

TEST_F(ForwarderTest, CutsAllConnectionsHardAndSaysHowManyThereWere) {
  const Socket one = ConnectTo(forwarder_->port());
  const Socket server_of_one = server_.Accept();
  const Socket two = ConnectTo(forwarder_->port());
  const Socket server_of_two = server_.Accept();
  one.Send("half");
  EXPECT_EQ(server_of_one.Receive(4), "half");
  EXPECT_EQ(forwarder_->Cut(), 2);
  EXPECT_EQ(one.ErrorOfRead(), ECONNRESET);
  EXPECT_EQ(two.ErrorOfRead(), ECONNRESET);
  EXPECT_EQ(server_of_one.ErrorOfRead(), 0);
  EXPECT_EQ(forwarder_->Cut(), 0);

  const Socket next = ConnectTo(forwarder_->port());
  const Socket server_of_next = server_.Accept();
  next.Send("again");
  EXPECT_EQ(server_of_next.Receive(5), "again");
}

TEST_F(ForwarderTest, ConnectionsWaitWhileThereIsNoTarget) {
  forwarder_->SetTarget(std::nullopt);
  const Socket client = ConnectTo(forwarder_->port());
  client.Send("early");
  const Listener other;
  forwarder_->SetTarget(other.port());
  const Socket server = other.Accept();
  EXPECT_EQ(server.Receive(5), "early");
}

TEST_F(ForwarderTest, CutsWhatWaitsToo) {
  forwarder_->SetTarget(std::nullopt);
  const Socket client = ConnectTo(forwarder_->port());
  // The connection is there before the forwarder has taken it.
  while (forwarder_->Cut() == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(client.ErrorOfRead(), ECONNRESET);
}

TEST_F(ForwarderTest, AClientOfAServerThatIsGoneIsCut) {
  {
    const Listener gone;
    forwarder_->SetTarget(gone.port());
  }
  EXPECT_EQ(ConnectTo(forwarder_->port()).ErrorOfRead(), ECONNRESET);
}

TEST_F(ForwarderTest, EndsWithConnectionsThatAreOpen) {
  std::unique_ptr<Forwarder> forwarder = *Forwarder::Listen();
  forwarder->SetTarget(server_.port());
  const Socket client = ConnectTo(forwarder->port());
  const Socket server = server_.Accept();
  server.Send("hello");
  EXPECT_EQ(client.Receive(5), "hello");
  forwarder.reset();
  EXPECT_EQ(client.ErrorOfRead(), ECONNRESET);
}

}  // namespace
}  // namespace emptychair::testing
