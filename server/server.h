// Starts and stops the whole server inside the calling process.
#ifndef EMPTYCHAIR_SERVER_SERVER_H_
#define EMPTYCHAIR_SERVER_SERVER_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "server/config.h"
#include "server/telemetry/server_log.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair {

class Gatekeeper;

// Replaces the machine's clock and files in a test. Everything must outlive the server.
struct ServerEnvironment {
  const Clock* clock = Clock::System();
  // Tells when calls come and whether their deadlines, which are times of the machine's clock, have
  // passed. Null: `clock`.
  const Clock* call_clock = nullptr;
  // Null: the machine's file system.
  rocksdb::Env* env = nullptr;
  // Called once when the disk has refused a write. Nothing more is stored; the process should end.
  absl::AnyInvocable<void(const absl::Status&)> on_storage_failure;
  // How long changes may wait that nobody gets on with, before /healthz says that it is stuck.
  absl::Duration stuck_after = absl::Seconds(10);
  // Called once, with the server's own gatekeeper: makes the one that calls are asked by instead.
  // Null: the server's own.
  absl::AnyInvocable<Gatekeeper*(Gatekeeper* own)> replace_gatekeeper;
};

// A running server. Thread-safe.
class Server {
 public:
  // Opens the store and listens. Serving when it returns. Errors say what to do.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config, ServerLog* log,
                                                       ServerEnvironment environment = {});

  // Shuts down at once.
  ~Server();

  // The port that was given, or chosen for port 0; 0 for a Unix socket.
  int port() const;
  // The listening address, as "ADDRESS:PORT" or "unix:PATH".
  const std::string& address() const;
  // Where HTTP is served, as "ADDRESS:PORT"; empty: it is not.
  const std::string& http_address() const;

  // Opens log files anew, so that they can be renamed, and takes what stands in the files of
  // encryption. What fails stays as it was, with a warning in the log.
  void Reload();

  // Refuses new calls, lets those under way finish until `deadline` by the machine's clock, and
  // closes the store. Idempotent.
  void Shutdown(absl::Time deadline);

 private:
  struct Parts;

  explicit Server(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVER_H_
