// Tells ThreadSanitizer what it cannot see, because Debian's abseil and RocksDB are not
// instrumented. cmake/ThreadSanitizer.cmake links this into every binary and has the linker send
// the calls of our objects here.
//
// abseil: each of its objects stands for one order of events; leaving a critical section releases
// it, entering one acquires it. Reads inside of abseil are not looked at, because there a thread
// evaluates the conditions that other threads wait for: our code, under the mutex, but seen as
// outside of it.
//
// RocksDB: it orders its memory with mutexes, which ThreadSanitizer sees, and with atomics, which
// it does not. Of what RocksDB does without a mutex, and zstd for it, only the functions of the
// standard library for memory are seen and so falsely reported. They are left out by the address of
// their caller, so that no suppression is needed that might hide a race of ours: our code stays
// under watch also where RocksDB calls it.
#include <link.h>
#include <sanitizer/tsan_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void __tsan_read_range(void* address, unsigned long bytes);
void __tsan_write_range(void* address, unsigned long bytes);
}

namespace emptychair::testing {
namespace {

class IgnoreReads {
 public:
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// Leaves the critical section of `mutex` for as long as abseil waits.
class Waiting {
 public:
  explicit Waiting(absl::Mutex* mutex) : mutex_(mutex) { __tsan_release(mutex_); }
  ~Waiting() { __tsan_acquire(mutex_); }

