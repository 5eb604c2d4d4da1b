// Asks over HTTP, as what scrapes metrics does.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_HTTP_GET_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair::bench {

// What stands at `path` of the server at "127.0.0.1:PORT", asked for over a new connection.
// UNAVAILABLE when nobody answers in ten seconds, or with another status than 200.
absl::StatusOr<std::string> HttpGet(const std::string& address, absl::string_view path);

// Where a server says in its log that it is asked over HTTP; empty while it has not said so.
std::string HttpAddressIn(absl::string_view log);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_HTTP_GET_H_
