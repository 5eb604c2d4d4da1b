// chairstore: restores backups and looks into stores, without a server.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tools/chairstore/chairstore.h"

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  emptychair::ChairstoreEnvironment environment;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.err_is_terminal = isatty(STDERR_FILENO) != 0;
  return emptychair::RunChairstore(std::vector<std::string>(argv + 1, argv + argc), environment);
}
