// Commands in the making.
#ifndef EMPTYCHAIR_SERVER_DOMAIN_COMMAND_H_
#define EMPTYCHAIR_SERVER_DOMAIN_COMMAND_H_

#include <memory>

#include "emptychair/store/v1/command.pb.h"

namespace emptychair {

// An empty command of the present version.
inline std::unique_ptr<store::v1::Command> NewCommand() {
  auto command = std::make_unique<store::v1::Command>();
  command->set_version(1);
  return command;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_DOMAIN_COMMAND_H_
