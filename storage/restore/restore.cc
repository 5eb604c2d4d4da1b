#include "storage/restore/restore.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/version.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/pool.h"
#include "storage/format/values.h"
#include "storage/restore/replay.h"
#include "storage/store.h"

namespace emptychair::storage {
namespace {

constexpr absl::string_view kLatest = "latest";
// As a flag of chairstore; the audit says when it was given.
constexpr char kWithoutLedger[] = "without_ledger";
// Between two looks whether purges are through.
constexpr absl::Duration kPurgePeriod = absl::Milliseconds(10);

// Without "/" at its end.
std::string Plain(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Major and minor version.
std::pair<int, int> VersionOf(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  std::pair<int, int> version;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &version.first) ||
      !absl::SimpleAtoi(parts[1], &version.second)) {
    return {0, 0};
  }
  return version;
}

absl::Status CheckVersions(const store::v1::BackupHeader& header) {
  if (header.store_format() > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the backup ", header.backup_id(), " is of a store of format ",
                     header.store_format(), "; this version knows formats up to ", kFormatVersion,
                     ". Restore it with the version that made it (", header.server_version(),
                     "), or a later one."));
  }
  const std::pair<int, int> own = {ROCKSDB_MAJOR, ROCKSDB_MINOR};
  if (own < VersionOf(header.rocksdb_version())) {
    return absl::FailedPreconditionError(
        absl::StrCat("the files of the backup ", header.backup_id(), " were written by RocksDB ",
                     header.rocksdb_version(), ", this is ", rocksdb::GetRocksVersionAsString(),
                     ". Restore it with a version that has that RocksDB, or a later one."));
  }
  return absl::OkStatus();
}

absl::Status CheckIsFree(rocksdb::Env* env, const std::string& path) {
  if (env->FileExists(path).IsNotFound()) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> names = NamesIn(env, path);
  if (!names.ok() || !names->empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", path,
                     "\" is there and is not empty; give a new folder. What is in it was "
                     "left as it is."));
  }
  return absl::OkStatus();
}

void AddTarget(absl::string_view kind, absl::string_view id, store::v1::StoredAuditEvent& event) {
  store::v1::StoredAuditTarget& target = *event.add_targets();
  target.set_kind(std::string(kind));
  target.set_id(std::string(id));
}

// What the audit of the restored store tells first.
CommandPtr NoteOfRestore(const store::v1::BackupHeader& backup, const RestoreOptions& options) {
  CommandPtr command = NewCommand();
  store::v1::StoredAuditEvent& event = *command->mutable_note_audit()->add_events();
  event.set_time_ms(absl::ToUnixMillis(options.time));
  event.set_caller_kind(v1::CALLER_KIND_OFFLINE_TOOL);
  event.set_method("restored");
  AddTarget("backup", backup.backup_id(), event);
  AddTarget("store", backup.store_id(), event);
  AddTarget("sequence", absl::StrCat(backup.sequence()), event);
  if (options.without_ledger) {
    event.add_fields(kWithoutLedger);
  }
  return command;
}

class RestoreRun {
 public:
  RestoreRun(const BackupDirectory& directory, const RestoreOptions& options,
             OnBackupProgress on_progress, OnBackupDamage on_damage)
      : directory_(directory),
        env_(directory.env()),
        options_(options),
        data_(Plain(options.data_directory)),
        unfinished_(data_ + ".restoring"),
        on_progress_(on_progress),
        on_damage_(on_damage) {}

  absl::StatusOr<RestoreReport> Run() {
    RETURN_IF_ERROR(CheckIsFree(env_, data_));
    ASSIGN_OR_RETURN(const std::unique_ptr<BackupLock> lock, BackupLock::Take(directory_));
    ASSIGN_OR_RETURN(manifest_, FindBackup(directory_, options_.backup_id));
    report_.backup = manifest_.header;
    RETURN_IF_ERROR(CheckVersions(manifest_.header));
    std::vector<LedgerItem> items;
    if (!options_.without_ledger) {
      ASSIGN_OR_RETURN(items, ReadLedgers(directory_, *Uuid::Parse(manifest_.header.store_id())));
    }
    RETURN_IF_ERROR(CopyFiles());
    RETURN_IF_ERROR(Rework(items));
    RETURN_IF_ERROR(SyncFolder(env_, unfinished_));
    RETURN_IF_ERROR(FromBackupDisk(env_->RenameFile(unfinished_, data_),
                                   absl::StrCat("naming \"", data_, "\"")));
    RETURN_IF_ERROR(SyncFolder(env_, FolderOf(data_)));
    return std::move(report_);
  }

 private:
  absl::Status Tell(absl::string_view phase) {
    progress_.phase = std::string(phase);
    return on_progress_(progress_);
  }

  // All damaged files are named before it ends.
  absl::Status CopyFiles() {
    RETURN_IF_ERROR(RemoveTree(env_, unfinished_));
    RETURN_IF_ERROR(MakePrivateFolder(env_, unfinished_));
    const std::string database = unfinished_ + "/db";
    RETURN_IF_ERROR(MakePrivateFolder(env_, database));
    progress_.files_total = static_cast<int64_t>(manifest_.files.size());
    progress_.bytes_total = static_cast<int64_t>(manifest_.header.total_bytes());
    Pace pace(0);
    std::vector<std::string> damaged;
    for (const store::v1::BackupFile& file : manifest_.files) {
      const absl::Status read = ReadFromPool(
          directory_, file, absl::StrCat(database, "/", file.name()), pace, [this](int64_t bytes) {
            progress_.bytes_done += bytes;
            return Tell("copy");
          });
      if (ReasonOf(read) == v1::ERROR_REASON_BACKUP_DAMAGED) {
        damaged.push_back(file.name());
        RETURN_IF_ERROR(on_damage_(
            {.file = directory_.PoolPath(file.sha256()).substr(directory_.path().size() + 1),
             .what = std::string(read.message()),
             .backup_ids = {manifest_.header.backup_id()}}));
      } else {
        RETURN_IF_ERROR(read);
      }
      ++progress_.files_done;
    }
    if (!damaged.empty()) {
      RETURN_IF_ERROR(RemoveTree(env_, unfinished_));
      return BackupDamagedError(manifest_.header.backup_id(), damaged.front(),
                                absl::StrCat("is damaged, and so are ", damaged.size() - 1,
                                             " more files of the backup; nothing was restored"));
    }
    return SyncFolder(env_, database);
  }

