// Keeps the messages of a call together.
#ifndef EMPTYCHAIR_SERVER_API_MESSAGE_ARENA_H_
#define EMPTYCHAIR_SERVER_API_MESSAGE_ARENA_H_

#include <cstddef>

#include "google/protobuf/arena.h"
#include "google/protobuf/message.h"

namespace emptychair {

// Allocates and frees the parts of a message together, without the heap for a message with one
// record. For one thread at a time.
class MessageArena {
 public:
  MessageArena() : arena_(Options(first_block_)) {}
  MessageArena(const MessageArena&) = delete;
  MessageArena& operator=(const MessageArena&) = delete;

  // Makes an empty message of the prototype's type, which lives as long as the arena.
  google::protobuf::Message& Make(const google::protobuf::Message& prototype) {
    return *prototype.New(&arena_);
  }

 private:
  static constexpr size_t kFirstBlock = size_t{4} << 10;
  static constexpr size_t kBlockMax = size_t{64} << 10;

  static google::protobuf::ArenaOptions Options(char* first_block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = first_block;
    options.initial_block_size = kFirstBlock;
    options.max_block_size = kBlockMax;
    return options;
  }

  alignas(std::max_align_t) char first_block_[kFirstBlock];
  google::protobuf::Arena arena_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_MESSAGE_ARENA_H_
