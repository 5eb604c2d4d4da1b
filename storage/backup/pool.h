// The pool: files of all backups, each once, by the hash of their bytes.
#ifndef EMPTYCHAIR_STORAGE_BACKUP_POOL_H_
#define EMPTYCHAIR_STORAGE_BACKUP_POOL_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/backup.pb.h"
#include "rocksdb/env.h"
#include "storage/backup/backup_directory.h"

namespace emptychair::storage {

// Gets how many more bytes were read or written; often. An error ends what is done with that error.
using OnBytes = absl::FunctionRef<absl::Status(int64_t bytes)>;

// Keeps to a rate. For one thread.
class Pace {
 public:
  // 0: without a limit.
  explicit Pace(int64_t bytes_per_second);

  // Waits until so many bytes more fit into the rate, and asks `check` meanwhile. Errors: those of
  // `check`.
  absl::Status Spend(int64_t bytes, absl::FunctionRef<absl::Status()> check);

  // Bytes to read at once, so that a wait is short.
  size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  const int64_t bytes_per_second_;
  const size_t chunk_bytes_;
  absl::Time free_at_ = absl::InfinitePast();
};

// A copy that the pool is to have.
struct PoolSource {
  // The file that is read; empty: `content` is copied.
  std::string path;
  std::string content;
  // Exactly so many bytes from the beginning.
  uint64_t size = 0;
};

// Copies `source` under a temporary name and hashes it, lets `check` look at the copy under that
// name, and puts it into the pool; not yet so that it lasts, which is a matter of SyncFolder.
// Answers the hash. Errors: STORE_DAMAGED for a source that cannot be read or ends early,
// BACKUP_DISK_FULL, FAILED_PRECONDITION, those of the callbacks.
absl::StatusOr<std::string> CopyIntoPool(
    const BackupDirectory& directory, const PoolSource& source, Pace& pace, OnBytes on_bytes,
    absl::FunctionRef<absl::Status(const std::string& path)> check);

// Whether the pool has a file of this name and size; its bytes are not looked at.
bool IsInPool(const BackupDirectory& directory, const store::v1::BackupFile& file);

// Reads a file of the pool, and writes it to `copy_path` as it does unless that is empty: synced.
// OK: its bytes are those that the manifest names. Errors: BACKUP_DAMAGED without a backup's name;
// else as above for what is written.
absl::Status ReadFromPool(const BackupDirectory& directory, const store::v1::BackupFile& file,
                          const std::string& copy_path, Pace& pace, OnBytes on_bytes);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_BACKUP_POOL_H_
