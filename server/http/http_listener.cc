#include "server/http/http_listener.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ip/v6_only.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/core/error.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "server/http/request_head.h"

namespace emptychair {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// How soon to look again when a connection could not be accepted: at once would take a core.
constexpr std::chrono::milliseconds kAcceptPause(100);

// What is paced rests for so many times as long as it took.
constexpr int kPace = 9;

// How long a client whose connection is closed may take to read why.
constexpr std::chrono::seconds kLinger(1);

// What a connection past the limit gets; its request is not read.
constexpr char kTooManyConnections[] =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Length: 0\r\n\r\n";

absl::string_view ToView(beast::string_view text) { return {text.data(), text.size()}; }

beast::string_view ToBoost(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class HttpListener::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  absl::Status ListenOn(const std::string& host, const std::string& port);
  void Start();
  void Stop();

  const Options& options() const { return options_; }
  int port() const { return port_; }
  int connections() const { return connections_.load(std::memory_order_relaxed); }

  // For the thread's sessions.
  HttpResponse Answer(const HttpRequest& request);
  bool IsTooSoonFor(absl::string_view path) const;
  std::chrono::steady_clock::time_point paced_until() const { return paced_until_; }

  void Refused(HttpRefusal why) const {
    if (options_.on_refused) {
      options_.on_refused(why);
    }
  }

 private:
  class Session;

  // One of the addresses that are listened on.
  struct Door {
    explicit Door(net::io_context& io) : acceptor(io), pause(io) {}

    tcp::acceptor acceptor;
    net::steady_timer pause;
  };

  error_code Open(Door& door, const tcp::endpoint& endpoint, bool is_dual_stack);
  void Accept(Door& door);
  void OnAccepted(Door& door, const error_code& error, tcp::socket socket);
  void Enter(tcp::socket socket);

  const Options options_;
  std::atomic<int> connections_{0};
  int port_ = 0;
  // The thread's own from here on, once that runs.
  std::chrono::steady_clock::time_point paced_until_;
  std::unordered_set<Session*> sessions_;
  net::io_context io_{1};
  std::list<Door> doors_;
  bool is_stopped_ = false;
  std::thread thread_;
};

// A connection: reads a head, answers it, and so on. Lives while something of it is under way.
class HttpListener::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl* impl, tcp::socket socket)
      : impl_(impl), stream_(std::move(socket)), turn_(impl->io_) {
    impl_->sessions_.insert(this);
    impl_->connections_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Session() {
    impl_->sessions_.erase(this);
    impl_->connections_.fetch_sub(1, std::memory_order_relaxed);
  }

  void Read() {
    stream_.expires_after(absl::ToChronoNanoseconds(impl_->options().limits.timeout));
    net::async_read_until(
        stream_, net::dynamic_buffer(received_, impl_->options().limits.request_bytes_max),
        "\r\n\r\n", [self = shared_from_this()](const error_code& error, size_t size) {
          self->OnHead(error, size);
        });
  }

  void Close() {
    turn_.cancel();
    stream_.close();
  }

 private:
  void OnHead(const error_code& error, size_t size) {
    if (error == net::error::not_found) {
      Refuse(
          HttpRefusal::kTooLarge, 431,
          absl::StrCat("a request may have ", impl_->options().limits.request_bytes_max, " bytes"));
    } else if (error) {
      // What is too slow has been closed already; what is idle has nothing to be refused.
      if (error == beast::error::timeout && !received_.empty()) {
        impl_->Refused(HttpRefusal::kTimeout);
      }
    } else {
      Take(size);
    }
  }

  // Takes the request whose head is the first `size` bytes.
  void Take(size_t size) {
    head_ = received_.substr(0, size);
    received_.erase(0, size);
    if (const std::optional<std::string> fault = FaultOfHead(head_); fault.has_value()) {
      Refuse(HttpRefusal::kMalformed, 400, *fault);
    } else {
      Answer();
    }
  }

  // Answers the request, once it is its turn.
  void Answer() {
    http::request_parser<http::empty_body> parser;
    error_code error;
    parser.put(net::buffer(head_), error);
    if (error || !parser.is_header_done()) {
      Refuse(HttpRefusal::kMalformed, 400, "the head is malformed");
      return;
    }
    const absl::string_view method = ToView(parser.get().method_string());
    const absl::string_view target = ToView(parser.get().target());
    const size_t mark = target.find('?');
    const HttpRequest request = {
        .method = method,
        .path = target.substr(0, mark),
        .query = mark == absl::string_view::npos ? "" : target.substr(mark + 1)};
    if (WaitsForItsTurn(request.path)) {
      return;
    }
    // Only these have no body, which would stand in the place of the next request.
    const bool has_no_body = method == "GET" || method == "HEAD";
    Write(impl_->Answer(request), parser.get().version(), has_no_body && parser.get().keep_alive(),
          method == "HEAD");
  }

  // True when it is too soon for what is paced: then it is answered later.
  bool WaitsForItsTurn(absl::string_view path) {
    if (!impl_->IsTooSoonFor(path)) {
      return false;
    }
    turn_.expires_at(impl_->paced_until());
    turn_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) {
        self->Answer();
      }
    });
    return true;
  }

  void Refuse(HttpRefusal why, int status, absl::string_view sentence) {
    impl_->Refused(why);
    Write(HttpText(status, sentence), /*version=*/11, /*keep_alive=*/false, /*is_head=*/false);
  }

  void Write(HttpResponse answer, unsigned version, bool keep_alive, bool is_head) {
    answer_.emplace(static_cast<http::status>(answer.status), version);
    answer_->set(http::field::content_type, ToBoost(answer.content_type));
    answer_->set(http::field::cache_control, "no-store");
    answer_->set("X-Content-Type-Options", "nosniff");
    if (!answer.allow.empty()) {
      answer_->set(http::field::allow, ToBoost(answer.allow));
    }
    answer_->content_length(answer.body.size());
    answer_->keep_alive(keep_alive);
    if (!is_head) {
      answer_->body() = std::move(answer.body);
    }
    stream_.expires_after(absl::ToChronoNanoseconds(impl_->options().limits.timeout));
    http::async_write(stream_, *answer_,
                      [self = shared_from_this(), keep_alive](const error_code& error, size_t) {
                        self->OnWritten(error, keep_alive);
                      });
  }

  void OnWritten(const error_code& error, bool keep_alive) {
    answer_.reset();
    if (error == beast::error::timeout) {
      impl_->Refused(HttpRefusal::kTimeout);
    }
    if (error) {
      return;
    }
    if (keep_alive) {
      Read();
      return;
    }
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    Linger();
  }

  // Reads on for a moment: to close a connection on what was not read takes the answer away from
  // its client.
  void Linger() {
    received_.resize(impl_->options().limits.request_bytes_max);
    stream_.async_read_some(net::buffer(received_),
                            [self = shared_from_this()](const error_code& error, size_t) {
                              if (!error) {
                                self->Linger();
                              }
                            });
  }

  Impl* const impl_;
  beast::tcp_stream stream_;
  net::steady_timer turn_;
  std::string received_;
  std::string head_;  // Of the request that is being answered.
  std::optional<http::response<http::string_body>> answer_;
};

