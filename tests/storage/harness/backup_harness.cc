#include "tests/storage/harness/backup_harness.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

absl::StatusOr<BackupManifest> BackupHarness::Backup(const Store& store) {
  RETURN_IF_ERROR(directory_.Make());
  BackupOptions options;
  options.backup_id =
      absl::StrCat(NewBackupId(absl::FromUnixMillis(kNoonMs) + absl::Seconds(++backups_)));
  options.server_version = "0.0.0";
  return store.CreateBackup(directory_, options, GoOn);
}

absl::Status BackupHarness::WriteLedger(const Store& store) {
  RETURN_IF_ERROR(directory_.Make());
  absl::flat_hash_set<Uuid> known;
  ASSIGN_OR_RETURN(
      const std::unique_ptr<LedgerFile> file,
      LedgerFile::Open(directory_.env(), directory_.LedgerPath(store.store_id()), store.store_id(),
                       [&](const LedgerItem& item) { known.insert(item.id); }));
  std::vector<LedgerItem> missing;
  RETURN_IF_ERROR(store.VisitLedger(*store.view(), Uuid(), [&](const LedgerItem& item) {
    if (!known.contains(item.id)) {
      missing.push_back(item);
    }
    return absl::OkStatus();
  }));
  return file->Append(missing);
}

absl::StatusOr<RestoreReport> BackupHarness::RestoreTo(const std::string& folder,
                                                       const std::string& backup_id,
                                                       bool without_ledger) {
  RestoreOptions options;
  options.backup_id = backup_id;
  options.data_directory = folder;
  options.without_ledger = without_ledger;
  options.time = absl::FromUnixMillis(kNoonMs);
  return Restore(directory_, options, GoOn, PassOver);
}

absl::StatusOr<std::unique_ptr<Store>> OpenIn(const std::string& folder) {
  StoreOptions options;
  options.directory = folder;
  return Store::Open(std::move(options));
}

DatabaseDump DumpOf(const std::string& folder) {
  return PlainDatabase(rocksdb::Env::Default(), folder, PlainDatabase::Mode::kRead).Dump();
}

DatabaseDump ContentOf(DatabaseDump dump) {
  for (const std::string& key : {IdentityKey(), EpochsKey(), CountersKey()}) {
    dump["meta"].erase(key);
  }
  dump["audit"].clear();
  return dump;
}

}  // namespace emptychair::storage
