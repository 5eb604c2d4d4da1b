// How long the disk takes to make a small write durable.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SYNC_TIME_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SYNC_TIME_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace emptychair::bench {

// Appends blocks of 4 KiB to a file, each made durable before the next. Not thread-safe.
class SyncTime {
 public:
  // Makes the file `path`. Errors: UNAVAILABLE, also of Measure.
  static absl::StatusOr<std::unique_ptr<SyncTime>> Open(const std::string& path);
  ~SyncTime();
  SyncTime(const SyncTime&) = delete;
  SyncTime& operator=(const SyncTime&) = delete;

  // Adds the times of `count` blocks to `times_ms`, in milliseconds.
  absl::Status Measure(int count, std::vector<double>& times_ms);

 private:
  explicit SyncTime(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SYNC_TIME_H_
