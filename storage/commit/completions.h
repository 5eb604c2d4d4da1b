// The results that a written group still owes to who proposed its commands.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_COMPLETIONS_H_
#define EMPTYCHAIR_STORAGE_COMMIT_COMPLETIONS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/log/command_log.h"
#include "storage/state/command_result.h"

namespace emptychair::storage {

// Completes the commands of one group after the other. Threads that come by can complete one each
// while the writing thread completes all. Thread-safe.
class Completions {
 public:
  // Completes every command; returns once none is left to begin with. For the writing thread.
  void CompleteAll(std::vector<CommandLog::Entry> entries, std::vector<CommandResult> results)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    auto group = std::make_shared<Group>();
    group->entries = std::move(entries);
    group->results = std::move(results);
    Share(group);
    while (group->CompleteNext()) {
    }
    Share(nullptr);
  }

  // Completes one command of the group that was written last, if one is left. The caller must not
  // hold a lock that a `done` takes.
  void CompleteOne() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<Group> group;
    {
      absl::MutexLock lock(&mutex_);
      group = group_;
    }
    if (group != nullptr) {
      group->CompleteNext();
    }
  }

 private:
  struct Group {
    // False: there was none left.
    bool CompleteNext() {
      const size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= entries.size()) {
        return false;
      }
      if (entries[i].done) {
        entries[i].done(std::move(results[i]));
      }
      return true;
    }

    std::vector<CommandLog::Entry> entries;
    std::vector<CommandResult> results;
    std::atomic<size_t> next{0};
  };

  void Share(std::shared_ptr<Group> group) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    group_.swap(group);
  }

  absl::Mutex mutex_;
  std::shared_ptr<Group> group_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_COMPLETIONS_H_