 private:
  absl::Mutex* const mutex_;
};

// Where a library is loaded; empty until the program's own constructors run.
struct LoadedLibrary {
  const char* name;
  uintptr_t begin = 0;
  uintptr_t end = 0;
};
LoadedLibrary libraries[] = {{"librocksdb.so"}, {"libzstd.so"}};

int FindLibraries(dl_phdr_info* info, size_t size, void* unused) {
  for (LoadedLibrary& library : libraries) {
    if (std::strstr(info->dlpi_name, library.name) == nullptr) {
      continue;
    }
    library.begin = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const auto& header = info->dlpi_phdr[i];
      if (header.p_type == PT_LOAD) {
        library.end = std::max(library.end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
      }
    }
  }
  return 0;
}

__attribute__((constructor)) void Start() { dl_iterate_phdr(FindLibraries, nullptr); }

}  // namespace

// Declares `real`, abseil's function, and defines `wrapped`, which is called in its place.
#define EMPTYCHAIR_WRAP(result, name, symbol, ...)      \
  result Real##name(__VA_ARGS__) asm("__real_" symbol); \
  result Wrap##name(__VA_ARGS__) asm("__wrap_" symbol); \
  result Wrap##name(__VA_ARGS__)

EMPTYCHAIR_WRAP(void, Lock, "_ZN4absl7debian35Mutex4LockEv", absl::Mutex* mutex) {
  {
    IgnoreReads ignore;
    RealLock(mutex);
  }
  __tsan_acquire(mutex);
}

EMPTYCHAIR_WRAP(void, Unlock, "_ZN4absl7debian35Mutex6UnlockEv", absl::Mutex* mutex) {
  __tsan_release(mutex);
  IgnoreReads ignore;
  RealUnlock(mutex);
}

EMPTYCHAIR_WRAP(void, Await, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", absl::Mutex* mutex,
                const absl::Condition& condition) {
  const Waiting waiting(mutex);
  const IgnoreReads ignore;
  RealAwait(mutex, condition);
}

EMPTYCHAIR_WRAP(bool, AwaitWithDeadline,
                "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
                absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline) {
  const Waiting waiting(mutex);
  const IgnoreReads ignore;
  return RealAwaitWithDeadline(mutex, condition, deadline);
}

EMPTYCHAIR_WRAP(bool, AwaitWithTimeout,
                "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
                absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout) {
  const Waiting waiting(mutex);
  const IgnoreReads ignore;
  return RealAwaitWithTimeout(mutex, condition, timeout);
}

EMPTYCHAIR_WRAP(void, WaitForSignal, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE",
                absl::CondVar* changed, absl::Mutex* mutex) {
  const Waiting waiting(mutex);
  const IgnoreReads ignore;
  RealWaitForSignal(changed, mutex);
}

EMPTYCHAIR_WRAP(void, Notify, "_ZN4absl7debian312Notification6NotifyEv",
                absl::Notification* notification) {
  __tsan_release(notification);
  RealNotify(notification);
}

EMPTYCHAIR_WRAP(void, WaitForNotification, "_ZNK4absl7debian312Notification19WaitForNotificationEv",
                absl::Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(notification);
}

EMPTYCHAIR_WRAP(bool, DecrementCount, "_ZN4absl7debian315BlockingCounter14DecrementCountEv",
                absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return RealDecrementCount(counter);
}

EMPTYCHAIR_WRAP(void, WaitForZero, "_ZN4absl7debian315BlockingCounter4WaitEv",
                absl::BlockingCounter* counter) {
  RealWaitForZero(counter);
  __tsan_acquire(counter);
}

EMPTYCHAIR_WRAP(bool, Block, "_ZN4absl7debian37Barrier5BlockEv", absl::Barrier* barrier) {
  __tsan_release(barrier);
  const bool last = RealBlock(barrier);
  // The last to come may delete the barrier; the others no longer touch it either.
  __tsan_acquire(barrier);
  return last;
}

}  // namespace emptychair::testing

namespace {

bool IsOutOfSight(const void* caller) {
  const auto address = reinterpret_cast<uintptr_t>(caller);
  for (const auto& library : emptychair::testing::libraries) {
    if (address >= library.begin && address < library.end) {
      return true;
    }
  }
  return false;
}

}  // namespace

// In the place of ThreadSanitizer's own, also for libraries.
extern "C" __attribute__((no_sanitize("thread"))) int memcmp(const void* a, const void* b,
                                                             size_t bytes) noexcept {
  const auto* left = static_cast<const unsigned char*>(a);
  const auto* right = static_cast<const unsigned char*>(b);
  size_t equal = 0;
  while (equal < bytes && left[equal] == right[equal]) {
    ++equal;
  }
  if (!IsOutOfSight(__builtin_return_address(0))) {
    const size_t read = std::min(equal + 1, bytes);
    __tsan_read_range(const_cast<void*>(a), read);
    __tsan_read_range(const_cast<void*>(b), read);
  }
  return equal == bytes ? 0 : left[equal] - right[equal];
}

// The loops must not become calls of what they are in the place of.
#define EMPTYCHAIR_PLAIN_LOOP \
  __attribute__((no_sanitize("thread"), optimize("no-tree-loop-distribute-patterns")))

extern "C" EMPTYCHAIR_PLAIN_LOOP void* memset(void* to, int value, size_t bytes) noexcept {
  if (!IsOutOfSight(__builtin_return_address(0))) {
    __tsan_write_range(to, bytes);
  }
  auto* target = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < bytes; ++i) {
    target[i] = static_cast<unsigned char>(value);
  }
  return to;
}

extern "C" EMPTYCHAIR_PLAIN_LOOP void* memmove(void* to, const void* from, size_t bytes) noexcept {
  if (!IsOutOfSight(__builtin_return_address(0))) {
    __tsan_read_range(const_cast<void*>(from), bytes);
    __tsan_write_range(to, bytes);
  }
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  if (target < source) {
    for (size_t i = 0; i < bytes; ++i) {
      target[i] = source[i];
    }
  } else {
    for (size_t i = bytes; i > 0; --i) {
      target[i - 1] = source[i - 1];
    }
  }
  return to;
}

extern "C" EMPTYCHAIR_PLAIN_LOOP void* memcpy(void* __restrict to, const void* __restrict from,
                                              size_t bytes) noexcept {
  if (!IsOutOfSight(__builtin_return_address(0))) {
    __tsan_read_range(const_cast<void*>(from), bytes);
    __tsan_write_range(to, bytes);
  }
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < bytes; ++i) {
    target[i] = source[i];
  }
  return to;
}
