#include "tests/helpers/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace emptychair::testing {

std::string HttpAnswer::Field(absl::string_view name) const {
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (parts.size() == 2 && absl::EqualsIgnoreCase(parts[0], name)) {
      return std::string(parts[1]);
    }
  }
  return "";
}

RawConnection::RawConnection(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
    return;
  }
  peer.sin_port = htons(static_cast<uint16_t>(port));
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval minute{60, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

bool RawConnection::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawConnection::Fill() {
  char bytes[4096];
  const ssize_t size = recv(fd_, bytes, sizeof(bytes), 0);
  if (size <= 0) {
    return false;
  }
  received_.append(bytes, static_cast<size_t>(size));
  return true;
}

HttpAnswer RawConnection::Read(bool is_head) {
  HttpAnswer answer;
  size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) {
      return answer;
    }
  }
  answer.head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  const std::vector<absl::string_view> words = absl::StrSplit(answer.head, ' ');
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &answer.status)) {
    return answer;
  }
  size_t size = 0;
  if (!is_head && absl::SimpleAtoi(answer.Field("Content-Length"), &size)) {
    while (received_.size() < size && Fill()) {
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
  }
  return answer;
}

bool RawConnection::IsAtEnd() { return received_.empty() && !Fill(); }

HttpAnswer SendHttp(const std::string& address, absl::string_view bytes) {
  RawConnection connection(address);
  connection.Send(bytes);
  return connection.Read();
}

HttpAnswer GetHttp(const std::string& address, absl::string_view target, absl::string_view method) {
  RawConnection connection(address);
  connection.Send(absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: ", address, "\r\n\r\n"));
  return connection.Read(/*is_head=*/method == "HEAD");
}

}  // namespace emptychair::testing
