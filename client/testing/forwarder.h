// Owns a port whose connections lead to another one, and can cut them.
#ifndef EMPTYCHAIR_CLIENT_TESTING_FORWARDER_H_
#define EMPTYCHAIR_CLIENT_TESTING_FORWARDER_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"

namespace emptychair::testing {

// Carries bytes between clients and a server that can be replaced, on one thread, with 128 KiB of
// memory for each connection. Thread-safe.
class Forwarder {
 public:
  // Listens on a free port of 127.0.0.1. Connections wait until there is a target. Errors:
  // UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<Forwarder>> Listen();

  // Cuts all connections.
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  int port() const;

  // The port of 127.0.0.1 that connections lead to, also those that wait; nothing: they wait from
  // now on.
  void SetTarget(std::optional<int> port);

  // Cuts all connections as they are: what is on its way is lost, and clients see a reset. Says how
  // many there were.
  int Cut();

 private:
  class Impl;

  explicit Forwarder(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_CLIENT_TESTING_FORWARDER_H_
