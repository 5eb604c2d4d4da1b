// emptychair-fake: the server with its store in memory, for tests in any language.
//
// Says on stdout where it listens, and where it is told what to do (FakeService):
//
//   listening on 127.0.0.1:PORT
//   controlled on 127.0.0.1:PORT
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/testing/fake_service.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "emptychair/testing/fake_server.h"
#include "tools/command_line/command_line.h"

namespace emptychair::testing {
namespace {

// Bad arguments.
constexpr int kExitUsage = 2;

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// False at the end of standard input, or when it cannot be read.
bool ReadsOn() {
  std::array<char, 4096> ignored;
  const ssize_t size = read(STDIN_FILENO, ignored.data(), ignored.size());
  return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
}

// Waits for one of the blocked `signals`, or for the end of standard input.
void WaitForEnd(const sigset_t& signals, bool until_stdin_ends) {
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  std::array<pollfd, 2> all = {{{signal_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  while (true) {
    poll(all.data(), until_stdin_ends ? 2 : 1, -1);
    if (all[0].revents != 0 || (all[1].revents != 0 && !ReadsOn())) {
      break;
    }
  }
  close(signal_fd);
}

absl::Status Run(const FakeServerOptions& options, bool until_stdin_ends) {
  // Blocked before any thread is made, so that only the wait below gets them.
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Whoever started it may be gone before it has said where it is.
  std::signal(SIGPIPE, SIG_IGN);
  ASSIGN_OR_RETURN(const std::unique_ptr<FakeServer> server, FakeServer::Start(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<FakeControl> control, FakeControl::Start(server.get()));
  std::printf("listening on %s\ncontrolled on %s\n", server->endpoint().c_str(),
              control->endpoint().c_str());
  std::fflush(stdout);
  WaitForEnd(signals, until_stdin_ends);
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  // Debian's abseil is built to look for deadlocks at every lock, in gRPC, too.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Program program(
      "The Empty Chair server for tests: its store is in memory, and its clock stands still.",
      "emptychair-fake");
  program.SetVersion(absl::StrCat("emptychair-fake ", kVersion));
  std::string time;
  bool until_stdin_ends = false;
  program.line().Add(
      "--time", time,
      "Where the clock stands until it is set, in RFC 3339; else the machine's time");
  program.line().Add("--until-stdin-ends", until_stdin_ends,
                     "End when standard input does, and so with the program that holds it open");
  Parsed parsed = program.Parse(arguments, std::cout);
  if (parsed.is_answered) {
    return EXIT_SUCCESS;
  }
  FakeServerOptions options;
  std::string why;
  if (parsed.error.empty() && !time.empty() &&
      !absl::ParseTime(absl::RFC3339_full, time, &options.time, &why)) {
    parsed.error = absl::StrCat("--time: ", why, "; wanted a time such as 2026-01-31T09:00:00Z");
  }
  if (!parsed.error.empty()) {
    std::cerr << "emptychair-fake: " << parsed.error << "\n";
    return kExitUsage;
  }
  if (const absl::Status status = Run(options, until_stdin_ends); !status.ok()) {
    std::cerr << "emptychair-fake: " << status.message() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emptychair::testing

int main(int argc, char** argv) {
  return emptychair::testing::Main(std::vector<std::string>(argv + 1, argv + argc));
}
