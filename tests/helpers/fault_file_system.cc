#include "tests/helpers/fault_file_system.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace emptychair::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

}  // namespace

class FaultFileSystem::WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(FaultFileSystem* owner, std::string path,
               std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = owner_->Count("append", path_, /*takes_space=*/true);
    if (!status.ok()) {
      target()->Append({data.data(), data.size() / 2}, options, debug).PermitUncheckedError();
      return status;
    }
    return target()->Append(data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = owner_->Count("truncate", path_, /*takes_space=*/false);
    return status.ok() ? target()->Truncate(size, options, debug) : status;
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return owner_->Count("sync", path_, /*takes_space=*/true);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultFileSystem* const owner_;
  const std::string path_;
};

class FaultFileSystem::RandomRWFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  RandomRWFile(FaultFileSystem* owner, std::string path,
               std::unique_ptr<rocksdb::FSRandomRWFile> file)
      : FSRandomRWFileOwnerWrapper(std::move(file)), owner_(owner), path_(std::move(path)) {}

  IOStatus Write(uint64_t offset, const Slice& data, const IOOptions& options,
                 IODebugContext* debug) override {
    IOStatus status = owner_->Count("overwrite", path_, /*takes_space=*/true);
    if (!status.ok()) {
      target()
          ->Write(offset, {data.data(), data.size() / 2}, options, debug)
          .PermitUncheckedError();
      return status;
    }
    return target()->Write(offset, data, options, debug);
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return owner_->Count("sync", path_, /*takes_space=*/true);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultFileSystem* const owner_;
  const std::string path_;
};

class FaultFileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultFileSystem* owner, std::string path,
            std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), owner_(owner), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return owner_->Count("sync directory", path_, /*takes_space=*/true);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*dir_options*/) override {
    return Fsync(options, debug);
  }

 private:
  FaultFileSystem* const owner_;
  const std::string path_;
};

FaultFileSystem::FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void FaultFileSystem::FailAt(int64_t count, Fault fault) {
  absl::MutexLock lock(&mutex_);
  fails_at_ = operations_ + count;
  fault_ = fault;
}

void FaultFileSystem::Mend() {
  absl::MutexLock lock(&mutex_);
  is_full_ = false;
  is_gone_ = false;
}

int64_t FaultFileSystem::operations() const {
  absl::MutexLock lock(&mutex_);
  return operations_;
}

std::string FaultFileSystem::failed_operation() const {
  absl::MutexLock lock(&mutex_);
  return failed_operation_;
}

IOStatus FaultFileSystem::Count(absl::string_view operation, const std::string& path,
                                bool takes_space) {
  absl::MutexLock lock(&mutex_);
  const bool is_chosen = ++operations_ == fails_at_;
  if (is_chosen) {
    is_full_ = fault_ == Fault::kNoSpaceForGood;
    is_gone_ = fault_ == Fault::kGone;
  } else if (!is_gone_ && (!is_full_ || !takes_space)) {
    return IOStatus::OK();
  }
  const std::string what = absl::StrCat(operation, " ", path);
  if (failed_operation_.empty()) {
    failed_operation_ = what;
  }
  if (fault_ == Fault::kIoError || fault_ == Fault::kGone) {
    return IOStatus::IOError(what, "injected EIO");
  }
  IOStatus full = IOStatus::NoSpace(what, "injected ENOSPC");
  full.SetRetryable(true);  // As the machine's file system has it.
  return full;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& path,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result,
                                          IODebugContext* debug) {
  IOStatus status = Count("create", path, /*takes_space=*/true);
  if (status.ok()) {
    status = target()->NewWritableFile(path, options, result, debug);
  }
  if (status.ok()) {
    *result = std::make_unique<WritableFile>(this, path, std::move(*result));
  }
  return status;
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                                             IODebugContext* debug) {
  IOStatus status = Count("reopen", path, /*takes_space=*/true);
  if (status.ok()) {
    status = target()->ReopenWritableFile(path, options, result, debug);
  }
  if (status.ok()) {
    *result = std::make_unique<WritableFile>(this, path, std::move(*result));
  }
  return status;
}

IOStatus FaultFileSystem::NewRandomRWFile(const std::string& path,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                          IODebugContext* debug) {
  IOStatus status = Count("open", path, /*takes_space=*/false);
  if (status.ok()) {
    status = target()->NewRandomRWFile(path, options, result, debug);
  }
  if (status.ok()) {
    *result = std::make_unique<RandomRWFile>(this, path, std::move(*result));
  }
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* result,
                                       IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(path, options, result, debug);
  if (status.ok()) {
    *result = std::make_unique<Directory>(this, path, std::move(*result));
  }
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                     IODebugContext* debug) {
  const IOStatus status = Count("delete", path, /*takes_space=*/false);
  return status.ok() ? target()->DeleteFile(path, options, debug) : status;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* debug) {
  // RocksDB's journal of events, whose old one it moves away at a start.
  const bool is_counted = !absl::EndsWith(from, "/LOG");
  const IOStatus status = is_counted ? Count("rename", from, /*takes_space=*/true) : IOStatus::OK();
  return status.ok() ? target()->RenameFile(from, to, options, debug) : status;
}

IOStatus FaultFileSystem::LinkFile(const std::string& from, const std::string& to,
                                   const IOOptions& options, IODebugContext* debug) {
  const IOStatus status = Count("link", from, /*takes_space=*/true);
  return status.ok() ? target()->LinkFile(from, to, options, debug) : status;
}

IOStatus FaultFileSystem::Truncate(const std::string& path, size_t size, const IOOptions& options,
                                   IODebugContext* debug) {
  const IOStatus status = Count("truncate", path, /*takes_space=*/false);
  return status.ok() ? target()->Truncate(path, size, options, debug) : status;
}

IOStatus FaultFileSystem::CreateDir(const std::string& path, const IOOptions& options,
                                    IODebugContext* debug) {
  const IOStatus status = Count("make directory", path, /*takes_space=*/true);
  return status.ok() ? target()->CreateDir(path, options, debug) : status;
}

IOStatus FaultFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                             IODebugContext* debug) {
  const IOStatus status = Count("make directory", path, /*takes_space=*/true);
  return status.ok() ? target()->CreateDirIfMissing(path, options, debug) : status;
}

}  // namespace emptychair::testing
