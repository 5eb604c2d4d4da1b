// Manifests: which files make a backup. Only a manifest under its own name makes a backup at all.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_MANIFEST_H_
#define EMPTYCHAIR_STORAGE_BACKUP_MANIFEST_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/backup.pb.h"
#include "storage/backup/backup_directory.h"

namespace emptychair::storage {

struct BackupManifest {
  store::v1::BackupHeader header;
  std::vector<store::v1::BackupFile> files;
};

// A line of JSON for the header and for each file, and a last one with the SHA-256 of all bytes
// before it.
absl::StatusOr<std::string> EncodeManifest(const BackupManifest& manifest);
// Takes what EncodeManifest makes for a backup of this name, and nothing else: no bit can be
// another. Errors: BACKUP_DAMAGED.
absl::StatusOr<BackupManifest> DecodeManifest(const std::string& backup_id, absl::string_view text);

// Errors: BACKUP_NOT_FOUND, BACKUP_DAMAGED, FAILED_PRECONDITION.
absl::StatusOr<BackupManifest> ReadManifest(const BackupDirectory& directory,
                                            const std::string& backup_id);

// Writes a manifest so that it lasts, and the backup is there.
absl::Status WriteManifest(const BackupDirectory& directory, const BackupManifest& manifest);

// A backup as a list has it.
struct ListedBackup {
  std::string backup_id;
  // Of one whose manifest is damaged, the name alone is known.
  BackupManifest manifest;
  // Why the manifest cannot be read; empty: it can.
  std::string damage;
};

// All backups, newest first. Reads manifests alone. Files of other names are passed over. Errors:
// FAILED_PRECONDITION.
absl::StatusOr<std::vector<ListedBackup>> ListBackups(const BackupDirectory& directory);

// Which line of stores each store belongs to, one that was restored to that of the backup: a name
// for each by the id of the store. `backups` are newest first; damaged ones are passed over.
std::map<std::string, std::string> LinesOf(const std::vector<ListedBackup>& backups);

// The error for damage to a backup, or to what backups share. `file` is within the directory.
absl::Status BackupDamagedError(absl::string_view backup_id, absl::string_view file,
                                absl::string_view what);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_MANIFEST_H_
