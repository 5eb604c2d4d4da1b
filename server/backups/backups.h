// Makes, lists, checks and removes backups of the store.
#ifndef EMPTYCHAIR_SERVER_BACKUPS_BACKUPS_H_
#define EMPTYCHAIR_SERVER_BACKUPS_BACKUPS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.pb.h"
#include "server/backups/ledger_follower.h"
#include "storage/backup/backup.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/prune.h"
#include "storage/restore/restore.h"
#include "storage/store.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair {

struct BackupSettings {
  // Where backups are; empty: they are off.
  std::string directory;
  // What is read for them at most; 0: without a limit.
  int64_t bytes_per_second = 0;
  // Files of backups are used through this; null: the machine's. Must outlive the backups.
  rocksdb::Env* env = nullptr;
  // Gets the end of each backup that is made, and errors of the ledger beside them; may be null.
  std::function<void(const std::string& backup_id, const absl::Status&)> on_finished;
  LedgerFollower::OnChange on_ledger;
};

// What was done since the server started.
struct BackupCounts {
  int64_t made = 0;
  int64_t failed = 0;
  absl::Duration last_duration;  // Of the newest that was made.
};

// What a check of a backup found.
struct BackupCheck {
  storage::BackupManifest manifest;
  int64_t damaged_files = 0;
  std::optional<storage::VerifySummary> recount;
};

// Thread-safe. All but the cheap methods block, and are for the maintenance lane.
class Backups {
 public:
  // `store` and `clock` must outlive this. Begins to keep the ledger beside the backups, which must
  // not wait for the first of them. A directory that cannot be used is told by the first backup.
  Backups(storage::Store* store, const Clock* clock, BackupSettings settings);
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  bool is_on() const { return directory_.has_value(); }
  // Errors: BACKUPS_OFF.
  absl::Status CheckOn() const;

  // Cheap: BACKUPS_OFF, BACKUP_RUNNING with the name of the one that runs; OK: one can be begun.
  absl::Status CheckIdle() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes a backup. Errors: those of CheckIdle and of storage::CreateBackup.
  absl::StatusOr<storage::BackupManifest> Create(storage::OnBackupProgress on_progress)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Newest first. Errors: BACKUPS_OFF, FAILED_PRECONDITION.
  absl::StatusOr<std::vector<storage::ListedBackup>> List() const;

  // Checks a backup to the depth. Errors: BACKUPS_OFF, those of storage::FindBackup but for
  // "latest", which is no name, and of the checks and callbacks.
  absl::StatusOr<BackupCheck> Check(const std::string& backup_id, v1::BackupCheckDepth depth,
                                    storage::OnBackupProgress on_progress,
                                    storage::OnBackupDamage on_damage,
                                    storage::OnDifference on_difference) const;

  // Errors: BACKUPS_OFF; FIELD_INVALID with the field of DeleteBackupRequest; those of
  // storage::DeleteBackup.
  absl::StatusOr<storage::PruneResult> Delete(const std::string& backup_id);

  // Errors: BACKUPS_OFF, those of storage::PruneBackups.
  absl::StatusOr<storage::PruneResult> Prune(const storage::KeptBackups& kept, bool dry_run);

  // Cheap. Absent where backups are off.
  std::optional<v1::BackupStatus> Status() const ABSL_LOCKS_EXCLUDED(mutex_);
  BackupCounts counts() const ABSL_LOCKS_EXCLUDED(mutex_);

  // A backup as it is answered.
  v1::Backup ToApi(const storage::BackupManifest& manifest) const;
  v1::Backup ToApi(const storage::ListedBackup& backup) const;

 private:
  absl::Status CheckName(const std::string& backup_id) const;
  void FindLast() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<storage::BackupManifest> Make(const std::string& backup_id,
                                               storage::OnBackupProgress on_progress);

  storage::Store* const store_;
  const Clock* const clock_;
  const BackupSettings settings_;
  std::optional<storage::BackupDirectory> directory_;
  mutable absl::Mutex mutex_;
  std::string running_ ABSL_GUARDED_BY(mutex_);  // Empty: none.
  std::optional<v1::Backup> last_ ABSL_GUARDED_BY(mutex_);
  BackupCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<LedgerFollower> ledger_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_BACKUPS_BACKUPS_H_
