// chairctl, as a function.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_

#include <string>
#include <vector>

#include "tools/chairctl/base/environment.h"

namespace emptychair {

// Runs `chairctl ARGUMENTS…` and answers its exit code: 0; 1 a failure of the tool or an import
// with rejected rows; 2 wrong usage; 64 plus the gRPC code for an error of the service.
int RunChairctl(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CLI_H_
