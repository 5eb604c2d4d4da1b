#include "storage/backup/prune.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/file_tree.h"

namespace emptychair::storage {
namespace {

absl::CivilDay DayOf(const std::string& backup_id) {
  return absl::ToCivilDay(TimeOfBackupId(backup_id), absl::UTCTimeZone());
}

absl::CivilDay WeekOf(const std::string& backup_id) {
  return absl::PrevWeekday(DayOf(backup_id) + 1, absl::Weekday::monday);
}

// What is still to be kept of the backups of one line, which come newest first.
class Keeper {
 public:
  explicit Keeper(const KeptBackups& kept) : kept_(kept) {}

  bool Keeps(const std::string& backup_id) {
    const bool is_last = count_++ < kept_.keep_last;
    const bool is_daily = IsFirstOf(DayOf(backup_id), kept_.keep_daily, days_);
    const bool is_weekly = IsFirstOf(WeekOf(backup_id), kept_.keep_weekly, weeks_);
    return is_last || is_daily || is_weekly;
  }

 private:
  static bool IsFirstOf(absl::CivilDay period, int periods_max, std::set<absl::CivilDay>& seen) {
    return static_cast<int>(seen.size()) < periods_max && seen.insert(period).second;
  }

  const KeptBackups kept_;
  int count_ = 0;
  std::set<absl::CivilDay> days_;
  std::set<absl::CivilDay> weeks_;
};

// The newest backup of each line of stores.
std::set<std::string> NewestOf(const std::vector<ListedBackup>& backups) {
  const std::map<std::string, std::string> lines = LinesOf(backups);
  std::map<std::string, std::string> newest;
  for (const ListedBackup& backup : backups) {
    if (backup.damage.empty()) {
      newest.try_emplace(lines.at(backup.manifest.header.store_id()), backup.backup_id);
    }
  }
  std::set<std::string> ids;
  for (auto& [store_id, backup_id] : newest) {
    ids.insert(std::move(backup_id));
  }
  return ids;
}

// Removes files of the pool that none of `backups` is made of.
absl::Status Sweep(const BackupDirectory& directory, const std::vector<ListedBackup>& backups,
                   bool dry_run, PruneResult& result) {
  std::set<std::string> used;
  for (const ListedBackup& backup : backups) {
    if (!backup.damage.empty()) {
      result.not_swept = absl::StrCat("the manifest of ", backup.backup_id,
                                      " cannot be read, so it is not known which files it needs; "
                                      "delete that backup first");
      return absl::OkStatus();
    }
    for (const store::v1::BackupFile& file : backup.manifest.files) {
      used.insert(directory.PoolPath(file.sha256()));
    }
  }
  rocksdb::Env* const env = directory.env();
  ASSIGN_OR_RETURN(const std::vector<std::string> folders, NamesIn(env, directory.PoolFolder()));
  for (const std::string& folder_name : folders) {
    const std::string folder = absl::StrCat(directory.PoolFolder(), "/", folder_name);
    ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(env, folder));
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(folder, "/", name);
      if (used.count(path) != 0) {
        continue;
      }
      uint64_t size = 0;
      env->GetFileSize(path, &size).PermitUncheckedError();
      ++result.files_removed;
      result.bytes_removed += static_cast<int64_t>(size);
      if (!dry_run) {
        RETURN_IF_ERROR(
            FromBackupDisk(env->DeleteFile(path), absl::StrCat("removing \"", path, "\"")));
      }
    }
  }
  return absl::OkStatus();
}

// Manifests first: a backup without one of its files is never there.
absl::StatusOr<PruneResult> Remove(const BackupDirectory& directory,
                                   const std::vector<ListedBackup>& backups,
                                   const std::vector<std::string>& removed, bool dry_run) {
  PruneResult result;
  result.removed = removed;
  const std::set<std::string> goes(removed.begin(), removed.end());
  std::vector<ListedBackup> left;
  for (const ListedBackup& backup : backups) {
    if (goes.count(backup.backup_id) == 0) {
      result.kept.push_back(backup.backup_id);
      left.push_back(backup);
    }
  }
  if (!dry_run) {
    for (const std::string& backup_id : removed) {
      const std::string path = directory.ManifestPath(backup_id);
      RETURN_IF_ERROR(FromBackupDisk(directory.env()->DeleteFile(path),
                                     absl::StrCat("removing \"", path, "\"")));
    }
    RETURN_IF_ERROR(SyncFolder(directory.env(), directory.ManifestFolder()));
  }
  RETURN_IF_ERROR(Sweep(directory, left, dry_run, result));
  return result;
}

}  // namespace

std::vector<std::string> BackupsToRemove(const std::vector<ListedBackup>& backups,
                                         const KeptBackups& kept) {
  const std::map<std::string, std::string> lines = LinesOf(backups);
  std::map<std::string, Keeper> keepers;
  std::vector<std::string> removed;
  for (const ListedBackup& backup : backups) {
    if (!backup.damage.empty()) {
      continue;
    }
    Keeper& keeper =
        keepers.try_emplace(lines.at(backup.manifest.header.store_id()), kept).first->second;
    if (!keeper.Keeps(backup.backup_id)) {
      removed.push_back(backup.backup_id);
    }
  }
  return removed;
}

absl::StatusOr<PruneResult> PruneBackups(const BackupDirectory& directory, const KeptBackups& kept,
                                         bool dry_run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BackupLock> lock, BackupLock::Take(directory));
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(directory));
  return Remove(directory, backups, BackupsToRemove(backups, kept), dry_run);
}

absl::StatusOr<PruneResult> DeleteBackup(const BackupDirectory& directory,
                                         const std::string& backup_id) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BackupLock> lock, BackupLock::Take(directory));
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(directory));
  for (const ListedBackup& backup : backups) {
    if (backup.backup_id != backup_id) {
      continue;
    }
    if (NewestOf(backups).count(backup_id) != 0) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "backup_id",
                        absl::StrCat("got ", backup_id,
                                     ", which is the newest of its store and is kept; make another "
                                     "one first"));
    }
    return Remove(directory, backups, {backup_id}, /*dry_run=*/false);
  }
  return Error(v1::ERROR_REASON_BACKUP_NOT_FOUND, absl::StrCat("there is no backup ", backup_id),
               {{"backup_id", backup_id}});
}

}  // namespace emptychair::storage