absl::Status HttpListener::Impl::ListenOn(const std::string& host, const std::string& port) {
  error_code error;
  const auto found = tcp::resolver(io_).resolve(
      host, port, tcp::resolver::passive | tcp::resolver::numeric_service, error);
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    if (port_ != 0) {
      endpoint.port(static_cast<uint16_t>(port_));
    }
    Door& door = doors_.emplace_back(io_);
    error = Open(door, endpoint, /*is_dual_stack=*/host == "::");
    if (!error) {
      port_ = door.acceptor.local_endpoint(error).port();
      continue;
    }
    doors_.pop_back();
    // A name can stand for an address that this machine does not have; a port that is taken is
    // never passed over.
    if (error == net::error::address_in_use) {
      break;
    }
  }
  if (doors_.empty() || error == net::error::address_in_use) {
    return absl::UnavailableError(error ? error.message() : "no such address");
  }
  return absl::OkStatus();
}

error_code HttpListener::Impl::Open(Door& door, const tcp::endpoint& endpoint, bool is_dual_stack) {
  error_code error;
  door.acceptor.open(endpoint.protocol(), error);
  if (!error) {
    door.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error && endpoint.protocol() == tcp::v6()) {
    door.acceptor.set_option(net::ip::v6_only(!is_dual_stack), error);
  }
  if (!error) {
    door.acceptor.bind(endpoint, error);
  }
  if (!error) {
    door.acceptor.listen(net::socket_base::max_listen_connections, error);
  }
  return error;
}

