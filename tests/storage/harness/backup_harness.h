// A store with a backup directory beside it, for tests.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_BACKUP_HARNESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_BACKUP_HARNESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"
#include "storage/backup/backup.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/ledger_file.h"
#include "storage/backup/manifest.h"
#include "storage/restore/restore.h"
#include "storage/store.h"
#include "tests/helpers/temp_dir.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

// Says nothing and goes on.
inline absl::Status GoOn(const BackupProgress&) { return absl::OkStatus(); }
inline absl::Status PassOver(const BackupDamage&) { return absl::OkStatus(); }

// Makes backups in a directory, keeps the ledger there as a server does, and restores.
class BackupHarness {
 public:
  // Files of backups are written through `env`.
  explicit BackupHarness(rocksdb::Env* env = rocksdb::Env::Default())
      : directory_(env, temp_dir_.Join("backups")) {}

  const BackupDirectory& directory() const { return directory_; }
  std::string NewFolder() { return temp_dir_.Join(absl::StrCat("restored", ++folders_)); }

  // Makes the directory and a backup; its name sorts behind those before.
  absl::StatusOr<BackupManifest> Backup(const Store& store);

  // Appends what the store's ledger file in the directory lacks.
  absl::Status WriteLedger(const Store& store);

  absl::StatusOr<RestoreReport> RestoreTo(const std::string& folder,
                                          const std::string& backup_id = "latest",
                                          bool without_ledger = false);

 private:
  testing::TempDir temp_dir_;
  const BackupDirectory directory_;
  int backups_ = 0;
  int folders_ = 0;
};

// The store in a folder.
absl::StatusOr<std::unique_ptr<Store>> OpenIn(const std::string& folder);

// Everything in the database of a folder, which is not open.
DatabaseDump DumpOf(const std::string& folder);

// The same without what another store of the same content has of its own: ids, epochs, the audit.
DatabaseDump ContentOf(DatabaseDump dump);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_BACKUP_HARNESS_H_
