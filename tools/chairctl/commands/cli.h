// chairctl, as a function.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace emptychair {

// All that chairctl sees of the world around it, but for files and the service.
struct Environment {
  // The value of an environment variable; nothing when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  const Clock* clock = nullptr;
  std::function<void(absl::Duration)> sleep;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // Width of the terminal; only looked at when `out` is one.
  int columns = 80;
};

// Runs `chairctl ARGUMENTS…` and answers its exit code: 0; 1 a failure of the tool or an import
// with rejected rows; 2 wrong usage; 64 plus the gRPC code for an error of the service.
int RunChairctl(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_
