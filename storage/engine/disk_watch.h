// Watches the free space of the disk.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_DISK_WATCH_H_
#define EMPTYCHAIR_STORAGE_ENGINE_DISK_WATCH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair::storage {

// Looks at the free space of a directory's disk again and again, on a thread of its own. The disk
// counts as full while less than the reserve is free. Thread-safe.
class DiskWatch {
 public:
  struct Options {
    // Read through `env`, which must outlive the watch.
    rocksdb::Env* env = nullptr;
    std::string directory;
    // Bytes that stay free for what is under way; 0: the disk never counts as full.
    int64_t reserve_bytes = 0;
    absl::Duration period = absl::Milliseconds(100);
    // Called on the watch's thread when the disk becomes full (true) and when it has room again;
    // may be null. Must not block.
    std::function<void(bool is_full)> on_change;
  };

  // Looks once before it returns; without a reserve never again.
  explicit DiskWatch(Options options);
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  // From now on `on_room` is called, on the watch's thread, when the disk has room again; it must
  // not block. Null: nobody any more, and no call is under way.
  void Listen(std::function<void()> on_room) ABSL_LOCKS_EXCLUDED(listen_mutex_);

  // DISK_FULL, with when to come back, while the disk is full.
  absl::Status CheckRoom() const;
  // The same while the disk nears that: fewer bytes than twice the reserve are free. For what can
  // be given up before anything else is refused.
  absl::Status CheckRoomTwice() const;

  bool is_full() const { return is_full_.load(std::memory_order_relaxed); }
  int64_t reserve_bytes() const { return options_.reserve_bytes; }
  // Bytes free when it was last looked; 0 when that cannot be known.
  int64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }

 private:
  absl::Status FullError(int64_t reserve_bytes) const;
  void Look();
  void Run() ABSL_LOCKS_EXCLUDED(mutex_, listen_mutex_);

  const Options options_;
  std::atomic<bool> is_full_{false};
  std::atomic<int64_t> free_bytes_{0};
  absl::Mutex listen_mutex_;
  std::function<void()> on_room_ ABSL_GUARDED_BY(listen_mutex_);
  absl::Mutex mutex_;
  bool stops_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_DISK_WATCH_H_
