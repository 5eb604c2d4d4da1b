#include "client/writer/fork_count.h"

#include <pthread.h>

#include <atomic>

namespace emptychair {
namespace {

std::atomic<int> count = 0;

}  // namespace

int ForkCount() {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { count.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  return count.load(std::memory_order_relaxed);
}

}  // namespace emptychair
