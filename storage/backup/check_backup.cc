#include "storage/backup/check_backup.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/pool.h"

namespace emptychair::storage {
namespace {

std::vector<std::string> BackupsWith(const std::vector<ListedBackup>& backups,
                                     const std::string& sha256) {
  std::vector<std::string> ids;
  for (const ListedBackup& backup : backups) {
    const auto& files = backup.manifest.files;
    if (std::any_of(files.begin(), files.end(),
                    [&](const store::v1::BackupFile& file) { return file.sha256() == sha256; })) {
      ids.push_back(backup.backup_id);
    }
  }
  return ids;
}

}  // namespace

absl::StatusOr<int64_t> CheckFiles(const BackupDirectory& directory, const BackupManifest& manifest,
                                   int64_t bytes_per_second, OnBackupProgress on_progress,
                                   OnBackupDamage on_damage) {
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(directory));
  Pace pace(bytes_per_second);
  BackupProgress progress{.phase = "check",
                          .files_total = static_cast<int64_t>(manifest.files.size()),
                          .bytes_total = static_cast<int64_t>(manifest.header.total_bytes())};
  int64_t damaged = 0;
  for (const store::v1::BackupFile& file : manifest.files) {
    const absl::Status read =
        ReadFromPool(directory, file, /*copy_path=*/"", pace, [&](int64_t bytes) {
          progress.bytes_done += bytes;
          return on_progress(progress);
        });
    if (ReasonOf(read) == v1::ERROR_REASON_BACKUP_DAMAGED) {
      ++damaged;
      const std::string path = directory.PoolPath(file.sha256());
      RETURN_IF_ERROR(on_damage({.file = path.substr(directory.path().size() + 1),
                                 .what = std::string(read.message()),
                                 .backup_ids = BackupsWith(backups, file.sha256())}));
    } else {
      RETURN_IF_ERROR(read);
    }
    ++progress.files_done;
  }
  RETURN_IF_ERROR(on_progress(progress));
  return damaged;
}

}  // namespace emptychair::storage
