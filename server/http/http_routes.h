// What an HTTP listener serves: a table of paths.
#ifndef EMPTYCHAIR_SERVER_HTTP_HTTP_ROUTES_H_
#define EMPTYCHAIR_SERVER_HTTP_HTTP_ROUTES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace emptychair {

// A request, once its head was found to be sound. Holds while it is answered.
struct HttpRequest {
  absl::string_view method;
  // Begins with "/", as it was sent: nothing in it is decoded.
  absl::string_view path;
  // What stands behind the first "?"; empty: nothing.
  absl::string_view query;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Of 405: the methods that the path has.
  std::string allow;
};

// One path and what answers it. For GET and HEAD, whose answer is that of GET without its body.
struct HttpRoute {
  std::string path;
  // Called on the listener's thread, where it holds up all others: must be quick.
  std::function<HttpResponse(const HttpRequest&)> answer;
  // Answers cost so much that all of them together may take but a tenth of a processor: the next
  // one waits nine times as long as the one before took.
  bool is_paced = false;
};

using HttpRoutes = std::vector<HttpRoute>;

// A word or a sentence as an answer.
HttpResponse HttpText(int status, absl::string_view text);

// The value of `key` in a query of KEY=VALUE, separated by "&"; the first, and nothing decoded.
// Empty when there is none.
absl::string_view QueryValue(absl::string_view query, absl::string_view key);

// The route of the path; null when it has none.
const HttpRoute* FindRoute(const HttpRoutes& routes, absl::string_view path);

// The answer to `request`: the route's; 404 for a path that has none, 405 for a method that is
// neither GET nor HEAD.
HttpResponse AnswerByRoute(const HttpRoutes& routes, const HttpRequest& request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_HTTP_HTTP_ROUTES_H_
