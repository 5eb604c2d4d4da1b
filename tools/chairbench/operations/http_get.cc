#include "tools/chairbench/operations/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace emptychair::bench {
namespace {

constexpr timeval kWaitMax = {.tv_sec = 10, .tv_usec = 0};

absl::Status Failed(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& address, absl::string_view path) {
  const std::pair<std::string, std::string> host_and_port = absl::StrSplit(address, ':');
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  int port = 0;
  if (!absl::SimpleAtoi(host_and_port.second, &port) ||
      inet_pton(AF_INET, host_and_port.first.c_str(), &to.sin_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("no address: \"", address, "\""));
  }
  to.sin_port = htons(static_cast<uint16_t>(port));
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) {
    return Failed("socket");
  }
  const absl::Cleanup close_socket = [socket_fd] { close(socket_fd); };
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &kWaitMax, sizeof(kWaitMax));
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", address, "\r\nConnection: close\r\n\r\n");
  if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 ||
      send(socket_fd, request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size())) {
    return Failed(address);
  }
  std::string answer;
  std::vector<char> buffer(size_t{64} << 10);
  ssize_t size = 0;
  while ((size = recv(socket_fd, buffer.data(), buffer.size(), 0)) > 0) {
    answer.append(buffer.data(), static_cast<size_t>(size));
  }
  if (size < 0) {
    return Failed(address);
  }
  const std::pair<absl::string_view, absl::string_view> head_and_body =
      absl::StrSplit(answer, absl::MaxSplits("\r\n\r\n", 1));
  if (!absl::StartsWith(head_and_body.first, "HTTP/1.1 200 ")) {
    return absl::UnavailableError(absl::StrCat(
        address, path,
        " answered: ", head_and_body.first.substr(0, head_and_body.first.find("\r\n"))));
  }
  return std::string(head_and_body.second);
}

std::string HttpAddressIn(absl::string_view log) {
  constexpr absl::string_view kField = "\"http\":\"";
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const size_t at = line.find(kField);
    if (at != absl::string_view::npos && absl::StrContains(line, "\"event\":\"listening\"")) {
      const absl::string_view rest = line.substr(at + kField.size());
      const size_t end = rest.find('"');
      return end == absl::string_view::npos ? "" : std::string(rest.substr(0, end));
    }
  }
  return "";
}

}  // namespace emptychair::bench
