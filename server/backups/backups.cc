#include "server/backups/backups.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"

namespace emptychair {

Backups::Backups(storage::Store* store, const Clock* clock, BackupSettings settings)
    : store_(store), clock_(clock), settings_(std::move(settings)) {
  if (settings_.directory.empty()) {
    return;
  }
  directory_.emplace(settings_.env, settings_.directory);
  FindLast();
  ledger_ = std::make_unique<LedgerFollower>(store_, &*directory_, settings_.on_ledger);
}

absl::Status Backups::CheckOn() const {
  return is_on() ? absl::OkStatus()
                 : Error(v1::ERROR_REASON_BACKUPS_OFF,
                         "the server was started without a directory for backups; give it "
                         "--backup_dir");
}

absl::Status Backups::CheckName(const std::string& backup_id) const {
  return storage::IsBackupId(backup_id)
             ? absl::OkStatus()
             : FieldError(backup_id.empty() ? v1::ERROR_REASON_FIELD_REQUIRED
                                            : v1::ERROR_REASON_FIELD_INVALID,
                          "backup_id",
                          backup_id.empty()
                              ? "must be given"
                              : absl::StrCat("got ", Quoted(backup_id),
                                             ", wanted a name such as 20240131T120000Z-1a2b3c4d"));
}

absl::Status Backups::CheckIdle() const {
  RETURN_IF_ERROR(CheckOn());
  absl::MutexLock lock(&mutex_);
  return running_.empty() ? absl::OkStatus()
                          : Error(v1::ERROR_REASON_BACKUP_RUNNING,
                                  absl::StrCat("the backup ", running_, " is being made"),
                                  {{"backup_id", running_}});
}

// The newest of this store, or nothing.
void Backups::FindLast() {
  std::optional<v1::Backup> last;
  if (const auto listed = List(); listed.ok()) {
    for (const storage::ListedBackup& backup : *listed) {
      v1::Backup found = ToApi(backup);
      if (found.is_of_this_store()) {
        last = std::move(found);
        break;
      }
    }
  }
  absl::MutexLock lock(&mutex_);
  last_ = std::move(last);
}

absl::StatusOr<storage::BackupManifest> Backups::Create(storage::OnBackupProgress on_progress) {
  RETURN_IF_ERROR(CheckIdle());
  const std::string backup_id = storage::NewBackupId(clock_->Now());
  {
    absl::MutexLock lock(&mutex_);
    running_ = backup_id;
  }
  const absl::Duration start = clock_->Monotonic();
  absl::StatusOr<storage::BackupManifest> made = Make(backup_id, on_progress);
  {
    absl::MutexLock lock(&mutex_);
    running_.clear();
    if (made.ok()) {
      ++counts_.made;
      counts_.last_duration = clock_->Monotonic() - start;
      last_ = ToApi(*made);
    } else {
      ++counts_.failed;
    }
  }
  if (settings_.on_finished) {
    settings_.on_finished(backup_id, made.status());
  }
  return made;
}

absl::StatusOr<storage::BackupManifest> Backups::Make(const std::string& backup_id,
                                                      storage::OnBackupProgress on_progress) {
  RETURN_IF_ERROR(directory_->Make());
  RETURN_IF_ERROR(ledger_->CatchUp());
  storage::BackupOptions options;
  options.backup_id = backup_id;
  options.server_version = kVersion;
  options.bytes_per_second = settings_.bytes_per_second;
  options.clock = clock_;
  return store_->CreateBackup(*directory_, std::move(options), on_progress);
}

absl::StatusOr<std::vector<storage::ListedBackup>> Backups::List() const {
  RETURN_IF_ERROR(CheckOn());
  if (!directory_->IsMade()) {
    return std::vector<storage::ListedBackup>();
  }
  return storage::ListBackups(*directory_);
}

absl::StatusOr<BackupCheck> Backups::Check(const std::string& backup_id, v1::BackupCheckDepth depth,
                                           storage::OnBackupProgress on_progress,
                                           storage::OnBackupDamage on_damage,
                                           storage::OnDifference on_difference) const {
  RETURN_IF_ERROR(CheckOn());
  RETURN_IF_ERROR(CheckName(backup_id));
  RETURN_IF_ERROR(directory_->Make());
  BackupCheck check;
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::BackupLock> lock,
                   storage::BackupLock::Take(*directory_));
  ASSIGN_OR_RETURN(check.manifest, storage::ReadManifest(*directory_, backup_id));
  ASSIGN_OR_RETURN(check.damaged_files,
                   storage::CheckFiles(*directory_, check.manifest, settings_.bytes_per_second,
                                       on_progress, on_damage));
  if (check.damaged_files > 0 || depth == v1::BACKUP_CHECK_DEPTH_UNSPECIFIED ||
      depth == v1::BACKUP_CHECK_DEPTH_FILES) {
    return check;
  }
  RETURN_IF_ERROR(storage::CheckOpens(*directory_, check.manifest));
  if (depth == v1::BACKUP_CHECK_DEPTH_RECOUNT) {
    const auto tell = [&](const storage::TaskProgress& progress) {
      return on_progress(
          {.phase = progress.part, .files_done = progress.done, .files_total = progress.total});
    };
    ASSIGN_OR_RETURN(check.recount,
                     storage::RecountBackup(*directory_, check.manifest, tell, on_difference));
  }
  return check;
}

