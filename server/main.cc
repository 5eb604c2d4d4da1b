// emptychaird: the server.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/version.h"
#include "server/config.h"
#include "server/flags.h"
#include "server/rpc/grpc_log.h"
#include "server/server.h"
#include "server/service_manager.h"
#include "server/telemetry/server_log.h"

namespace emptychair {
namespace {

// How long past its deadline the end may take.
constexpr absl::Duration kHangMax = absl::Seconds(10);

int Fail(absl::string_view message) {
  std::fprintf(stderr, "emptychaird: %s\n", std::string(message).c_str());
  return EXIT_FAILURE;
}

int Main(int argc, char** argv) {
  // Debian's abseil is built to look for deadlocks at every lock, in gRPC, too.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  absl::SetProgramUsageMessage(
      "The Empty Chair server: takes customer feedback in and says what it means.\n"
      "emptychaird --data DIR [--listen 127.0.0.1:7443]");
  absl::FlagsUsageConfig usage;
  usage.version_string = [] { return absl::StrCat("emptychaird ", kVersion, "\n"); };
  usage.contains_help_flags = [](absl::string_view file) {
    return absl::EndsWith(file, "server/flags.cc");
  };
  usage.contains_helpshort_flags = usage.contains_help_flags;
  absl::SetFlagsUsageConfig(usage);
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  if (arguments.size() > 1) {
    return Fail(absl::StrCat("unexpected argument \"", arguments[1], "\"; see --help"));
  }

  // Blocked before any thread is made, so that only the wait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // One that comes before the server is up waits until then.
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  // A log whose reader is gone must not end the server.
  std::signal(SIGPIPE, SIG_IGN);

  ServerLog log(Clock::System());
  GrpcLog grpc_log(&log, Clock::System());
  const ServerConfig config = ConfigFromFlags();
  ServerEnvironment environment;
  environment.on_storage_failure = [&log](const absl::Status& status) {
    log.Error("storage failed", {{"error", status.message()}});
    std::_Exit(EXIT_FAILURE);
  };
  NotifyRecovering(config.data_directory);
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(config, &log, std::move(environment));
  if (!server.ok()) {
    return Fail(server.status().message());
  }
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  const std::string& http = (*server)->http_address();
  log.Info("listening", {{"address", (*server)->address()},
                         {"http", http.empty() ? kHttpOff : http},
                         {"version", kVersion}});
  NotifyServing((*server)->address());

  int signal = 0;
  for (sigwait(&signals, &signal); signal == SIGHUP; sigwait(&signals, &signal)) {
    NotifyReloading();
    (*server)->Reload();
    NotifyServing((*server)->address());
  }
  NotifyStopping();
  log.Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  // Should the end hang, the kernel makes one: what was acknowledged is on disk.
  alarm(static_cast<unsigned>(absl::ToInt64Seconds(config.drain_deadline + kHangMax)));
  (*server)->Shutdown(absl::Now() + config.drain_deadline);
  server->reset();
  log.Info("stopped");
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emptychair

int main(int argc, char** argv) { return emptychair::Main(argc, argv); }
