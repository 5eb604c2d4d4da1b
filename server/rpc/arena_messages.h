// Where the messages of a call lie.
#ifndef EMPTYCHAIR_SERVER_RPC_ARENA_MESSAGES_H_
#define EMPTYCHAIR_SERVER_RPC_ARENA_MESSAGES_H_

#include <cstddef>

#include "google/protobuf/arena.h"
#include "grpcpp/support/message_allocator.h"

namespace emptychair {

// Lets gRPC put request and response of each call of a method into an arena of their own: the parts
// of a batch are allocated and freed together. To be given to the service's
// SetMessageAllocatorFor_<Method> before the server starts; must outlive the server. Thread-safe.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Holder; }

 private:
  // Enough for a call with one record.
  static constexpr size_t kFirstBlock = size_t{4} << 10;
  static constexpr size_t kBlockMax = size_t{64} << 10;

  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    Holder() : arena_(Options(first_block_)) {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override { delete this; }

   private:
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
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_ARENA_MESSAGES_H_