absl::StatusOr<storage::PruneResult> Backups::Delete(const std::string& backup_id) {
  RETURN_IF_ERROR(CheckOn());
  RETURN_IF_ERROR(CheckName(backup_id));
  RETURN_IF_ERROR(directory_->Make());
  absl::StatusOr<storage::PruneResult> removed = storage::DeleteBackup(*directory_, backup_id);
  FindLast();
  return removed;
}

absl::StatusOr<storage::PruneResult> Backups::Prune(const storage::KeptBackups& kept,
                                                    bool dry_run) {
  RETURN_IF_ERROR(CheckOn());
  RETURN_IF_ERROR(directory_->Make());
  absl::StatusOr<storage::PruneResult> pruned = storage::PruneBackups(*directory_, kept, dry_run);
  FindLast();
  return pruned;
}

std::optional<v1::BackupStatus> Backups::Status() const {
  if (!is_on()) {
    return std::nullopt;
  }
  v1::BackupStatus status;
  status.set_ledger_behind(ledger_->behind());
  absl::MutexLock lock(&mutex_);
  status.set_running_backup_id(running_);
  if (last_.has_value()) {
    *status.mutable_last() = *last_;
  }
  return status;
}

BackupCounts Backups::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

v1::Backup Backups::ToApi(const storage::BackupManifest& manifest) const {
  const store::v1::BackupHeader& header = manifest.header;
  v1::Backup backup;
  backup.set_backup_id(header.backup_id());
  backup.set_store_id(header.store_id());
  backup.set_sequence(static_cast<int64_t>(header.sequence()));
  *backup.mutable_start_time() = header.start_time();
  *backup.mutable_end_time() = header.end_time();
  backup.set_total_bytes(static_cast<int64_t>(header.total_bytes()));
  backup.set_new_bytes(static_cast<int64_t>(header.new_bytes()));
  backup.set_is_of_this_store(header.store_id() == store_->store_id().ToString());
  backup.set_audit_event_count(static_cast<int64_t>(header.counters().audit().count()));
  backup.set_audit_head_hash(absl::BytesToHexString(header.counters().audit().hash()));
  return backup;
}

v1::Backup Backups::ToApi(const storage::ListedBackup& listed) const {
  if (listed.damage.empty()) {
    return ToApi(listed.manifest);
  }
  v1::Backup backup;
  backup.set_backup_id(listed.backup_id);
  backup.set_damage(listed.damage);
  return backup;
}

}  // namespace emptychair
