// Settings of the server, and their validation.
#ifndef EMPTYCHAIR_SERVER_CONFIG_H_
#define EMPTYCHAIR_SERVER_CONFIG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/access_types.pb.h"
#include "server/api/executor.h"
#include "server/tls/tls_options.h"

namespace emptychair {

// Where HTTP is served when nothing else is said, if nobody else is there.
inline constexpr char kHttpDefault[] = "127.0.0.1:7444";
// Says that it is not served.
inline constexpr char kHttpOff[] = "off";

// The settings of one server. Each is a flag of emptychaird; flags.cc names them.
struct ServerConfig {
  // Folder of the store; made if absent. Required: there is no store in memory.
  std::string data_directory;

  // Where to listen: "HOST:PORT", "[IPv6]:PORT" or "unix:PATH". Port 0: any that is free.
  std::string listen_address = "127.0.0.1:7443";

  // Listen in plain text where others than this machine can connect.
  bool insecure = false;

  // Encryption of `listen_address`.
  TlsOptions tls;

  // Where to serve metrics and health over HTTP: "HOST:PORT", "[IPv6]:PORT" or kHttpOff. Port 0:
  // any that is free. Empty: kHttpDefault, and nowhere if that is taken.
  std::string http_listen;

  // Serve HTTP, which is plain text, where others than this machine can connect.
  bool http_insecure = false;

  // What callers may do who do not say who they are: none, submitter, reader, analyst, editor or
  // admin. Empty: admin where only this machine can connect in plain text, else none.
  std::string anonymous;

  // Unix socket whose callers are admins: a path, or off. Empty: `data_directory`/admin.sock, if
  // that can be made.
  std::string admin_socket;

  // A JSON line a call: "stderr", "off" or the path of a file to append to.
  std::string access_log = "stderr";

  // Grace period of calls that are under way when the server stops.
  absl::Duration drain_deadline = absl::Seconds(10);

  // Threads and queues for work that is not the committer's.
  ExecutorOptions executor = ExecutorOptions::ForCores(2);

  // Changes that wait for the disk, in bytes. Past it calls are refused with QUEUE_FULL.
  int64_t queue_bytes_max = int64_t{64} << 20;

  // While fewer bytes are free on the disk of the store, changes that need space are refused with
  // DISK_FULL. 0: never.
  int64_t disk_reserve_bytes = int64_t{512} << 20;

  // Blocks of the store's tables kept in memory, in bytes.
  int64_t block_cache_bytes = int64_t{256} << 20;

  // Columns that queries make of records which the cube cannot count, in bytes. 0: none.
  int64_t column_bytes_max = int64_t{256} << 20;

  // How long audit events are kept.
  int audit_days = 400;

  // Between two looks at keys that have come to their end, and at what was used of others.
  absl::Duration access_period = absl::Seconds(10);

  // Between two looks at what is due behind the writes. 0: nobody looks.
  absl::Duration steward_period = absl::Seconds(10);

  // Folder of backups; made if absent, not inside of `data_directory`. Empty: there are none.
  std::string backup_directory;

  // What is read of the store for a backup in a second at most, in bytes. 0: without a limit.
  int64_t backup_bytes_per_second = int64_t{64} << 20;

  // What requests that are still being received may take in all, in bytes.
  int64_t receive_bytes_max = int64_t{64} << 20;
};

// Refuses a setting that cannot work, or that opens the server to others without saying so. Reads
// nothing but `config`. Errors name the flag: FIELD_REQUIRED, FIELD_INVALID.
absl::Status ValidateConfig(const ServerConfig& config);

// The role of callers who do not say who they are, of a valid configuration; ROLE_UNSPECIFIED:
// none.
v1::Role AnonymousRole(const ServerConfig& config);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CONFIG_H_
