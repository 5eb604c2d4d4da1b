#include "storage/backup/backup.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/version.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/pool.h"
#include "storage/engine/fail_point.h"
#include "storage/engine/opening_guard.h"

namespace emptychair::storage {
namespace {

constexpr absl::string_view kTableSuffix = ".sst";

// A file of the database, and where its bytes come from.
struct Planned {
  store::v1::BackupFile file;  // The hash is empty until it is in the pool.
  PoolSource source;
  bool is_table = false;
  bool is_known = false;  // In the pool by the last backup.
};

// The tables of the newest backup of the store by their names. A number is never used again for
// other bytes while the store keeps its id.
std::map<std::string, store::v1::BackupFile> TablesOfLast(const std::vector<ListedBackup>& backups,
                                                          const std::string& store_id) {
  std::map<std::string, store::v1::BackupFile> tables;
  for (const ListedBackup& backup : backups) {
    if (!backup.damage.empty() || backup.manifest.header.store_id() != store_id) {
      continue;
    }
    for (const store::v1::BackupFile& file : backup.manifest.files) {
      if (absl::EndsWith(file.name(), kTableSuffix)) {
        tables.emplace(file.name(), file);
      }
    }
    break;
  }
  return tables;
}

// Checks the checksums that a table has of its own blocks.
absl::Status CheckTable(rocksdb::Env* env, const std::string& path, const std::string& name) {
  rocksdb::Options options;
  options.env = env;
  rocksdb::SstFileReader reader(options);
  rocksdb::Status status = reader.Open(path);
  if (status.ok()) {
    status = reader.VerifyChecksum();
  }
  return status.ok()
             ? absl::OkStatus()
             : Error(v1::ERROR_REASON_STORE_DAMAGED,
                     absl::StrCat("the store's file ", name,
                                  " is damaged, so no backup was made: ", status.ToString()));
}

class Backup {
 public:
  Backup(const Engine& engine, const BackupDirectory& directory, const BackupOptions& options,
         OnBackupProgress on_progress)
      : engine_(engine),
        directory_(directory),
        options_(options),
        on_progress_(on_progress),
        pace_(options.bytes_per_second) {}

  absl::StatusOr<BackupManifest> Run() {
    ASSIGN_OR_RETURN(const std::unique_ptr<BackupLock> lock, BackupLock::Take(directory_));
    const absl::Time start = options_.clock->Now();
    RETURN_IF_ERROR(Begin("flush"));
    // Again on every way out; RocksDB counts how often.
    RETURN_IF_ERROR(
        FromRocksDb(engine_.db()->DisableFileDeletions(), "keeping files for a backup"));
    {
      const absl::Cleanup enable = [this] {
        engine_.db()->EnableFileDeletions(/*force=*/false).PermitUncheckedError();
      };
      RETURN_IF_ERROR(Plan());
      RETURN_IF_ERROR(CheckSpace());
      RETURN_IF_ERROR(CopyAll());
    }
    RETURN_IF_ERROR(FillHeader(start));
    RETURN_IF_ERROR(Begin("open"));
    RETURN_IF_ERROR(SyncPool());
    RETURN_IF_ERROR(ReadBack());
    RETURN_IF_ERROR(WriteManifest(directory_, manifest_));
    return std::move(manifest_);
  }

 private:
  absl::Status Begin(absl::string_view phase) {
    progress_.phase = std::string(phase);
    return Tell(0);
  }

  absl::Status Tell(int64_t bytes) {
    progress_.bytes_done += bytes;
    if (options_.check_store_disk) {
      RETURN_IF_ERROR(options_.check_store_disk());
    }
    return on_progress_(progress_);
  }

