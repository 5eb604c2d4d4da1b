#include "server/rpc/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";

// How soon to look again when there were no descriptors left.
constexpr int kRetryMillis = 100;

constexpr int kSpareMax = 1'024;

std::string TextOf(int error) { return std::error_code(error, std::generic_category()).message(); }

// A socket, or -1, in which case errno says why.
int BoundSocket(const sockaddr* address, socklen_t size, bool is_dual_stack,
                bool is_private = false) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  const int on = 1;
  const int off = 0;
  if (address->sa_family != AF_UNIX) {
    // Connections inherit it.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  }
  if (address->sa_family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_dual_stack ? &off : &on, sizeof(on));
  }
  // Before the file is there: after it there is a moment in which others can open it.
  if (is_private) {
    fchmod(fd, S_IRUSR | S_IWUSR);
  }
  if (bind(fd, address, size) != 0 || listen(fd, SOMAXCONN) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int PortOf(const sockaddr* address) {
  return ntohs(address->sa_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

void SetPort(sockaddr* address, int port) {
  (address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                  : reinterpret_cast<sockaddr_in*>(address)->sin_port) =
      htons(static_cast<uint16_t>(port));
}

// Of the socket that is open as `fd`; 0 when none is.
uint64_t SocketInode(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

// Connections get descriptors below this.
int DescriptorsMax() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int all = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 30));
  return all - std::min(all / 4, kSpareMax);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(const std::string& address,
                                                           ServerLog* log) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(log));
  absl::Status listening;
  if (absl::StartsWith(address, kUnixPrefix)) {
    listening = acceptor->ListenOnUnix(address.substr(kUnixPrefix.size()), /*is_private=*/false);
  } else {
    const size_t colon = address.rfind(':');
    const absl::string_view host = absl::string_view(address).substr(0, colon);
    listening =
        acceptor->ListenOnHost(std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]")),
                               address.substr(colon + 1));
  }
  if (!listening.ok()) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, " (", listening.message(),
                     "): another program may be using the port. Give another one with --listen "
                     "(port 0 takes any that is free)."));
  }
  acceptor->stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return acceptor;
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::ListenInPrivate(const std::string& path,
                                                                    ServerLog* log) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(log));
  if (const absl::Status listening = acceptor->ListenOnUnix(path, /*is_private=*/true);
      !listening.ok()) {
    return absl::UnavailableError(absl::StrCat("cannot make the admin socket ", path, " (",
                                               listening.message(),
                                               "): give another path with --admin_socket, or off"));
  }
  acceptor->stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return acceptor;
}

absl::Status Acceptor::ListenOnUnix(const std::string& path, bool is_private) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::UnavailableError("the path is too long for a socket");
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  // What a server that was killed left behind; the lock on its data tells whether one is alive.
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    unlink(path.c_str());
  }
  const int fd = BoundSocket(reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                             /*is_dual_stack=*/false, is_private);
  if (fd < 0) {
    return absl::UnavailableError(TextOf(errno));
  }
  listeners_.push_back(fd);
  unix_path_ = path;
  return absl::OkStatus();
}

absl::Status Acceptor::ListenOnHost(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  absl::Status status = absl::UnavailableError("no such address");
  for (addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (port_ != 0) {
      SetPort(at->ai_addr, port_);
    }
    const int fd = BoundSocket(at->ai_addr, at->ai_addrlen, /*is_dual_stack=*/host == "::");
    if (fd < 0) {
      const int error = errno;
      status = absl::UnavailableError(TextOf(error));
      // A name can stand for an address that this machine does not have; a port that is taken is
      // never passed over.
      if (error == EADDRINUSE) {
        return status;
      }
      continue;
    }
    listeners_.push_back(fd);
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = PortOf(reinterpret_cast<const sockaddr*>(&bound));
  }
  return listeners_.empty() ? status : absl::OkStatus();
}

Acceptor::~Acceptor() {
  Stop();
  if (stop_fd_ >= 0) {
    close(stop_fd_);
  }
}

void Acceptor::Start(OnConnection on_connection) {
  on_connection_ = std::move(on_connection);
  descriptors_max_ = DescriptorsMax();
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    (void)!write(stop_fd_, &one, sizeof(one));
    thread_.join();
  }
  for (const int listener : listeners_) {
    close(listener);
  }
  listeners_.clear();
  if (!unix_path_.empty()) {
    unlink(unix_path_.c_str());
    unix_path_.clear();
  }
}

void Acceptor::Run() {
  std::vector<pollfd> all = {{stop_fd_, POLLIN, 0}};
  for (const int listener : listeners_) {
    all.push_back({listener, POLLIN, 0});
  }
  while (true) {
    // While there are no descriptors left a listener stays readable: only the end is waited for.
    poll(all.data(), is_exhausted_ ? 1 : all.size(), is_exhausted_ ? kRetryMillis : -1);
    if (all[0].revents != 0) {
      return;
    }
    bool has_descriptors = true;
    for (size_t i = 1; i < all.size() && has_descriptors; ++i) {
      if (is_exhausted_ || all[i].revents != 0) {
        has_descriptors = AcceptFrom(all[i].fd);
      }
    }
    if (is_exhausted_ == has_descriptors) {
      is_exhausted_ = !has_descriptors;
      log_->Warning(is_exhausted_ ? "out of descriptors, new connections wait"
                                  : "there are descriptors again");
    }
  }
}

int64_t Acceptor::connections() const {
  absl::MutexLock lock(&mutex_);
  int64_t open = 0;
  for (size_t fd = 0; fd < inodes_.size(); ++fd) {
    if (inodes_[fd] != 0 && inodes_[fd] != SocketInode(static_cast<int>(fd))) {
      inodes_[fd] = 0;
    }
    open += inodes_[fd] != 0 ? 1 : 0;
  }
  return open;
}

void Acceptor::Remember(int connection) {
  const uint64_t inode = SocketInode(connection);
  absl::MutexLock lock(&mutex_);
  if (const auto size = static_cast<size_t>(connection) + 1; inodes_.size() < size) {
    inodes_.resize(size);
  }
  inodes_[static_cast<size_t>(connection)] = inode;
}

bool Acceptor::AcceptFrom(int listener) {
  while (true) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= descriptors_max_) {
      // Before its client can see it.
      refused_.fetch_add(1, std::memory_order_relaxed);
      close(connection);
      continue;
    }
    if (connection >= 0) {
      Remember(connection);
      on_connection_(listener, connection);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return false;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    }
    // The others are of a connection that is gone already.
  }
}

}  // namespace emptychair
