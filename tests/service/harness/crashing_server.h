// A server in the test's own process that is restarted, killed and cut off its power.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_CRASHING_SERVER_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_CRASHING_SERVER_H_

#include <memory>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "emptychair/client/client.h"
#include "rocksdb/env.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/unsynced_loss_file_system.h"

namespace emptychair::testing {

// Keeps one store through all of its ends. Not thread-safe.
class CrashingServer {
 public:
  // Not running yet.
  CrashingServer();

  // Makes the store, with the power safe, and starts.
  absl::Status Start();
  // Stops as on SIGTERM, and starts again.
  absl::Status Restart();
  // Loses its power and all that was not synced, and starts again.
  absl::Status Crash();
  // The next change that is to be synced loses the power instead and fails with SHUTTING_DOWN.
  // Then only Crash goes on.
  void CutPowerAtNextSync() { files_->CutPowerAtSync(1); }

  Client& client() { return *client_; }
  FakeClock& clock() { return clock_; }

 private:
  // Null for `env`: the machine's own.
  absl::Status StartOn(rocksdb::Env* env);

  const std::shared_ptr<UnsyncedLossFileSystem> files_;
  const std::unique_ptr<rocksdb::Env> env_;
  TempDir directory_;
  FakeClock clock_;
  ServerLog log_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_CRASHING_SERVER_H_
