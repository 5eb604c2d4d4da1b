// Listens for connections in gRPC's place.
#ifndef EMPTYCHAIR_SERVER_RPC_ACCEPTOR_H_
#define EMPTYCHAIR_SERVER_RPC_ACCEPTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/telemetry/server_log.h"

namespace emptychair {

// gRPC 1.51 stops accepting for good once the process has run out of descriptors (CVE-2023-4785).
// This goes on as soon as there are some again, and does not let connections take the last ones:
// the store could not open its files then. Thread-safe.
class Acceptor {
 public:
  // Owns the connection. Called on the acceptor's thread; must not block.
  using OnConnection = std::function<void(int listener, int connection)>;

  // Listens on "HOST:PORT", "[IPv6]:PORT" or "unix:PATH"; port 0 takes any that is free. A host
  // with several addresses is listened on at all of them. Nothing is accepted before Start. Errors:
  // UNAVAILABLE, with what to do. `log` must outlive it.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const std::string& address,
                                                          ServerLog* log);
  // The same on a Unix socket that nobody but this user can open.
  static absl::StatusOr<std::unique_ptr<Acceptor>> ListenInPrivate(const std::string& path,
                                                                   ServerLog* log);

  // Stops.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // 0 for a Unix socket.
  int port() const { return port_; }

  // Connections that were accepted and are still open. gRPC closes them without a word, so each is
  // looked at: some hundred nanoseconds a connection.
  int64_t connections() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Connections that were closed at once for want of descriptors.
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  // Accepts from now on. A connection that would leave fewer than a quarter of the process's
  // descriptors, at most 1,024, is closed at once. Once.
  void Start(OnConnection on_connection);

  // Accepts nothing any more, and listens no more. Idempotent, but not to be called by two threads
  // at a time.
  void Stop();

 private:
  explicit Acceptor(ServerLog* log) : log_(log) {}

  absl::Status ListenOnUnix(const std::string& path, bool is_private);
  absl::Status ListenOnHost(const std::string& host, const std::string& port);
  void Run();
  // False when there are no descriptors left for another.
  bool AcceptFrom(int listener);
  void Remember(int connection) ABSL_LOCKS_EXCLUDED(mutex_);

  ServerLog* const log_;
  int port_ = 0;
  std::string unix_path_;
  std::vector<int> listeners_;
  int stop_fd_ = -1;
  OnConnection on_connection_;
  int descriptors_max_ = 0;
  bool is_exhausted_ = false;
  std::atomic<int64_t> refused_{0};
  mutable absl::Mutex mutex_;
  // The inode of the socket that was accepted as this descriptor: another is there once it is
  // closed. 0: none.
  mutable std::vector<uint64_t> inodes_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_ACCEPTOR_H_