  // Lists the database's files, everything in memory flushed, and finds those that the pool has.
  absl::Status Plan() {
    std::vector<rocksdb::LiveFileStorageInfo> infos;
    rocksdb::LiveFilesStorageInfoOptions wanted;
    wanted.wal_size_for_flush = 0;
    RETURN_IF_ERROR(
        FromRocksDb(engine_.db()->GetLiveFilesStorageInfo(wanted, &infos), "listing the files"));
    ASSIGN_OR_RETURN(const StoreFacts facts, engine_.ReadFacts());
    facts_ = facts;
    ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(directory_));
    store_id_ = Uuid::FromBytes(facts_.identity.store_id())->ToString();
    const auto last = TablesOfLast(backups, store_id_);
    for (const rocksdb::LiveFileStorageInfo& info : infos) {
      Planned planned;
      planned.file.set_name(info.relative_filename);
      planned.file.set_size(info.replacement_contents.empty() ? info.size
                                                              : info.replacement_contents.size());
      planned.source = {.path = info.replacement_contents.empty()
                                    ? absl::StrCat(info.directory, "/", info.relative_filename)
                                    : "",
                        .content = info.replacement_contents,
                        .size = planned.file.size()};
      planned.is_table = info.file_type == rocksdb::kTableFile;
      const auto known = last.find(info.relative_filename);
      if (planned.is_table && known != last.end() && known->second.size() == info.size &&
          IsInPool(directory_, known->second)) {
        planned.file.set_sha256(known->second.sha256());
        planned.is_known = true;
      } else {
        progress_.bytes_total += static_cast<int64_t>(planned.file.size());
      }
      files_.push_back(std::move(planned));
    }
    progress_.files_total = static_cast<int64_t>(files_.size());
    return absl::OkStatus();
  }

  absl::Status CheckSpace() {
    const int64_t free = directory_.FreeBytes();
    if (free == 0 || free >= progress_.bytes_total) {
      return absl::OkStatus();
    }
    const std::string free_text = absl::StrCat(free);
    const std::string needed_text = absl::StrCat(progress_.bytes_total);
    return Error(v1::ERROR_REASON_BACKUP_DISK_FULL,
                 absl::StrCat("the disk of the backup directory has ", free_text,
                              " bytes free, but the backup needs ", needed_text),
                 {{"free_bytes", free_text}, {"needed_bytes", needed_text}});
  }

  absl::Status CopyAll() {
    RETURN_IF_ERROR(Begin("copy"));
    for (Planned& planned : files_) {
      if (!planned.is_known) {
        RETURN_IF_ERROR(Copy(planned));
      }
      ++progress_.files_done;
      manifest_.files.push_back(planned.file);
    }
    return absl::OkStatus();
  }

  absl::Status Copy(Planned& planned) {
    const auto check = [&](const std::string& path) {
      return planned.is_table ? CheckTable(directory_.env(), path, planned.file.name())
                              : absl::OkStatus();
    };
    absl::StatusOr<std::string> sha256 = CopyIntoPool(
        directory_, planned.source, pace_, [this](int64_t bytes) { return Tell(bytes); }, check);
    if (!sha256.ok()) {
      return WithSpace(sha256.status());
    }
    new_bytes_ += planned.file.size();
    planned.file.set_sha256(*std::move(sha256));
    return absl::OkStatus();
  }

  // Says of a disk that became full how full it is.
  absl::Status WithSpace(const absl::Status& status) const {
    if (ReasonOf(status) != v1::ERROR_REASON_BACKUP_DISK_FULL) {
      return status;
    }
    return Error(v1::ERROR_REASON_BACKUP_DISK_FULL, status.message(),
                 {{"free_bytes", absl::StrCat(directory_.FreeBytes())},
                  {"needed_bytes", absl::StrCat(progress_.bytes_total - progress_.bytes_done)}});
  }

  absl::Status FillHeader(absl::Time start) {
    store::v1::BackupHeader& header = manifest_.header;
    header.set_format(1);
    header.set_backup_id(options_.backup_id);
    header.set_store_id(store_id_);
    header.set_store_format(facts_.format_version);
    for (const store::v1::FormerStore& former : facts_.identity.former_stores()) {
      if (const std::optional<Uuid> id = Uuid::FromBytes(former.store_id())) {
        header.add_former_store_ids(id->ToString());
      }
    }
    header.set_server_version(options_.server_version);
    header.set_rocksdb_version(rocksdb::GetRocksVersionAsString());
    header.set_survey_count(options_.survey_count);
    *header.mutable_start_time() = ToTimestamp(start);
    header.set_file_count(static_cast<uint32_t>(manifest_.files.size()));
    header.set_new_bytes(new_bytes_);
    for (const store::v1::BackupFile& file : manifest_.files) {
      header.set_total_bytes(header.total_bytes() + file.size());
    }
    return absl::OkStatus();
  }

