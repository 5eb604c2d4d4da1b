// Commands in the making.
#ifndef EMPTYCHAIR_STORAGE_NEW_COMMAND_H_
#define EMPTYCHAIR_STORAGE_NEW_COMMAND_H_

#include <memory>

#include "emptychair/store/v1/command.pb.h"

namespace emptychair::storage {

// An empty command of the present version.
inline std::unique_ptr<store::v1::Command> NewCommand() {
  auto command = std::make_unique<store::v1::Command>();
  command->set_version(1);
  return command;
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_NEW_COMMAND_H_
