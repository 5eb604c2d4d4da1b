#include "client/testing/forwarder.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <thread>
#include <unordered_set>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/write.hpp"

namespace emptychair::testing {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// How soon to look again when a connection could not be accepted: at once would take a core.
constexpr std::chrono::milliseconds kAcceptPause(100);

constexpr size_t kBufferBytes = size_t{64} << 10;

tcp::endpoint Loopback(int port) {
  return {net::ip::address_v4::loopback(), static_cast<uint16_t>(port)};
}

}  // namespace

class Forwarder::Impl {
 public:
  Impl() : acceptor_(io_), pause_(io_) {}

  absl::Status Listen();
  void Stop();

  int port() const { return port_; }

  // Runs `work` on the thread, and waits for it.
  void Run(absl::AnyInvocable<void()> work);

  // On the thread.
  void SetTarget(std::optional<int> port);
  int Cut();

 private:
  class Link;

  void Accept();

  int port_ = 0;
  // The thread's own from here on, once that runs.
  std::optional<int> target_;
  std::unordered_set<Link*> links_;
  bool is_stopped_ = false;
  net::io_context io_{1};
  tcp::acceptor acceptor_;
  net::steady_timer pause_;
  std::thread thread_;
};

// A client's connection and the one it leads to. Lives while something of it is under way, or while
// it waits for a target.
class Forwarder::Impl::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Impl* impl, tcp::socket client)
      : impl_(impl), client_(std::move(client)), server_(impl->io_) {
    impl_->links_.insert(this);
  }
  ~Link() { impl_->links_.erase(this); }

  void Wait() { waiting_ = shared_from_this(); }

  void Connect(int port) {
    if (server_.is_open()) {
      return;
    }
    server_.async_connect(Loopback(port), [self = shared_from_this()](const error_code& error) {
      if (error) {
        self->Cut();
        return;
      }
      for (tcp::socket* const socket : {&self->client_, &self->server_}) {
        error_code ignored;
        socket->set_option(tcp::no_delay(true), ignored);
      }
      self->Carry(self->client_, self->server_, self->to_server_);
      self->Carry(self->server_, self->client_, self->to_client_);
    });
    waiting_.reset();
  }

  // Nothing of what is on its way gets through. Without lingering, to close is to reset.
  void Cut() {
    error_code ignored;
    if (client_.is_open()) {
      client_.set_option(tcp::socket::linger(true, 0), ignored);
    }
    client_.close(ignored);
    server_.close(ignored);
    impl_->links_.erase(this);
    waiting_.reset();
  }

 private:
  using Buffer = std::array<char, kBufferBytes>;

  void Carry(tcp::socket& from, tcp::socket& to, Buffer& buffer) {
    from.async_read_some(net::buffer(buffer), [self = shared_from_this(), &from, &to, &buffer](
                                                  const error_code& error, size_t size) {
      if (error == net::error::eof) {
        error_code ignored;
        to.shutdown(tcp::socket::shutdown_send, ignored);
      } else if (error) {
        self->Cut();
      } else {
        self->Write(from, to, buffer, size);
      }
    });
  }

  void Write(tcp::socket& from, tcp::socket& to, Buffer& buffer, size_t size) {
    net::async_write(
        to, net::buffer(buffer, size),
        [self = shared_from_this(), &from, &to, &buffer](const error_code& error, size_t) {
          error ? self->Cut() : self->Carry(from, to, buffer);
        });
  }

  Impl* const impl_;
  tcp::socket client_;
  tcp::socket server_;
  Buffer to_server_;
  Buffer to_client_;
  // Itself, while nothing else holds it.
  std::shared_ptr<Link> waiting_;
};

absl::Status Forwarder::Impl::Listen() {
  error_code error;
  acceptor_.open(tcp::v4(), error);
  if (!error) {
    acceptor_.bind(Loopback(0), error);
  }
  if (!error) {
    acceptor_.listen(net::socket_base::max_listen_connections, error);
  }
  if (!error) {
    port_ = acceptor_.local_endpoint(error).port();
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on 127.0.0.1: ", error.message()));
  }
  Accept();
  thread_ = std::thread([this] { io_.run(); });
  return absl::OkStatus();
}

void Forwarder::Impl::Accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket client) {
    if (is_stopped_) {
      return;
    }
    if (error) {
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](const error_code&) {
        if (!is_stopped_) {
          Accept();
        }
      });
      return;
    }
    const auto link = std::make_shared<Link>(this, std::move(client));
    if (target_.has_value()) {
      link->Connect(*target_);
    } else {
      link->Wait();
    }
    Accept();
  });
}

void Forwarder::Impl::Run(absl::AnyInvocable<void()> work) {
  std::promise<void> done;
  net::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void Forwarder::Impl::SetTarget(std::optional<int> port) {
  target_ = port;
  if (port.has_value()) {
    for (Link* const link : std::unordered_set<Link*>(links_)) {
      link->Connect(*port);
    }
  }
}

int Forwarder::Impl::Cut() {
  const std::unordered_set<Link*> links = std::exchange(links_, {});
  for (Link* const link : links) {
    link->Cut();
  }
  return static_cast<int>(links.size());
}

void Forwarder::Impl::Stop() {
  if (!thread_.joinable()) {
    return;
  }
  Run([this] {
    is_stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    Cut();
  });
  thread_.join();
}

absl::StatusOr<std::unique_ptr<Forwarder>> Forwarder::Listen() {
  auto impl = std::make_unique<Impl>();
  if (absl::Status listening = impl->Listen(); !listening.ok()) {
    return listening;
  }
  return std::unique_ptr<Forwarder>(new Forwarder(std::move(impl)));
}

Forwarder::Forwarder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Forwarder::~Forwarder() { impl_->Stop(); }

int Forwarder::port() const { return impl_->port(); }

void Forwarder::SetTarget(std::optional<int> port) {
  impl_->Run([&] { impl_->SetTarget(port); });
}

int Forwarder::Cut() {
  int cut = 0;
  impl_->Run([&] { cut = impl_->Cut(); });
  return cut;
}

}  // namespace emptychair::testing
