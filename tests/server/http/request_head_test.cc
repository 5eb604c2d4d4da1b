#include "server/http/request_head.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(FaultOfHead, SoundHeadsHaveNone) {
  const std::string sound[] = {
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:7444\r\nAccept: */*\r\n\r\n",
      "HEAD /readyz?for=writes HTTP/1.1\r\nhOsT:[::1]:7444\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\n\r\n",
  };
  for (const std::string& head : sound) {
    EXPECT_EQ(FaultOfHead(head), std::nullopt) << head;
  }
}

TEST(FaultOfHead, NamesWhatTwoReadersCouldTakeDifferently) {
  const std::string host = "\r\nHost: h\r\n";
  const struct {
    std::string head;
    std::string fault;
  } cases[] = {
      {"", "empty line"},
      {"GET / HTTP/1.1\r\nHost: h\r\n", "empty line"},
      {"\r\n\r\n", "request line"},
      {"GET  / HTTP/1.1" + host + "\r\n", "request line"},
      {"GET /" + host + "\r\n", "request line"},
      {" GET / HTTP/1.1" + host + "\r\n", "request line"},
      {"GET / HTTP/1.1 " + host + "\r\n", "request line"},
      {"GET / HTTP/0.9" + host + "\r\n", "version"},
      {"GET / HTTP/2.0" + host + "\r\n", "version"},
      {"GET / http/1.1" + host + "\r\n", "version"},
      {"get / HTTP/1.1" + host + "\r\n", "method"},
      {"Get / HTTP/1.1" + host + "\r\n", "method"},
      {"CONNECT h:1 HTTP/1.1" + host + "\r\n", "method"},
      {"GET http://h/ HTTP/1.1" + host + "\r\n", "target"},
      {"GET h HTTP/1.1" + host + "\r\n", "target"},
      {"OPTIONS * HTTP/1.1" + host + "\r\n", "target"},
      {"GET /\x7f HTTP/1.1" + host + "\r\n", "target"},
      {"GET /\xc3\xa9 HTTP/1.1" + host + "\r\n", "target"},
      {"GET /\t HTTP/1.1" + host + "\r\n", "target"},
      {"GET / HTTP/1.1\r\n\r\n", "Host"},
      {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "Host"},
      {"GET / HTTP/1.0\r\nHost: h\r\nhost: i\r\n\r\n", "Host"},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "Host"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "Host"},
      {"GET / HTTP/1.1\r\nHost: h/\r\n\r\n", "Host"},
      {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "Host"},
      {"GET / HTTP/1.1" + host + " folded: 1\r\n\r\n", "folded"},
      {"GET / HTTP/1.1" + host + "\tfolded\r\n\r\n", "folded"},
      {"GET / HTTP/1.1" + host + "a b: 1\r\n\r\n", "folded"},
      {"GET / HTTP/1.1" + host + "a : 1\r\n\r\n", "folded"},
      {"GET / HTTP/1.1" + host + ": 1\r\n\r\n", "no name"},
      {"GET / HTTP/1.1" + host + "none\r\n\r\n", "no name"},
      {"GET / HTTP/1.1" + host + "Upgrade: h2c\r\n\r\n", "upgrade"},
      {"GET / HTTP/1.1" + host + "Content-Length: 5\r\n\r\n", "body"},
      {"HEAD / HTTP/1.1" + host + "Content-Length: 05\r\n\r\n", "body"},
      {"GET / HTTP/1.1" + host + "Transfer-Encoding: chunked\r\n\r\n", "body"},
      {"POST / HTTP/1.1" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "twice"},
      {"POST / HTTP/1.1" + host + "Content-Length: 5, 5\r\n\r\n", "not a number"},
      {"POST / HTTP/1.1" + host + "Content-Length: +5\r\n\r\n", "not a number"},
      {"POST / HTTP/1.1" + host + "Content-Length: 0x5\r\n\r\n", "not a number"},
      {"POST / HTTP/1.1" + host + "Content-Length:\r\n\r\n", "not a number"},
      {"POST / HTTP/1.1" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", "not chunked"},
      {"POST / HTTP/1.1" + host + "Transfer-Encoding: Chunked\r\n\r\n", "not chunked"},
      {"POST / HTTP/1.1" + host +
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       "twice"},
      {"POST / HTTP/1.0" + host + "Transfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
      {"POST / HTTP/1.1" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       "Content-Length"},
  };
  for (const auto& [head, fault] : cases) {
    const std::optional<std::string> found = FaultOfHead(head);
    ASSERT_TRUE(found.has_value()) << head;
    EXPECT_TRUE(absl::StrContains(*found, fault)) << head << " gave: " << *found;
  }
}

TEST(FaultOfHead, BoundsTheNumberOfFields) {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 1; i < kHttpFieldsMax; ++i) {
    absl::StrAppend(&head, "a", i, ": 1\r\n");
  }
  EXPECT_EQ(FaultOfHead(head + "\r\n"), std::nullopt);
  EXPECT_TRUE(FaultOfHead(head + "b: 1\r\n\r\n").has_value());
}

}  // namespace
}  // namespace emptychair
