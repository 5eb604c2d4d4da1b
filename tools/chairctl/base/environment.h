// The world around chairctl, as tests can replace it.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENVIRONMENT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENVIRONMENT_H_

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

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

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_ENVIRONMENT_H_
