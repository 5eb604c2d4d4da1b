// The least that a server does which answers when something is durable.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_GROUP_COMMIT_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_GROUP_COMMIT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tools/chairbench/servers/synced_file.h"

namespace emptychair::bench {

// Appends to a file, in groups: whatever has gathered while the group before is written is the
// next, one write and one sync. Thread-safe.
class GroupCommit {
 public:
  // Makes the file `path`. Errors: UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<GroupCommit>> Open(const std::string& path);

  // Finishes what was appended.
  ~GroupCommit();

  // Appends `bytes`. `done` is called when they are durable, or with UNAVAILABLE, on the thread
  // that writes, which it must not block.
  void Append(std::string bytes, absl::AnyInvocable<void(const absl::Status&)> done)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Groups that were written.
  int64_t groups() const { return groups_.load(std::memory_order_relaxed); }

 private:
  struct Pending {
    std::string bytes;
    absl::AnyInvocable<void(const absl::Status&)> done;
  };

  explicit GroupCommit(std::unique_ptr<SyncedFile> file);

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // Empty when nothing will come any more.
  std::vector<Pending> TakeGroup() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !queue_.empty() || stopping_; }

  const std::unique_ptr<SyncedFile> file_;
  absl::Mutex mutex_;
  std::vector<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<int64_t> groups_{0};
  std::thread writer_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_GROUP_COMMIT_H_
