// Serves HTTP/1.1, beside gRPC.
#ifndef EMPTYCHAIR_SERVER_HTTP_HTTP_LISTENER_H_
#define EMPTYCHAIR_SERVER_HTTP_HTTP_LISTENER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http/http_routes.h"

namespace emptychair {

// What one listener lets its clients have.
struct HttpLimits {
  // Past them a connection is told to come back, and closed.
  int connections_max = 16;
  // How long a request may take to arrive, an answer to be taken, and a connection to be idle.
  absl::Duration timeout = absl::Seconds(10);
  // Bytes of a request's head; bodies are not read.
  size_t request_bytes_max = 4'096;
};

// Why something was refused.
enum class HttpRefusal { kConnections, kTimeout, kTooLarge, kMalformed };

// Answers requests on one thread, one after the other on each connection. What is malformed or too
// large gets a sentence with 400 or 431, and its connection is closed, as is one that is too slow.
// Memory is bounded by the limits and the size of an answer. Thread-safe.
class HttpListener {
 public:
  struct Options {
    HttpRoutes routes;
    HttpLimits limits;
    // Called on the listener's thread; may be null.
    std::function<void(HttpRefusal)> on_refused;
  };

  // Listens on "HOST:PORT" or "[IPv6]:PORT", and answers from then on; port 0 takes any that is
  // free. A host with several addresses is listened on at all of them. Errors: UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Listen(const std::string& address,
                                                              Options options);

  // Stops.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // "HOST:PORT", with the port that was chosen.
  const std::string& address() const { return address_; }

  // Connections that are open.
  int connections() const;

  // Closes all connections, and listens no more. Idempotent, but not to be called by two threads at
  // a time.
  void Stop();

 private:
  class Impl;

  HttpListener(std::unique_ptr<Impl> impl, const std::string& host);

  const std::unique_ptr<Impl> impl_;
  const std::string address_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_HTTP_HTTP_LISTENER_H_
