#include "server/http/http_routes.h"

#include <string>

#include "gtest/gtest.h"

namespace emptychair {
namespace {

HttpRoutes Routes() {
  return {{"/a", [](const HttpRequest& request) { return HttpText(200, request.query); }},
          {"/busy", [](const HttpRequest&) { return HttpText(503, "busy"); }}};
}

TEST(AnswerByRoute, AsksTheRouteOfThePath) {
  const HttpResponse answer = AnswerByRoute(Routes(), {"GET", "/a", "x=1"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "x=1\n");
  EXPECT_EQ(AnswerByRoute(Routes(), {"HEAD", "/busy", ""}).status, 503);
}

TEST(AnswerByRoute, PathsAreExact) {
  for (const char* path : {"/", "", "/a/", "/A", "/a%20", "//a", "/b", "/a/.."}) {
    const HttpResponse answer = AnswerByRoute(Routes(), {"GET", path, ""});
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(AnswerByRoute(Routes(), {"POST", path, ""}).status, 404) << path;
  }
}

TEST(AnswerByRoute, OtherMethodsAreRefusedWithThoseThatThereAre) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const HttpResponse answer = AnswerByRoute(Routes(), {method, "/a", ""});
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.allow, "GET, HEAD");
  }
}

TEST(QueryValue, FindsTheFirstOfAKey) {
  EXPECT_EQ(QueryValue("for=writes", "for"), "writes");
  EXPECT_EQ(QueryValue("a=1&for=x&for=y", "for"), "x");
  for (const char* query : {"", "for", "fora=1", "afor=1", "FOR=1", "&", "for&=", "for="}) {
    EXPECT_EQ(QueryValue(query, "for"), "") << query;
  }
}

}  // namespace
}  // namespace emptychair
