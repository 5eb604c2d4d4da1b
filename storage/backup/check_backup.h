// Checks what a backup is made of.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_CHECK_BACKUP_H_
#define EMPTYCHAIR_STORAGE_BACKUP_CHECK_BACKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/backup/backup.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/manifest.h"

namespace emptychair::storage {

// Damage to a file of a backup directory. `file` is within the directory, `what` is for people.
struct BackupDamage {
  std::string file;
  std::string what;
  // All backups that the file is part of.
  std::vector<std::string> backup_ids;
};

// Gets each damage as it is found. An error ends the check with that error.
using OnBackupDamage = absl::FunctionRef<absl::Status(const BackupDamage&)>;

// Reads every file of the backup and compares its bytes with their hash. Answers how many are
// damaged, all of which were told. Takes no lock. Errors: those of the callbacks and of
// ListBackups.
absl::StatusOr<int64_t> CheckFiles(const BackupDirectory& directory, const BackupManifest& manifest,
                                   int64_t bytes_per_second, OnBackupProgress on_progress,
                                   OnBackupDamage on_damage);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_CHECK_BACKUP_H_
