#include "tools/chairbench/operations/http_get.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/http_listener.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::bench {
namespace {

using ::emptychair::testing::IsOkAndHolds;
using ::testing::HasSubstr;

TEST(HttpGet, ReadsAPageToItsEnd) {
  // More than a socket takes at once.
  const std::string page(3 << 20, 'x');
  HttpRoutes routes;
  routes.push_back(
      {.path = "/metrics", .answer = [&](const HttpRequest&) { return HttpText(200, page); }});
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<HttpListener> listener,
                       HttpListener::Listen("127.0.0.1:0", {.routes = routes}));
  const absl::StatusOr<std::string> got = HttpGet(listener->address(), "/metrics");
  ASSERT_OK(got.status());
  EXPECT_THAT(*got, HasSubstr(page));
}

TEST(HttpGet, TellsWhatElseCame) {
  HttpRoutes routes;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<HttpListener> listener,
                       HttpListener::Listen("127.0.0.1:0", {.routes = routes}));
  const std::string address = listener->address();
  const absl::Status missing = HttpGet(address, "/metrics").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(missing.message(), HasSubstr("404"));

  listener.reset();
  EXPECT_EQ(HttpGet(address, "/metrics").status().code(), absl::StatusCode::kUnavailable);
  for (const char* wrong : {"", "127.0.0.1", "localhost:80", "127.0.0.1:x"}) {
    EXPECT_EQ(HttpGet(wrong, "/").status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(HttpAddressIn, IsThatOfTheListeningServer) {
  const std::string line =
      R"({"time":"t","severity":"INFO","event":"listening","address":"127.0.0.1:7443",)"
      R"("http":"127.0.0.1:7444","version":"0.1.0"})"
      "\n";
  EXPECT_EQ(HttpAddressIn("{\"event\":\"other\",\"http\":\"elsewhere\"}\n" + line),
            "127.0.0.1:7444");
  EXPECT_EQ(HttpAddressIn(""), "");
  // Half a line is none yet.
  EXPECT_EQ(HttpAddressIn(line.substr(0, line.find(":7444"))), "");
}

}  // namespace
}  // namespace emptychair::bench