  absl::StatusOr<std::unique_ptr<Store>> Open() {
    StoreOptions options;
    options.directory = unfinished_;
    options.env = env_;
    options.column_bytes_max = 0;
    options.restored_backup_id = manifest_.header.backup_id();
    options.restored_time_ms = absl::ToUnixMillis(options_.time);
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store, Store::Open(std::move(options)));
    if (!store->SharesHistory(*Uuid::Parse(manifest_.header.store_id()),
                              manifest_.header.sequence())) {
      return BackupDamagedError(manifest_.header.backup_id(), "db",
                                "its files are those of another store, or hold less than its "
                                "manifest says; nothing was restored");
    }
    return store;
  }

  absl::Status Rework(const std::vector<LedgerItem>& items) {
    RETURN_IF_ERROR(Tell("open"));
    ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, Open());
    RETURN_IF_ERROR(store->CarryOut(NoteOfRestore(manifest_.header, options_)).error);
    RETURN_IF_ERROR(ReplayLedger(
        *store, items, [this] { return Tell("ledger"); }, report_));
    RETURN_IF_ERROR(WaitForErasures(*store));
    RETURN_IF_ERROR(Tell("verify"));
    ASSIGN_OR_RETURN(report_.verified,
                     store->Verify([this](const TaskProgress&) { return Tell("verify"); },
                                   [](const Difference&) { return absl::OkStatus(); }));
    report_.store_id = store->store_id().ToString();
    report_.sequence = store->view()->counters.sequence();
    RETURN_IF_ERROR(store->Flush());
    store->Stop();
    return absl::OkStatus();
  }

  // Erased customers are hidden at once, and what they said goes in steps.
  absl::Status WaitForErasures(Store& store) {
    while (store.view()->erasing->size() > 0) {
      RETURN_IF_ERROR(Tell("ledger"));
      // Without an effect, but for a store whose disk has failed: its steps would never end.
      if (const absl::Status alive = store.CarryOut(NewCommand()).error;
          ReasonOf(alive) == v1::ERROR_REASON_SHUTTING_DOWN) {
        return alive;
      }
      absl::SleepFor(kPurgePeriod);
    }
    return absl::OkStatus();
  }

  const BackupDirectory& directory_;
  rocksdb::Env* const env_;
  const RestoreOptions& options_;
  const std::string data_;
  const std::string unfinished_;
  const OnBackupProgress on_progress_;
  const OnBackupDamage on_damage_;
  BackupManifest manifest_;
  BackupProgress progress_;
  RestoreReport report_;
};

}  // namespace

absl::StatusOr<BackupManifest> FindBackup(const BackupDirectory& directory,
                                          const std::string& backup_id) {
  if (backup_id != kLatest) {
    if (!IsBackupId(backup_id)) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "backup_id",
                        absl::StrCat("got ", Quoted(backup_id),
                                     ", wanted a name such as 20240131T120000Z-1a2b3c4d"));
    }
    return ReadManifest(directory, backup_id);
  }
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(directory));
  if (backups.empty()) {
    return Error(v1::ERROR_REASON_BACKUP_NOT_FOUND,
                 absl::StrCat("there is no backup in \"", directory.path(), "\""));
  }
  std::set<std::string> lines;
  for (const auto& [store_id, line] : LinesOf(backups)) {
    lines.insert(line);
  }
  if (lines.size() > 1) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there are backups of ", lines.size(), " stores in \"", directory.path(),
        "\" that were not made from each other, so it is not clear which is the latest; name one "
        "with --backup"));
  }
  return ReadManifest(directory, backups.front().backup_id);
}

absl::StatusOr<RestoreReport> Restore(const BackupDirectory& directory,
                                      const RestoreOptions& options, OnBackupProgress on_progress,
                                      OnBackupDamage on_damage) {
  return RestoreRun(directory, options, on_progress, on_damage).Run();
}

absl::StatusOr<VerifySummary> RecountBackup(const BackupDirectory& directory,
                                            const BackupManifest& manifest, OnProgress on_progress,
                                            OnDifference on_difference) {
  const std::string folder = directory.TemporaryFolder() + "/recount";
  RETURN_IF_ERROR(RemoveTree(directory.env(), folder));
  RETURN_IF_ERROR(MakePrivateFolder(directory.env(), folder));
  RETURN_IF_ERROR(LinkFiles(directory, manifest, folder + "/db"));
  StoreOptions options;
  options.directory = folder;
  options.env = directory.env();
  options.column_bytes_max = 0;
  options.restored_backup_id = manifest.header.backup_id();
  absl::StatusOr<VerifySummary> summary;
  {
    const absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
    if (!store.ok()) {
      return BackupDamagedError(manifest.header.backup_id(), "db", store.status().message());
    }
    summary = (*store)->Verify(on_progress, on_difference);
  }
  RETURN_IF_ERROR(RemoveTree(directory.env(), folder));
  return summary;
}

}  // namespace emptychair::storage
