// Removes backups, and what only they were made of.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_PRUNE_H_
#define EMPTYCHAIR_STORAGE_BACKUP_PRUNE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/manifest.h"

namespace emptychair::storage {

// Which backups of each line of stores are kept: the newest, and of each day and week, by UTC, the
// newest one. A store that was restored goes on with the line of the one before it.
struct KeptBackups {
  int keep_last = 1;    // At least 1.
  int keep_daily = 0;   // Of so many days that have one.
  int keep_weekly = 0;  // Of so many weeks that have one; they begin on Monday.
};

struct PruneResult {
  // Newest first.
  std::vector<std::string> removed;
  std::vector<std::string> kept;
  // Files of the pool that no backup was made of any more.
  int64_t files_removed = 0;
  int64_t bytes_removed = 0;
  // Why no file was removed from the pool; empty: all was as it should be.
  std::string not_swept;
};

// Those of `backups`, newest first, that are to be removed. One whose manifest is damaged is kept:
// what it was made of is not known.
std::vector<std::string> BackupsToRemove(const std::vector<ListedBackup>& backups,
                                         const KeptBackups& kept);

// Removes the backups that are not kept, then all files of the pool that no manifest names. While
// one manifest cannot be read no file is removed: a damaged name of a file would take that file
// away. With `dry_run` says what it would do. Takes the directory's lock. Errors: BACKUP_RUNNING,
// FAILED_PRECONDITION.
absl::StatusOr<PruneResult> PruneBackups(const BackupDirectory& directory, const KeptBackups& kept,
                                         bool dry_run);

// Removes one backup, be its manifest damaged or not, and sweeps the pool as above. The newest
// backup of a line that is not damaged is not removed: FIELD_INVALID. Errors: BACKUP_NOT_FOUND,
// BACKUP_RUNNING, FAILED_PRECONDITION.
absl::StatusOr<PruneResult> DeleteBackup(const BackupDirectory& directory,
                                         const std::string& backup_id);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_PRUNE_H_
