// Where the messages of a call lie.
#ifndef EMPTYCHAIR_SERVER_RPC_MESSAGE_ARENA_H_
#define EMPTYCHAIR_SERVER_RPC_MESSAGE_ARENA_H_

#include <cstddef>

#include "google/protobuf/arena.h"

namespace emptychair {

// An arena that takes nothing from the heap for a message with one record: the parts of a message
// are allocated and freed together. For one thread at a time.
class MessageArena {
 public:
  MessageArena() : arena_(Options(first_block_)) {}
  MessageArena(const MessageArena&) = delete;
  MessageArena& operator=(const MessageArena&) = delete;

  // An empty message, which lives as long as the arena.
  template <typename Message>
  Message& Make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
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

#endif  // EMPTYCHAIR_SERVER_RPC_MESSAGE_ARENA_H_
