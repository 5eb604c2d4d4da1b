// Puts a backup back as a store of its own, in which what was erased since stays erased.
#ifndef EMPTYCHAIR_STORAGE_RESTORE_RESTORE_H_
#define EMPTYCHAIR_STORAGE_RESTORE_RESTORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/backup.pb.h"
#include "emptychair/store/v1/value.pb.h"
#include "rocksdb/env.h"
#include "storage/backup/backup.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/check_backup.h"
#include "storage/check/verify.h"

namespace emptychair::storage {

struct RestoreOptions {
  // Its name; "latest": the newest.
  std::string backup_id = "latest";
  // Where the store is to be: not there, or an empty folder.
  std::string data_directory;
  // Does not do again what the ledger says, so that what was erased since the backup is back.
  bool without_ledger = false;
  absl::Time time;
};

struct RestoreReport {
  store::v1::BackupHeader backup;
  std::string store_id;  // The new one.
  uint64_t sequence = 0;
  // Entries of the ledger that were done again, by kind.
  std::map<store::v1::LedgerKind, int64_t> replayed;
  // Those that the backup had already.
  int64_t held = 0;
  // Of those done again: wait for a survey or an activity kind that the backup has not.
  int64_t waiting = 0;
  // Keys that were revoked, rotated or narrowed and are not there, because they are younger than
  // the backup.
  std::vector<uint64_t> keys_gone;
  VerifySummary verified;
};

// The manifest of the backup with this name, or of the newest for "latest". Errors:
// BACKUP_NOT_FOUND, BACKUP_DAMAGED; FIELD_INVALID for any other text; FAILED_PRECONDITION when
// "latest" is that of several stores.
absl::StatusOr<BackupManifest> FindBackup(const BackupDirectory& directory,
                                          const std::string& backup_id);

// Restores a backup. The copy lies in `DATA.restoring` until all is done, then gets its name:
// whatever ends it before leaves no store under that name, and it can be run again. Refuses, and
// names, every file that is damaged; the store is verified before it gets its name. The store gets
// a new id; positions of followers up to the backup stay true. The first event of its audit is the
// restore. Takes the backup directory's lock.
// Errors: those of FindBackup, BACKUP_DAMAGED, BACKUP_RUNNING, STORE_DAMAGED, FAILED_PRECONDITION,
// those of the callbacks.
absl::StatusOr<RestoreReport> Restore(const BackupDirectory& directory,
                                      const RestoreOptions& options, OnBackupProgress on_progress,
                                      OnBackupDamage on_damage);

// Opens a backup as a store, in the backup directory's temporary folder, and verifies everything in
// it (verify.h). Needs room there for what an opening writes. The caller holds the directory's
// lock. Errors: BACKUP_DAMAGED for one that does not open, those of Verify.
absl::StatusOr<VerifySummary> RecountBackup(const BackupDirectory& directory,
                                            const BackupManifest& manifest, OnProgress on_progress,
                                            OnDifference on_difference);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_RESTORE_RESTORE_H_
