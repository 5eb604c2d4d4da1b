#include "storage/backup/backup_directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/file_tree.h"
#include "storage/format/keyed_hash.h"

namespace emptychair::storage {
namespace {

constexpr absl::string_view kFormat = "emptychair-backup 1\n";

// What may stand in a directory that is being made: its making was interrupted, or goes on.
constexpr std::array<absl::string_view, 7> kOwnNames = {"LOCK",   "tmp",    "pool",      "backups",
                                                        "ledger", "format", "lost+found"};
constexpr absl::string_view kUnfinishedFormat = "format.new";

bool IsOwnName(absl::string_view name) {
  return absl::StartsWith(name, kUnfinishedFormat) ||
         std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
}

// With four digits of the year: else all that follow would be taken for it.
constexpr absl::string_view kTimeFormat = "%E4Y%m%dT%H%M%SZ";
constexpr size_t kTimeSize = 16;
constexpr size_t kRandomDigits = 8;

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string BackupDirectory::ManifestPath(const std::string& backup_id) const {
  return absl::StrCat(ManifestFolder(), "/", backup_id, ".jsonl");
}

std::string BackupDirectory::LedgerPath(const Uuid& store_id) const {
  return absl::StrCat(LedgerFolder(), "/", store_id.ToString(), ".log");
}

std::string BackupDirectory::PoolFolderOf(const std::string& sha256) const {
  return absl::StrCat(PoolFolder(), "/", sha256.substr(0, 2));
}

std::string BackupDirectory::PoolPath(const std::string& sha256) const {
  return absl::StrCat(PoolFolderOf(sha256), "/", sha256.substr(2));
}

int64_t BackupDirectory::FreeBytes() const {
  uint64_t bytes = 0;
  return env_->GetFreeSpace(path_, &bytes).ok() ? static_cast<int64_t>(bytes) : 0;
}

absl::Status BackupDirectory::Make() const {
  RETURN_IF_ERROR(MakePrivateFolder(env_, path_));
  if (env_->FileExists(FormatPath()).IsNotFound()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(env_, path_));
    for (const std::string& name : names) {
      if (!IsOwnName(name)) {
        return absl::FailedPreconditionError(
            absl::StrCat("the directory \"", path_, "\" holds no backups, but other files (",
                         Visible(name), "). Give an empty or new directory for backups."));
      }
    }
    // Several can make it at once, of one server or of two: each by a file of its own.
    const std::string unfinished =
        absl::StrCat(path_, "/", kUnfinishedFormat, absl::BytesToHexString(RandomBytes(8)));
    RETURN_IF_ERROR(WriteFileAtOnce(env_, FormatPath(), unfinished, kFormat));
  }
  RETURN_IF_ERROR(Check());
  for (const std::string& folder :
       {TemporaryFolder(), PoolFolder(), ManifestFolder(), LedgerFolder()}) {
    RETURN_IF_ERROR(MakePrivateFolder(env_, folder));
  }
  return SyncFolder(env_, path_);
}

absl::Status BackupDirectory::Check() const {
  std::string format;
  const rocksdb::Status read = rocksdb::ReadFileToString(env_, FormatPath(), &format);
  if (!read.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", path_, "\" is no backup directory: ", read.ToString()));
  }
  if (format != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the backup directory \"", path_, "\" has the format ", Quoted(format), "; this version ",
        "knows ", Quoted(kFormat), ". Use the newer version that made it, or another directory."));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BackupLock>> BackupLock::Take(const BackupDirectory& directory) {
  rocksdb::Env* const env = directory.env();
  RETURN_IF_ERROR(directory.Check());
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked = env->LockFile(directory.LockPath(), &lock);
  if (!locked.ok()) {
    return Error(v1::ERROR_REASON_BACKUP_RUNNING,
                 absl::StrCat("the backup directory cannot be locked: another backup, check or "
                              "restore may be at work there, or it is not writable (",
                              locked.ToString(), ")"));
  }
  std::unique_ptr<BackupLock> held(new BackupLock(env, lock));
  RETURN_IF_ERROR(RemoveTree(env, directory.TemporaryFolder()));
  RETURN_IF_ERROR(MakePrivateFolder(env, directory.TemporaryFolder()));
  return held;
}

BackupLock::~BackupLock() { env_->UnlockFile(lock_).PermitUncheckedError(); }

std::string NewBackupId(absl::Time time) {
  return absl::StrCat(absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone()), "-",
                      absl::BytesToHexString(RandomBytes(kRandomDigits / 2)));
}

bool IsBackupId(absl::string_view text) {
  if (text.size() != kTimeSize + 1 + kRandomDigits || text[kTimeSize] != '-') {
    return false;
  }
  for (size_t i = 0; i < kTimeSize; ++i) {
    const bool fits = i == 8               ? text[i] == 'T'
                      : i == kTimeSize - 1 ? text[i] == 'Z'
                                           : absl::ascii_isdigit(text[i]);
    if (!fits) {
      return false;
    }
  }
  const absl::string_view random = text.substr(kTimeSize + 1);
  return std::all_of(random.begin(), random.end(), IsHex);
}

absl::Time TimeOfBackupId(absl::string_view backup_id) {
  absl::Time time = absl::InfinitePast();
  std::string error;
  absl::ParseTime(kTimeFormat, backup_id.substr(0, kTimeSize), absl::UTCTimeZone(), &time, &error);
  return time;
}

}  // namespace emptychair::storage
