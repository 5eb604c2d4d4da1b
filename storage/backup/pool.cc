#include "storage/backup/pool.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/manifest.h"
#include "storage/backup/sha256.h"

namespace emptychair::storage {
namespace {

constexpr size_t kChunkMax = size_t{1} << 20;
constexpr size_t kChunkMin = size_t{4} << 10;
constexpr int64_t kChunksPerSecond = 20;
// So long at most before somebody who waits looks whether to end.
constexpr absl::Duration kLookPeriod = absl::Milliseconds(50);

size_t ChunkFor(int64_t bytes_per_second) {
  return bytes_per_second == 0
             ? kChunkMax
             : std::clamp(static_cast<size_t>(bytes_per_second / kChunksPerSecond), kChunkMin,
                          kChunkMax);
}

absl::Status SourceError(const std::string& path, const rocksdb::Status& status) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("reading \"", path, "\" for a backup: ", status.ToString()));
}

// Reads a source piece by piece.
class SourceReader {
 public:
  absl::Status Open(rocksdb::Env* env, const PoolSource& source) {
    source_ = &source;
    if (source.path.empty()) {
      return absl::OkStatus();
    }
    const rocksdb::Status opened =
        env->NewSequentialFile(source.path, &file_, rocksdb::EnvOptions());
    return opened.ok() ? absl::OkStatus() : SourceError(source.path, opened);
  }

  // The next `bytes` bytes; fewer are an error.
  absl::StatusOr<absl::string_view> Next(size_t bytes) {
    if (file_ == nullptr) {
      const absl::string_view piece = absl::string_view(source_->content).substr(at_, bytes);
      at_ += piece.size();
      return piece;
    }
    buffer_.resize(bytes);
    rocksdb::Slice read;
    const rocksdb::Status status = file_->Read(bytes, &read, buffer_.data());
    if (!status.ok()) {
      return SourceError(source_->path, status);
    }
    if (read.size() != bytes) {
      return SourceError(source_->path, rocksdb::Status::Corruption("it ends too early"));
    }
    return absl::string_view(read.data(), read.size());
  }

 private:
  const PoolSource* source_ = nullptr;
  std::unique_ptr<rocksdb::SequentialFile> file_;
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace

Pace::Pace(int64_t bytes_per_second)
    : bytes_per_second_(bytes_per_second), chunk_bytes_(ChunkFor(bytes_per_second)) {}

absl::Status Pace::Spend(int64_t bytes, absl::FunctionRef<absl::Status()> check) {
  if (bytes_per_second_ == 0) {
    return check();
  }
  absl::Time now = absl::Now();
  // What was not used before is lost, and a clock that was set back holds nobody up.
  free_at_ = std::clamp(free_at_, now, now + absl::Seconds(kChunkMax) / bytes_per_second_);
  for (; now < free_at_; now = absl::Now()) {
    RETURN_IF_ERROR(check());
    absl::SleepFor(std::min(free_at_ - now, kLookPeriod));
  }
  free_at_ += absl::Seconds(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
  return check();
}

absl::StatusOr<std::string> CopyIntoPool(
    const BackupDirectory& directory, const PoolSource& source, Pace& pace, OnBytes on_bytes,
    absl::FunctionRef<absl::Status(const std::string& path)> check) {
  rocksdb::Env* const env = directory.env();
  const std::string copy = directory.TemporaryFolder() + "/copy";
  const std::string doing = "writing into the backup directory";
  SourceReader reader;
  RETURN_IF_ERROR(reader.Open(env, source));
  std::unique_ptr<rocksdb::WritableFile> file;
  RETURN_IF_ERROR(FromBackupDisk(env->NewWritableFile(copy, &file, rocksdb::EnvOptions()), doing));
  Sha256 hash;
  for (uint64_t left = source.size; left > 0;) {
    const size_t bytes = std::min<uint64_t>(left, pace.chunk_bytes());
    RETURN_IF_ERROR(pace.Spend(static_cast<int64_t>(bytes), [&] { return on_bytes(0); }));
    ASSIGN_OR_RETURN(const absl::string_view piece, reader.Next(bytes));
    hash.Add(piece);
    RETURN_IF_ERROR(FromBackupDisk(file->Append({piece.data(), piece.size()}), doing));
    RETURN_IF_ERROR(on_bytes(static_cast<int64_t>(bytes)));
    left -= bytes;
  }
  RETURN_IF_ERROR(FromBackupDisk(file->Sync(), doing));
  RETURN_IF_ERROR(FromBackupDisk(file->Close(), doing));
  RETURN_IF_ERROR(check(copy));
  const std::string sha256 = hash.FinishAsText();
  RETURN_IF_ERROR(MakePrivateFolder(env, directory.PoolFolderOf(sha256)));
  MakeReadOnly(copy);
  // In the place of one that is there, whose bytes may have changed since.
  RETURN_IF_ERROR(FromBackupDisk(env->RenameFile(copy, directory.PoolPath(sha256)), doing));
  return sha256;
}

bool IsInPool(const BackupDirectory& directory, const store::v1::BackupFile& file) {
  uint64_t size = 0;
  return directory.env()->GetFileSize(directory.PoolPath(file.sha256()), &size).ok() &&
         size == file.size();
}

absl::Status ReadFromPool(const BackupDirectory& directory, const store::v1::BackupFile& file,
                          const std::string& copy_path, Pace& pace, OnBytes on_bytes) {
  rocksdb::Env* const env = directory.env();
  const std::string path = directory.PoolPath(file.sha256());
  const auto damaged = [&](absl::string_view what) {
    return BackupDamagedError("", path.substr(directory.path().size() + 1), what);
  };
  std::unique_ptr<rocksdb::SequentialFile> from;
  if (const rocksdb::Status opened = env->NewSequentialFile(path, &from, rocksdb::EnvOptions());
      !opened.ok()) {
    return damaged(opened.IsNotFound() || opened.IsPathNotFound() ? "is missing"
                                                                  : opened.ToString());
  }
  const std::string doing = absl::StrCat("writing \"", copy_path, "\"");
  std::unique_ptr<rocksdb::WritableFile> to;
  if (!copy_path.empty()) {
    RETURN_IF_ERROR(
        FromBackupDisk(env->NewWritableFile(copy_path, &to, rocksdb::EnvOptions()), doing));
  }
  Sha256 hash;
  uint64_t size = 0;
  std::vector<char> buffer(pace.chunk_bytes());
  while (true) {
    RETURN_IF_ERROR(pace.Spend(static_cast<int64_t>(buffer.size()), [&] { return on_bytes(0); }));
    rocksdb::Slice piece;
    if (const rocksdb::Status read = from->Read(buffer.size(), &piece, buffer.data()); !read.ok()) {
      return damaged(read.ToString());
    }
    if (piece.empty()) {
      break;
    }
    size += piece.size();
    hash.Add({piece.data(), piece.size()});
    if (to != nullptr) {
      RETURN_IF_ERROR(FromBackupDisk(to->Append(piece), doing));
    }
    RETURN_IF_ERROR(on_bytes(static_cast<int64_t>(piece.size())));
  }
  if (to != nullptr) {
    RETURN_IF_ERROR(FromBackupDisk(to->Sync(), doing));
    RETURN_IF_ERROR(FromBackupDisk(to->Close(), doing));
  }
  if (size != file.size()) {
    return damaged(absl::StrCat("has ", size, " bytes, wanted ", file.size()));
  }
  return hash.FinishAsText() == file.sha256() ? absl::OkStatus()
                                              : damaged("its bytes have changed");
}

}  // namespace emptychair::storage