void HttpListener::Impl::Start() {
  for (Door& door : doors_) {
    Accept(door);
  }
  thread_ = std::thread([this] { io_.run(); });
}

void HttpListener::Impl::Accept(Door& door) {
  door.acceptor.async_accept([this, &door](const error_code& error, tcp::socket socket) {
    OnAccepted(door, error, std::move(socket));
  });
}

void HttpListener::Impl::OnAccepted(Door& door, const error_code& error, tcp::socket socket) {
  if (is_stopped_) {
    return;
  }
  if (!error) {
    Enter(std::move(socket));
    Accept(door);
    return;
  }
  door.pause.expires_after(kAcceptPause);
  door.pause.async_wait([this, &door](const error_code&) {
    if (!is_stopped_) {
      Accept(door);
    }
  });
}

void HttpListener::Impl::Enter(tcp::socket socket) {
  error_code ignored;
  if (connections() >= options_.limits.connections_max) {
    Refused(HttpRefusal::kConnections);
    // The socket is new: there is room for so little.
    socket.non_blocking(true, ignored);
    socket.write_some(net::buffer(kTooManyConnections, sizeof(kTooManyConnections) - 1), ignored);
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    return;
  }
  socket.set_option(tcp::no_delay(true), ignored);
  std::make_shared<Session>(this, std::move(socket))->Read();
}

bool HttpListener::Impl::IsTooSoonFor(absl::string_view path) const {
  const HttpRoute* const route = FindRoute(options_.routes, path);
  return route != nullptr && route->is_paced && std::chrono::steady_clock::now() < paced_until_;
}

HttpResponse HttpListener::Impl::Answer(const HttpRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  HttpResponse answer = AnswerByRoute(options_.routes, request);
  if (const HttpRoute* route = FindRoute(options_.routes, request.path);
      route != nullptr && route->is_paced) {
    const auto end = std::chrono::steady_clock::now();
    paced_until_ = end + kPace * (end - start);
  }
  return answer;
}

void HttpListener::Impl::Stop() {
  if (!thread_.joinable()) {
    return;
  }
  net::post(io_, [this] {
    is_stopped_ = true;
    for (Door& door : doors_) {
      error_code ignored;
      door.acceptor.close(ignored);
      door.pause.cancel();
    }
    // Each ends what is under way with an error, and so its session.
    for (Session* session : sessions_) {
      session->Close();
    }
  });
  thread_.join();
}

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Listen(const std::string& address,
                                                                   Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  const size_t colon = address.rfind(':');
  const absl::string_view host = absl::string_view(address).substr(0, colon);
  if (const absl::Status listening =
          impl->ListenOn(std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]")),
                         address.substr(colon + 1));
      !listening.ok()) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, " for HTTP (", listening.message(),
                     "): another program may be using the port. Give another one with "
                     "--http_listen (port 0 takes any that is free), or say --http_listen=off."));
  }
  impl->Start();
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(impl), absl::StrCat(host, ":")));
}

HttpListener::HttpListener(std::unique_ptr<Impl> impl, const std::string& host)
    : impl_(std::move(impl)), address_(absl::StrCat(host, impl_->port())) {}

HttpListener::~HttpListener() { Stop(); }

int HttpListener::connections() const { return impl_->connections(); }

void HttpListener::Stop() { impl_->Stop(); }

}  // namespace emptychair
