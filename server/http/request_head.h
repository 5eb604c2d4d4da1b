// Refuses heads of HTTP requests that one reader could take for another thing than the next one
// does.
#ifndef EMPTYCHAIR_SERVER_HTTP_REQUEST_HEAD_H_
#define EMPTYCHAIR_SERVER_HTTP_REQUEST_HEAD_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// Fields that a head may have.
inline constexpr int kHttpFieldsMax = 64;

// What is wrong with the head, up to and with its empty line, as a sentence; nothing when it is
// sound. Sound is: HTTP/1.0 or HTTP/1.1; a method in upper case other than CONNECT; a target that
// begins with "/", of visible ASCII; one Host, which HTTP/1.0 may leave out; no folded line; no
// Upgrade; a body only as one Content-Length of digits, or in HTTP/1.1 as `chunked` alone, and none
// with GET or HEAD. What is left, the parser of the listener's library refuses. The sentence holds
// nothing of the head.
std::optional<std::string> FaultOfHead(absl::string_view head);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_HTTP_REQUEST_HEAD_H_
