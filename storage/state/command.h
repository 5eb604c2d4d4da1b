// Owns commands and their memory.
#ifndef EMPTYCHAIR_STORAGE_STATE_COMMAND_H_
#define EMPTYCHAIR_STORAGE_STATE_COMMAND_H_

#include <cstdint>
#include <memory>

#include "emptychair/store/v1/command.pb.h"
#include "google/protobuf/arena.h"

namespace emptychair::storage {

// Deletes a command with the arena that it lies in.
struct CommandDeleter {
  void operator()(const store::v1::Command* command) const { delete command->GetArena(); }
};

// A command in an arena of its own: a batch has tens of thousands of parts, which are allocated and
// freed together.
using CommandPtr = std::unique_ptr<store::v1::Command, CommandDeleter>;
using ConstCommandPtr = std::unique_ptr<const store::v1::Command, CommandDeleter>;

// The version of commands that this server proposes, and the one that it can apply. Any change of
// what applying a command does is a new version.
inline constexpr uint32_t kCommandVersion = 1;

// An empty command of the present version.
inline CommandPtr NewCommand() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = size_t{1} << 10;
  options.max_block_size = size_t{64} << 10;
  auto* arena = new google::protobuf::Arena(options);
  CommandPtr command(google::protobuf::Arena::CreateMessage<store::v1::Command>(arena));
  command->set_version(kCommandVersion);
  return command;
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_COMMAND_H_
