// Loss of power for tests of RocksDB stores.
#ifndef EMPTYCHAIR_TESTS_HELPERS_UNSYNCED_LOSS_FILE_SYSTEM_H_
#define EMPTYCHAIR_TESTS_HELPERS_UNSYNCED_LOSS_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"

namespace emptychair::testing {

// The machine's file system, with a memory of what a loss of power would take from it. Use:
//
//   auto files = std::make_shared<UnsyncedLossFileSystem>();
//   std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
//   ... open a store with `env`, write ...
//   files->CutPower();
//   ... destroy the store: it cannot save anything any more ...
//   ASSERT_TRUE(files->LoseUnsynced().ok());
//   ... open the store again, with `env` or without ...
//
// What is modelled, as strictly as POSIX allows a file system to behave:
// * The bytes of a file are durable up to where they reached at its last successful Sync or Fsync.
// RangeSync, Flush and Close make nothing durable. The rest of the file is cut off.
// * Bytes that were overwritten through NewRandomRWFile are back, unless the file was synced
// through
//   the same object afterwards.
// * Creating, linking, renaming and deleting files is durable once their directory has been synced
//   afterwards; syncing the file does not do it. What is not durable is undone, last first: new
//   files vanish, renamed ones have their old name again, deleted and replaced ones are back (as
//   far as their own bytes are durable).
// * What was there before this object saw it is durable.
//
// Syncs are noted, not carried out: they are fast, and power that really fails is not survived.
//
// What is not modelled: directories are made and deleted durably; Truncate is durable; so are
// changes through NewMemoryMappedFileBuffer and NewLogger (RocksDB's LOG). Appended bytes are lost
// from the end of a file only, in their order: there are no holes and no torn sectors.
// Recycled logs (recycle_log_file_num) and renames of directories are refused. A rename counts as a
// change of the new name's directory. Deleted bytes are kept in a directory beside the file's own,
// "DIRECTORY.kept", until they are durably gone.
//
// Thread-safe.
class UnsyncedLossFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  UnsyncedLossFileSystem();
  ~UnsyncedLossFileSystem() override;

  // From now on nothing reaches the disk: syncs and changes to directories fail with IOError, and
  // appends do nothing (they do not fail, because RocksDB built with assertions can abort then).
  // Reads go on.
  void CutPower() ABSL_LOCKS_EXCLUDED(mutex_);

  // The `count`-th sync of a file or directory from now on, and everything after it, meets a cut as
  // by CutPower. 1 is the next sync.
  void CutPowerAtSync(int64_t count) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes from the disk what was not durable and switches the power on again. No file may be open
  // for writing: destroy the store before.
  rocksdb::IOStatus LoseUnsynced() ABSL_LOCKS_EXCLUDED(mutex_);

  // Bytes that LoseUnsynced would cut from files now.
  uint64_t UnsyncedBytes() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until every byte overwritten through NewRandomRWFile is durable.
  void AwaitAllOverwritesSynced() ABSL_LOCKS_EXCLUDED(mutex_);

  const char* Name() const override { return "UnsyncedLossFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
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
  rocksdb::IOStatus DeleteDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;

 private:
  class WritableFile;
  class RandomRWFile;
  class Directory;

  // The bytes of one file, whatever its names.
  struct FileState {
    uint64_t size = 0;
    uint64_t synced_size = 0;
  };

  // Bytes of a file that were overwritten, which is not durable yet.
  struct Overwrite {
    std::shared_ptr<FileState> file;
    uint64_t offset;
    std::string old_bytes;
  };

  // A change of a directory that is not durable yet.
  struct Change {
    enum class Kind { kCreate, kRename, kDelete };
    Kind kind;
    std::string path;
    // kRename: the name before.
    std::string old_path;
    // Another name of the bytes that `path` named before; empty: there were none.
    std::string kept_path;
  };

  rocksdb::IOStatus CheckPower() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Counts down to the sync at which the power is cut.
  rocksdb::IOStatus CheckPowerAtSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the bytes at `path`, if there are any, a second name that outlives the first.
  rocksdb::IOStatus Keep(const std::string& path, std::string* kept_path)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  rocksdb::IOStatus DeleteAndRecord(const std::string& path, const rocksdb::IOOptions& options,
                                    rocksdb::IODebugContext* debug)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetDurable(const std::string& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  rocksdb::IOStatus Undo(const Change& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  rocksdb::IOStatus Undo(const Overwrite& overwrite) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  rocksdb::IOStatus MoveBack(const std::string& from, const std::string& to)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The state of the file at `path`, which is there.
  std::shared_ptr<FileState> StateOf(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  bool power_is_cut_ ABSL_GUARDED_BY(mutex_) = false;
  // 0: never.
  int64_t syncs_until_cut_ ABSL_GUARDED_BY(mutex_) = 0;
  // By path, those of kept bytes included.
  std::map<std::string, std::shared_ptr<FileState>> files_ ABSL_GUARDED_BY(mutex_);
  std::vector<Change> changes_ ABSL_GUARDED_BY(mutex_);
  std::vector<Overwrite> overwrites_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_UNSYNCED_LOSS_FILE_SYSTEM_H_
