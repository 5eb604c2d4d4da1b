// Makes a backup of an open store.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_BACKUP_H_
#define EMPTYCHAIR_STORAGE_BACKUP_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/manifest.h"
#include "storage/engine/engine.h"

namespace emptychair::storage {

struct BackupOptions {
  // The backup's name: what NewBackupId makes.
  std::string backup_id;
  // Of the server, for the manifest.
  std::string server_version;
  // What is read of the store at most; 0: without a limit.
  int64_t bytes_per_second = 0;
  const Clock* clock = Clock::System();
  // The backup holds at least this change.
  uint64_t sequence_min = 0;
  // Surveys, for the manifest.
  uint32_t survey_count = 0;
  // Why the backup must be given up, so that the store has its disk; null: never.
  std::function<absl::Status()> check_store_disk;
};

// How far a backup, a check or a restore is.
struct BackupProgress {
  // What it does, for people: "flush", "copy", "check", "open".
  std::string phase;
  int64_t files_done = 0;
  int64_t files_total = 0;
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;
};

// Called often, on the task's thread. An error ends the task with that error.
using OnBackupProgress = absl::FunctionRef<absl::Status(const BackupProgress&)>;

// Copies what the store has stored into the directory, without holding it up: flushes what is in
// memory, keeps RocksDB from deleting files, copies those that no backup has, checks the new
// tables' own checksums, opens the copy read-only, and only then writes the manifest. Whatever ends
// it before that leaves no backup, but files that the next prune removes. Blocks for as long as
// that takes; takes the directory's lock. Errors: BACKUP_RUNNING, BACKUP_DISK_FULL, STORE_DAMAGED
// with the file's name, FAILED_PRECONDITION, those of the callbacks.
absl::StatusOr<BackupManifest> CreateBackup(const Engine& engine, const BackupDirectory& directory,
                                            const BackupOptions& options,
                                            OnBackupProgress on_progress);

// Puts the files of a backup together in a folder, which is made anew, by links into the pool. The
// folder must be on the disk of the backups.
absl::Status LinkFiles(const BackupDirectory& directory, const BackupManifest& manifest,
                       const std::string& folder);

// The files of a backup can be opened as a database that has what the manifest says. Errors:
// BACKUP_DAMAGED, BACKUP_DISK_FULL, FAILED_PRECONDITION.
absl::Status CheckOpens(const BackupDirectory& directory, const BackupManifest& manifest);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_BACKUP_H_
