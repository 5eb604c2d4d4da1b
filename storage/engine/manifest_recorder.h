// Knows what RocksDB has written to its list of files, the MANIFEST, so that damage to it is seen.
//
// RocksDB takes a list that ends too early, or seems to, for one whose last writes were lost, and
// then deletes the files that are not on it.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_MANIFEST_RECORDER_H_
#define EMPTYCHAIR_STORAGE_ENGINE_MANIFEST_RECORDER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace emptychair::storage {

// The first `size` bytes of the list of files with this number. 0: there is none.
struct ManifestMark {
  uint64_t number = 0;
  uint64_t size = 0;
  std::array<uint8_t, 16> hash{};  // BLAKE2b.

  friend bool operator==(const ManifestMark&, const ManifestMark&) = default;
};

// The newest list of files, and the one before it: until RocksDB has named the newest in CURRENT,
// that is the one in use.
using ManifestMarks = std::array<ManifestMark, 2>;

// The mark of the first `size` bytes of list `number` of the database, or of as many as there are.
absl::StatusOr<ManifestMark> ReadManifest(rocksdb::Env* env, const std::string& database_path,
                                          uint64_t number, uint64_t size);

// The number of the list that is in use.
absl::StatusOr<uint64_t> ReadCurrent(rocksdb::Env* env, const std::string& database_path);

// A file system that notes what is written and synced of lists of files. Thread-safe.
class ManifestRecorder final : public rocksdb::FileSystemWrapper {
 public:
  using OnSynced = std::function<absl::Status(const ManifestMarks&)>;

  explicit ManifestRecorder(const std::shared_ptr<rocksdb::FileSystem>& files)
      : FileSystemWrapper(files) {}

  // What is synced so far.
  ManifestMarks marks() const ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on `on_synced` is called after each sync, before RocksDB relies on it; its error is
  // the sync's. `marks` are what was synced by those who wrote before.
  void Start(const ManifestMarks& marks, OnSynced on_synced) ABSL_LOCKS_EXCLUDED(mutex_);

  const char* Name() const override { return "ManifestRecorder"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;

 private:
  class File;

  rocksdb::IOStatus Note(const ManifestMark& mark) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  ManifestMarks marks_ ABSL_GUARDED_BY(mutex_);
  OnSynced on_synced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_MANIFEST_RECORDER_H_
