// The directory that backups are in: its folders and its lock. docs/storage_format.md describes it.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_BACKUP_DIRECTORY_H_
#define EMPTYCHAIR_STORAGE_BACKUP_BACKUP_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/uuid.h"
#include "rocksdb/env.h"

namespace emptychair::storage {

// Says where things are in a backup directory. Thread-safe.
class BackupDirectory {
 public:
  // The directory is used through `env`, which must outlive this; null: the machine's file system.
  // Nothing is read yet.
  BackupDirectory(rocksdb::Env* env, std::string path)
      : env_(env == nullptr ? rocksdb::Env::Default() : env), path_(std::move(path)) {}

  // Makes the directory with its folders, unless it is there. Errors: FAILED_PRECONDITION for one
  // that holds other files, that a newer version made, or that cannot be written to.
  absl::Status Make() const;
  // Whether it is a backup directory that this version can read. Errors: FAILED_PRECONDITION.
  absl::Status Check() const;

  // Whether it is there at all.
  bool IsMade() const { return env_->FileExists(FormatPath()).ok(); }

  rocksdb::Env* env() const { return env_; }
  const std::string& path() const { return path_; }
  std::string LockPath() const { return path_ + "/LOCK"; }
  std::string TemporaryFolder() const { return path_ + "/tmp"; }
  std::string PoolFolder() const { return path_ + "/pool"; }
  std::string ManifestFolder() const { return path_ + "/backups"; }
  std::string LedgerFolder() const { return path_ + "/ledger"; }
  std::string ManifestPath(const std::string& backup_id) const;
  std::string LedgerPath(const Uuid& store_id) const;
  // Where the pool keeps the file with these bytes, and the folder that it is in. `sha256` is what
  // IsSha256Text takes.
  std::string PoolPath(const std::string& sha256) const;
  std::string PoolFolderOf(const std::string& sha256) const;

  // Bytes free on its disk; 0 when that cannot be known.
  int64_t FreeBytes() const;

 private:
  std::string FormatPath() const { return path_ + "/format"; }

  rocksdb::Env* const env_;
  const std::string path_;
};

// Holds a backup directory: while it lives nobody else adds or removes backups there.
class BackupLock {
 public:
  // Empties the temporary folder. Errors: BACKUP_RUNNING while somebody else holds it;
  // FAILED_PRECONDITION.
  static absl::StatusOr<std::unique_ptr<BackupLock>> Take(const BackupDirectory& directory);
  ~BackupLock();
  BackupLock(const BackupLock&) = delete;
  BackupLock& operator=(const BackupLock&) = delete;

 private:
  BackupLock(rocksdb::Env* env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}

  rocksdb::Env* const env_;
  rocksdb::FileLock* const lock_;
};

// A name for a backup that is begun at `time`, for example "20240131T120000Z-1a2b3c4d".
std::string NewBackupId(absl::Time time);
// Whether it is such a name. No path is made of any other text.
bool IsBackupId(absl::string_view text);
// When the backup was begun, to the second.
absl::Time TimeOfBackupId(absl::string_view backup_id);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_BACKUP_DIRECTORY_H_
