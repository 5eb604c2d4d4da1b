// A disk that hangs for as long as a test wants.
#ifndef EMPTYCHAIR_TESTS_HELPERS_GATED_FILE_SYSTEM_H_
#define EMPTYCHAIR_TESTS_HELPERS_GATED_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"

namespace emptychair::testing {

// The machine's file system, whose write-ahead logs are synced only while the gate is open.
class GatedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  GatedFileSystem() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  void Close() {
    absl::MutexLock lock(&mutex_);
    is_open_ = false;
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    is_open_ = true;
  }
  // Until a sync stands before the closed gate.
  void AwaitSync() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_waiting_));
  }

  const char* Name() const override { return "GatedFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewWritableFile(path, options, result, debug);
    if (status.ok() && absl::EndsWith(path, ".log")) {
      *result = std::make_unique<Log>(this, std::move(*result));
    }
    return status;
  }

 private:
  class Log final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Log(GatedFileSystem* files, std::unique_ptr<rocksdb::FSWritableFile> file)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), files_(files) {}
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      files_->Pass();
      return target()->Sync(options, debug);
    }

   private:
    GatedFileSystem* const files_;
  };

  void Pass() {
    absl::MutexLock lock(&mutex_);
    is_waiting_ = !is_open_;
    mutex_.Await(absl::Condition(&is_open_));
    is_waiting_ = false;
  }

  absl::Mutex mutex_;
  bool is_open_ ABSL_GUARDED_BY(mutex_) = true;
  bool is_waiting_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_GATED_FILE_SYSTEM_H_
