#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/cli.h"

int main(int argc, char** argv) {
  emptychair::bench::NoteInterrupts();
  std::signal(SIGPIPE, SIG_IGN);
  // Debian's abseil is built to look for deadlocks, in gRPC, too: neither the load nor the limit
  // should pay for it.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return emptychair::bench::RunChairbench(std::vector<std::string>(argv + 1, argv + argc),
                                          std::cout, std::cerr);
}
