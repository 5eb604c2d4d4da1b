#include "tests/service/harness/backend.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/testing/in_process_server.h"
#include "common/base/status_macros.h"
#include "rocksdb/env.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

constexpr absl::string_view kListening = "listening on ";

[[noreturn]] void Abort(const absl::Status& status) {
  std::cerr << "no server for this test: " << status << std::endl;
  std::abort();
}

// Keeps its store in memory.
class InProcessBackend final : public Backend {
 public:
  explicit InProcessBackend(int64_t column_bytes_max = ServerConfig().column_bytes_max)
      : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
        clock_(kFakeNow),
        log_(&clock_, [](absl::string_view) {}) {
    ServerEnvironment environment;
    environment.clock = &clock_;
    environment.env = env_.get();
    environment.on_storage_failure = [](const absl::Status& status) { Abort(status); };
    absl::StatusOr<std::unique_ptr<Server>> server =
        StartInProcess("/store", &log_, std::move(environment), column_bytes_max);
    if (!server.ok()) {
      Abort(server.status());
    }
    server_ = *std::move(server);
  }

  std::string endpoint() const override { return server_->address(); }
  FakeClock* clock() override { return &clock_; }
  rocksdb::Env* env() override { return env_.get(); }

 private:
  std::unique_ptr<rocksdb::Env> env_;
  FakeClock clock_;
  ServerLog log_;
  std::unique_ptr<Server> server_;
};

class BinaryBackend final : public Backend {
 public:
  BinaryBackend() {
    absl::StatusOr<RunningBinary> binary = StartBinary(directory_.Join("data"));
    if (!binary.ok()) {
      Abort(binary.status());
    }
    binary_ = *std::move(binary);
  }

  std::string endpoint() const override { return binary_.endpoint; }

 private:
  TempDir directory_;
  RunningBinary binary_;
};

}  // namespace

std::unique_ptr<Backend> Backend::Start(BackendKind kind) {
  if (kind == BackendKind::kInProcess) {
    return std::make_unique<InProcessBackend>();
  }
  return std::make_unique<BinaryBackend>();
}

std::unique_ptr<Backend> Backend::StartWithoutColumns() {
  return std::make_unique<InProcessBackend>(0);
}

absl::StatusOr<RunningBinary> StartBinary(const std::string& directory,
                                          const std::vector<std::string>& more_flags) {
  std::vector<std::string> argv = {EMPTYCHAIRD_PATH,       absl::StrCat("--data=", directory),
                                   "--listen=127.0.0.1:0", "--http_listen=off",
                                   "--access_log=off",     "--steward=false"};
  argv.insert(argv.end(), more_flags.begin(), more_flags.end());
  RunningBinary binary;
  ASSIGN_OR_RETURN(binary.process, Subprocess::Start(argv));
  const absl::StatusOr<std::string> line = binary.process->ReadLine(kLong);
  if (!line.ok() || !absl::StartsWith(*line, kListening)) {
    return absl::UnavailableError(
        absl::StrCat("emptychaird does not listen: ", line.status().ToString(), "; ",
                     binary.process->StandardError()));
  }
  binary.endpoint = line->substr(kListening.size());
  return binary;
}

Client MakeClient(const std::string& endpoint, absl::Duration timeout) {
  ClientOptions options{.endpoint = endpoint, .timeout = timeout};
  options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
  absl::StatusOr<Client> client = Client::Create(options);
  if (!client.ok()) {
    Abort(client.status());
  }
  return *std::move(client);
}

}  // namespace emptychair::testing
