#include "server/http/http_listener.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/raw_http.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpListenerTest : public ::testing::Test {
 protected:
  void Listen(const HttpLimits& limits = {}) {
    HttpListener::Options options;
    options.limits = limits;
    options.routes = {
        {"/small", [](const HttpRequest&) { return HttpText(200, "small"); }},
        {"/query", [](const HttpRequest& request) { return HttpText(200, request.query); }},
        {.path = "/paced",
         .answer =
             [](const HttpRequest&) {
               const absl::Time start = absl::Now();
               while (absl::Now() < start + absl::Milliseconds(2)) {
               }
               return HttpText(200, "paced");
             },
         .is_paced = true},
        {"/large", [](const HttpRequest&) { return HttpText(200, std::string(200'000, 'x')); }}};
    options.on_refused = [this](HttpRefusal why) {
      absl::MutexLock lock(&mutex_);
      refusals_.push_back(why);
    };
    absl::StatusOr<std::unique_ptr<HttpListener>> listener =
        HttpListener::Listen("127.0.0.1:0", std::move(options));
    ASSERT_OK(listener);
    listener_ = *std::move(listener);
  }

  const std::string& address() { return listener_->address(); }

  std::vector<HttpRefusal> refusals() {
    absl::MutexLock lock(&mutex_);
    return refusals_;
  }

  // Waits until the listener has so many connections.
  void WaitForConnections(int count) {
    while (listener_->connections() != count) {
      std::this_thread::yield();
    }
  }

  absl::Mutex mutex_;
  std::vector<HttpRefusal> refusals_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpListenerTest, AnswersGetAndHead) {
  Listen();
  const HttpAnswer got = GetHttp(address(), "/small");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "small\n");
  EXPECT_EQ(got.Field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(got.Field("Cache-Control"), "no-store");
  EXPECT_EQ(got.Field("X-Content-Type-Options"), "nosniff");
  RawConnection connection(address());
  connection.Send(
      "HEAD /small HTTP/1.1\r\nHost: h\r\n\r\nGET /query?a=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  const HttpAnswer head = connection.Read(/*is_head=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Field("Content-Length"), "6");
  // Nothing of a body stands between the two.
  EXPECT_EQ(connection.Read().body, "a=1\n");
  EXPECT_EQ(GetHttp(address(), "/large").body.size(), 200'001u);
}

TEST_F(HttpListenerTest, SaysWhatItDoesNotHave) {
  Listen();
  EXPECT_EQ(GetHttp(address(), "/nothing").status, 404);
  const HttpAnswer answer = GetHttp(address(), "/small", "DELETE");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Field("Allow"), "GET, HEAD");
  EXPECT_EQ(answer.Field("Connection"), "close");
}

TEST_F(HttpListenerTest, KeepsAConnectionAsLongAsItsClientWants) {
  Listen();
  RawConnection connection(address());
  for (int i = 0; i < 10; ++i) {
    connection.Send(absl::StrCat("GET /query?", i, " HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(connection.Read().body, absl::StrCat(i, "\n"));
  }
  connection.Send("GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(connection.Read().status, 200);
  EXPECT_TRUE(connection.IsAtEnd());
  // An old client says when it wants to keep it.
  RawConnection old(address());
  old.Send("GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.Read().status, 200);
  old.Send("GET /small HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().status, 200);
  EXPECT_TRUE(old.IsAtEnd());
}

TEST_F(HttpListenerTest, AnswersPipelinedRequestsInTheirOrder) {
  Listen();
  RawConnection connection(address());
  std::thread sender([&] {
    std::string requests;
    for (int i = 0; i < 2'000; ++i) {
      absl::StrAppend(&requests, "GET /query?", i, " HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    EXPECT_TRUE(connection.Send(requests));
  });
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_EQ(connection.Read().body, absl::StrCat(i, "\n"));
  }
  sender.join();
}

// Whoever asks as fast as possible, also over many connections, takes a tenth of a processor.
TEST_F(HttpListenerTest, PacesWhatCostsMuch) {
  constexpr int kConnections = 4;
  constexpr int kTimes = 5;
  Listen();
  const absl::Time start = absl::Now();
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(std::make_unique<RawConnection>(address()));
    for (int k = 0; k < kTimes; ++k) {
      connections.back()->Send("GET /paced HTTP/1.1\r\nHost: h\r\n\r\n");
    }
  }
  // Others need not wait.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(GetHttp(address(), "/small").status, 200);
  }
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(300));
  for (int k = 0; k < kTimes; ++k) {
    for (const auto& connection : connections) {
      EXPECT_EQ(connection->Read().body, "paced\n");
    }
  }
  EXPECT_GE(absl::Now() - start, absl::Milliseconds((kConnections * kTimes - 1) * 18));
  connections[0]->Send("GET /paced HTTP/1.1\r\nHost: h\r\n\r\n");
  listener_->Stop();
  EXPECT_EQ(listener_->connections(), 0);
}

TEST_F(HttpListenerTest, RefusesWhatIsMalformedAndCloses) {
  Listen();
  const std::string bad[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "get /small HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /small HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
      "GET /small HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
      // These, the library refuses.
      "GET /small HTTP/1.1\r\nHost: h\r\nbad\x01name: 1\r\n\r\n",
      "GET /small HTTP/1.1\r\nHost: h\r\nname: a\x01z\r\n\r\n",
      "GET /small HTTP/1.1\r\nHost: h\r\nb(c): 1\r\n\r\n",
      absl::StrCat("GET /small HTTP/1.1\r\nHost: h\r\nname: ", std::string(1, '\0'), "\r\n\r\n"),
      "GET /small HTTP/1.1\r\nHost: h\r\nname: a\nb\r\n\r\n",
  };
  for (const std::string& request : bad) {
    RawConnection connection(address());
    connection.Send(request + "GET /small HTTP/1.1\r\nHost: h\r\n\r\n");
    const HttpAnswer answer = connection.Read();
    EXPECT_EQ(answer.status, 400) << request;
    EXPECT_EQ(answer.Field("Connection"), "close");
    EXPECT_TRUE(connection.IsAtEnd()) << request;
  }
  EXPECT_EQ(refusals(), std::vector<HttpRefusal>(std::size(bad), HttpRefusal::kMalformed));
}

TEST_F(HttpListenerTest, BoundsARequest) {
  Listen();
  const std::string start = "GET /query?";
  const std::string end = " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string most(4'096 - start.size() - end.size(), 'a');
  EXPECT_EQ(SendHttp(address(), start + most + end).body, most + "\n");
  EXPECT_EQ(SendHttp(address(), start + most + "a" + end).status, 431);
  // One that never ends has its answer, too, whatever comes behind.
  RawConnection connection(address());
  connection.Send("GET / HTTP/1.1\r\n" + std::string(1'000'000, 'h'));
  EXPECT_EQ(connection.Read().status, 431);
  EXPECT_THAT(refusals(), ::testing::Each(HttpRefusal::kTooLarge));
}

TEST_F(HttpListenerTest, ClosesWhatIsTooSlow) {
  Listen({.timeout = absl::Milliseconds(50)});
  RawConnection half(address());
  half.Send("GET /small HT");
  EXPECT_TRUE(half.IsAtEnd());
  RawConnection idle(address());
  EXPECT_TRUE(idle.IsAtEnd());
  // One byte at a time does not help.
  RawConnection drip(address());
  const absl::Time start = absl::Now();
  for (absl::Time next = start; absl::Now() < start + absl::Milliseconds(200);) {
    if (absl::Now() >= next) {
      next += absl::Milliseconds(5);
      drip.Send("a");
    }
  }
  EXPECT_TRUE(drip.IsAtEnd());
  // Nor does a client that takes no answers: many times what the kernel holds for it.
  RawConnection deaf(address());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += "GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  deaf.Send(requests);
  WaitForConnections(0);
  EXPECT_THAT(refusals(), Contains(HttpRefusal::kTimeout));
  EXPECT_EQ(GetHttp(address(), "/small").status, 200);
}

TEST_F(HttpListenerTest, BoundsItsConnections) {
  Listen({.connections_max = 3});
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawConnection>(address()));
  }
  WaitForConnections(3);
  RawConnection fourth(address());
  const HttpAnswer refused = fourth.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Field("Retry-After"), "1");
  EXPECT_TRUE(fourth.IsAtEnd());
  EXPECT_EQ(refusals(), std::vector<HttpRefusal>{HttpRefusal::kConnections});
  // Those that are there go on, and one that goes makes room.
  held[0]->Send("GET /small HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(held[0]->Read().status, 200);
  held.pop_back();
  WaitForConnections(2);
  EXPECT_EQ(GetHttp(address(), "/small").status, 200);
}

TEST_F(HttpListenerTest, ATakenPortIsAnErrorThatNamesTheFlag) {
  Listen();
  const absl::Status status = HttpListener::Listen(address(), {}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--http_listen"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(address()));
}

TEST_F(HttpListenerTest, ListensOnNamesAndOnIpv6) {
  for (const char* host : {"localhost:0", "127.0.0.1:0", "[::1]:0"}) {
    absl::StatusOr<std::unique_ptr<HttpListener>> listener = HttpListener::Listen(host, {});
    if (!listener.ok() && host[0] == '[') {
      continue;  // A machine without IPv6.
    }
    ASSERT_OK(listener);
    EXPECT_THAT((*listener)->address(), Not(::testing::EndsWith(":0")));
    (*listener)->Stop();
    (*listener)->Stop();
  }
  EXPECT_FALSE(HttpListener::Listen("no.such.host.invalid:0", {}).ok());
}

TEST_F(HttpListenerTest, StopEndsWhatIsUnderWay) {
  Listen();
  RawConnection idle(address());
  RawConnection half(address());
  half.Send("GET /sm");
  WaitForConnections(2);
  listener_->Stop();
  EXPECT_TRUE(idle.IsAtEnd());
  EXPECT_TRUE(half.IsAtEnd());
  EXPECT_EQ(listener_->connections(), 0);
  EXPECT_FALSE(RawConnection(address()).is_open());
}

}  // namespace
}  // namespace emptychair::testing
