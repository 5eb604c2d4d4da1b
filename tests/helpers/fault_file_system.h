// Errors of the disk for tests of RocksDB stores.
#ifndef EMPTYCHAIR_TESTS_HELPERS_FAULT_FILE_SYSTEM_H_
#define EMPTYCHAIR_TESTS_HELPERS_FAULT_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"

namespace emptychair::testing {

enum class Fault {
  kIoError,         // One operation fails with EIO.
  kNoSpace,         // One operation fails with ENOSPC.
  kNoSpaceForGood,  // So do it and all later ones that take space, until Mend.
  kGone,            // It and all later ones fail with EIO until Mend: as if a process were killed.
};

// The machine's file system, of which one chosen operation fails.
//
// Operations are counted that change something: creating, opening for writing, appending to,
// overwriting, truncating, syncing, renaming, linking and deleting files, making directories and
// syncing them. A failed append has written half of its bytes. Changes of RocksDB's LOG are not
// counted. Syncs are not carried out: they are fast, and power that really fails is not survived.
//
// Thread-safe.
class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem();

  // The `count`-th operation from now on fails; 1 is the next.
  void FailAt(int64_t count, Fault fault) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends kNoSpaceForGood and kGone.
  void Mend() ABSL_LOCKS_EXCLUDED(mutex_);

  // How many operations there were.
  int64_t operations() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The first one that failed, for example "append /data/db/000004.log"; empty: none.
  std::string failed_operation() const ABSL_LOCKS_EXCLUDED(mutex_);

  const char* Name() const override { return "FaultFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Truncate(const std::string& path, size_t size,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;

 private:
  class WritableFile;
  class RandomRWFile;
  class Directory;

  // Counts an operation, and answers how it ends; `takes_space`: a full disk fails it.
  rocksdb::IOStatus Count(absl::string_view operation, const std::string& path, bool takes_space)
      ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  int64_t operations_ ABSL_GUARDED_BY(mutex_) = 0;
  // 0: none.
  int64_t fails_at_ ABSL_GUARDED_BY(mutex_) = 0;
  Fault fault_ ABSL_GUARDED_BY(mutex_) = Fault::kIoError;
  // All operations of the kind fail.
  bool is_full_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_gone_ ABSL_GUARDED_BY(mutex_) = false;
  std::string failed_operation_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_FAULT_FILE_SYSTEM_H_
