#include "storage/engine/disk_watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "rocksdb/env.h"

namespace emptychair::storage {
namespace {

// Somebody has to make room first.
constexpr absl::Duration kRetryDelay = absl::Seconds(5);

}  // namespace

DiskWatch::DiskWatch(Options options) : options_(std::move(options)) {
  Look();
  if (is_full() && options_.on_change) {
    options_.on_change(true);
  }
  if (options_.reserve_bytes > 0) {
    thread_ = std::thread([this] { Run(); });
  }
}

DiskWatch::~DiskWatch() {
  {
    absl::MutexLock lock(&mutex_);
    stops_ = true;
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void DiskWatch::Listen(std::function<void()> on_room) {
  absl::MutexLock lock(&listen_mutex_);
  on_room_ = std::move(on_room);
}

absl::Status DiskWatch::CheckRoom() const {
  return is_full() ? FullError(options_.reserve_bytes) : absl::OkStatus();
}

absl::Status DiskWatch::CheckRoomTwice() const {
  const int64_t free = free_bytes();
  const int64_t twice = 2 * options_.reserve_bytes;
  return is_full() || (free > 0 && free < twice) ? FullError(twice) : absl::OkStatus();
}

absl::Status DiskWatch::FullError(int64_t reserve_bytes) const {
  const std::string free = absl::StrCat(free_bytes());
  const std::string reserve = absl::StrCat(reserve_bytes);
  return RetryableError(v1::ERROR_REASON_DISK_FULL,
                        absl::StrCat("the server's disk has ", free, " bytes free, less than the ",
                                     reserve, " that are kept free; nothing was stored"),
                        kRetryDelay, {{"free_bytes", free}, {"reserve_bytes", reserve}});
}

void DiskWatch::Look() {
  uint64_t bytes = 0;
  // Files in memory have no disk; one that cannot be asked is no reason to refuse anything.
  const bool is_known = options_.env->GetFreeSpace(options_.directory, &bytes).ok();
  free_bytes_.store(is_known ? static_cast<int64_t>(bytes) : 0, std::memory_order_relaxed);
  is_full_.store(is_known && bytes < static_cast<uint64_t>(options_.reserve_bytes),
                 std::memory_order_relaxed);
}

void DiskWatch::Run() {
  const auto stops = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stops_; };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stops), options_.period)) {
        return;
      }
    }
    const bool was_full = is_full();
    Look();
    if (is_full() != was_full && options_.on_change) {
      options_.on_change(is_full());
    }
    if (was_full && !is_full()) {
      absl::MutexLock lock(&listen_mutex_);
      if (on_room_) {
        on_room_();
      }
    }
  }
}

}  // namespace emptychair::storage
