// Commands that were applied together, on their way to the disk.
#ifndef EMPTYCHAIR_STORAGE_COMMIT_APPLIED_GROUP_H_
#define EMPTYCHAIR_STORAGE_COMMIT_APPLIED_GROUP_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/commit/log/command_log.h"
#include "storage/read/view.h"
#include "storage/state/command_result.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Made by the applying thread, then handed to the writing one.
struct AppliedGroup {
  AppliedGroup(const Engine& engine, std::shared_ptr<const PendingEntries> in_flight)
      : group(engine, std::move(in_flight)) {}

  WriteGroup group;
  std::vector<CommandLog::Entry> entries;
  std::vector<CommandResult> results;  // Of each of `entries`.
  size_t bytes = 0;                    // Of `entries`.
  // The state once the group is written, but for the snapshot; null when queries see no change.
  std::shared_ptr<View> view;

  // Why the command behind the last of `entries` cannot be applied, nor any after it; OK: all were.
  absl::Status stop;
  std::vector<CommandLog::Entry> unapplied;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COMMIT_APPLIED_GROUP_H_
