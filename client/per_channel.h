// Several connections to a server, taken in turn.
#ifndef EMPTYCHAIR_CLIENT_PER_CHANNEL_H_
#define EMPTYCHAIR_CLIENT_PER_CHANNEL_H_

#include <grpcpp/channel.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace emptychair {

// A stub, or some, for each channel. Thread-safe as far as they are.
template <typename Stub>
class PerChannel {
 public:
  // At least one channel.
  explicit PerChannel(const std::vector<std::shared_ptr<grpc::Channel>>& channels) {
    for (const std::shared_ptr<grpc::Channel>& channel : channels) {
      stubs_.emplace_back(channel);
    }
  }

  // For the next attempt of a call.
  Stub& Next() { return stubs_[next_.fetch_add(1, std::memory_order_relaxed) % stubs_.size()]; }

 private:
  std::deque<Stub> stubs_;
  std::atomic<size_t> next_{0};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_PER_CHANNEL_H_
