#include "server/http/http_routes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace emptychair {

HttpResponse HttpText(int status, absl::string_view text) {
  HttpResponse response;
  response.status = status;
  response.body = absl::StrCat(text, "\n");
  return response;
}

absl::string_view QueryValue(absl::string_view query, absl::string_view key) {
  for (absl::string_view pair : absl::StrSplit(query, '&')) {
    if (absl::ConsumePrefix(&pair, key) && absl::ConsumePrefix(&pair, "=")) {
      return pair;
    }
  }
  return {};
}

const HttpRoute* FindRoute(const HttpRoutes& routes, absl::string_view path) {
  const auto route = std::find_if(routes.begin(), routes.end(), [&](const HttpRoute& candidate) {
    return candidate.path == path;
  });
  return route == routes.end() ? nullptr : &*route;
}

HttpResponse AnswerByRoute(const HttpRoutes& routes, const HttpRequest& request) {
  const HttpRoute* const route = FindRoute(routes, request.path);
  if (route == nullptr) {
    return HttpText(404, "there is nothing at this path");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = HttpText(405, "this path has GET and HEAD alone");
    response.allow = "GET, HEAD";
    return response;
  }
  return route->answer(request);
}

}  // namespace emptychair
