#include "tools/chairbench/base/interrupt.h"

#include <csignal>

namespace emptychair::bench {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void NoteInterrupts() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

absl::Status CheckInterrupted() {
  // Left pending, so that every later check sees it, too.
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1) {
    return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

void WaitForInterrupt() {
  const sigset_t signals = Signals();
  int signal = 0;
  sigwait(&signals, &signal);
}

}  // namespace emptychair::bench