  // What is in the copy, which its own opening tells: it is as new as its log.
  absl::Status ReadBack() {
    const std::string folder = directory_.TemporaryFolder() + "/open";
    RETURN_IF_ERROR(LinkFiles(directory_, manifest_, folder));
    ASSIGN_OR_RETURN(const StoreFacts facts, Engine::ReadFactsIn(directory_.env(), folder));
    RETURN_IF_ERROR(RemoveTree(directory_.env(), folder));
    if (facts.identity.store_id() != facts_.identity.store_id() ||
        facts.counters.sequence() < options_.sequence_min) {
      return absl::InternalError(absl::StrCat(
          "the backup holds changes up to ", facts.counters.sequence(),
          ", but was begun when there were ", options_.sequence_min, "; it is given up"));
    }
    manifest_.header.set_sequence(facts.counters.sequence());
    *manifest_.header.mutable_counters() = facts.counters;
    *manifest_.header.mutable_end_time() = ToTimestamp(options_.clock->Now());
    return absl::OkStatus();
  }

  absl::Status SyncPool() {
    std::set<std::string> folders = {directory_.PoolFolder()};
    for (const Planned& planned : files_) {
      if (!planned.is_known) {
        folders.insert(directory_.PoolFolderOf(planned.file.sha256()));
      }
    }
    for (const std::string& folder : folders) {
      RETURN_IF_ERROR(SyncFolder(directory_.env(), folder));
    }
    return absl::OkStatus();
  }

  const Engine& engine_;
  const BackupDirectory& directory_;
  const BackupOptions& options_;
  const OnBackupProgress on_progress_;
  Pace pace_;
  StoreFacts facts_;
  std::string store_id_;
  std::vector<Planned> files_;
  uint64_t new_bytes_ = 0;
  BackupProgress progress_;
  BackupManifest manifest_;
};

}  // namespace

absl::StatusOr<BackupManifest> CreateBackup(const Engine& engine, const BackupDirectory& directory,
                                            const BackupOptions& options,
                                            OnBackupProgress on_progress) {
  return Backup(engine, directory, options, on_progress).Run();
}

absl::Status LinkFiles(const BackupDirectory& directory, const BackupManifest& manifest,
                       const std::string& folder) {
  rocksdb::Env* const env = directory.env();
  RETURN_IF_ERROR(RemoveTree(env, folder));
  RETURN_IF_ERROR(MakePrivateFolder(env, folder));
  for (const store::v1::BackupFile& file : manifest.files) {
    const std::string path = directory.PoolPath(file.sha256());
    if (env->FileExists(path).IsNotFound()) {
      return BackupDamagedError(manifest.header.backup_id(),
                                path.substr(directory.path().size() + 1), "is missing");
    }
    RETURN_IF_ERROR(FromBackupDisk(env->LinkFile(path, absl::StrCat(folder, "/", file.name())),
                                   absl::StrCat("linking \"", path, "\"")));
  }
  return absl::OkStatus();
}

absl::Status CheckOpens(const BackupDirectory& directory, const BackupManifest& manifest) {
  const std::string& backup_id = manifest.header.backup_id();
  const std::string folder = directory.TemporaryFolder() + "/open";
  RETURN_IF_ERROR(LinkFiles(directory, manifest, folder));
  const absl::StatusOr<StoreFacts> facts = Engine::ReadFactsIn(directory.env(), folder);
  RETURN_IF_ERROR(RemoveTree(directory.env(), folder));
  if (!facts.ok()) {
    return ReasonOf(facts.status()) == v1::ERROR_REASON_STORE_DAMAGED
               ? BackupDamagedError(backup_id, backup_id, facts.status().message())
               : facts.status();
  }
  if (Uuid::FromBytes(facts->identity.store_id())->ToString() != manifest.header.store_id() ||
      facts->counters.sequence() != manifest.header.sequence()) {
    return BackupDamagedError(
        backup_id, backup_id,
        absl::StrCat("its files hold changes up to ", facts->counters.sequence(),
                     ", its manifest says ", manifest.header.sequence()));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
