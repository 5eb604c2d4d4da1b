#include "tests/helpers/unsynced_loss_file_system.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace emptychair::testing {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ToIOStatus(const std::error_code& error, const std::string& path) {
  return error ? IOStatus::IOError(path, error.message()) : IOStatus::OK();
}

std::string Normal(const std::string& path) {
  std::string result = fs::path(path).lexically_normal().string();
  while (result.size() > 1 && result.back() == '/') {
    result.pop_back();
  }
  return result;
}

std::string DirectoryOf(const std::string& path) { return fs::path(path).parent_path().string(); }

}  // namespace

class UnsyncedLossFileSystem::WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(UnsyncedLossFileSystem* owner, std::shared_ptr<FileState> state,
               std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner), state_(std::move(state)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    absl::MutexLock lock(&owner_->mutex_);
    if (owner_->power_is_cut_) {
      return IOStatus::OK();
    }
    const IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) {
      state_->size += data.size();
    }
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    absl::MutexLock lock(&owner_->mutex_);
    if (owner_->power_is_cut_) {
      return IOStatus::OK();
    }
    const IOStatus status = target()->PositionedAppend(data, offset, options, debug);
    if (status.ok()) {
      state_->size = std::max<uint64_t>(state_->size, offset + data.size());
      state_->synced_size = std::min(state_->synced_size, offset);
    }
    return status;
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& /*verification*/,
                            IODebugContext* debug) override {
    return PositionedAppend(data, offset, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    absl::MutexLock lock(&owner_->mutex_);
    if (owner_->power_is_cut_) {
      return IOStatus::OK();
    }
    const IOStatus status = target()->Truncate(size, options, debug);
    if (status.ok()) {
      state_->size = size;
      state_->synced_size = std::min(state_->synced_size, size);
    }
    return status;
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    absl::MutexLock lock(&owner_->mutex_);
    const IOStatus status = owner_->CheckPowerAtSync();
    if (status.ok()) {
      state_->synced_size = state_->size;
    }
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  IOStatus RangeSync(uint64_t /*offset*/, uint64_t /*bytes*/, const IOOptions& /*options*/,
                     IODebugContext* /*debug*/) override {
    return IOStatus::OK();
  }
  bool IsSyncThreadSafe() const override { return true; }

 private:
  UnsyncedLossFileSystem* const owner_;
  // Guarded by the owner's mutex.
  const std::shared_ptr<FileState> state_;
};

class UnsyncedLossFileSystem::RandomRWFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  RandomRWFile(UnsyncedLossFileSystem* owner, std::shared_ptr<FileState> state,
               std::unique_ptr<rocksdb::FSRandomRWFile> file)
      : FSRandomRWFileOwnerWrapper(std::move(file)), owner_(owner), state_(std::move(state)) {}

  IOStatus Write(uint64_t offset, const Slice& data, const IOOptions& options,
                 IODebugContext* debug) override {
    absl::MutexLock lock(&owner_->mutex_);
    if (owner_->power_is_cut_) {
      return IOStatus::OK();
    }
    std::string old_bytes(data.size(), '\0');
    Slice read;
    IOStatus status = target()->Read(offset, data.size(), options, &read, old_bytes.data(), debug);
    if (status.ok() && read.size() != data.size()) {
      return IOStatus::NotSupported("growing a file by overwriting");
    }
    if (status.ok()) {
      status = target()->Write(offset, data, options, debug);
    }
    if (status.ok()) {
      owner_->overwrites_.push_back({state_, offset, read.ToString()});
    }
    return status;
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    absl::MutexLock lock(&owner_->mutex_);
    const IOStatus status = owner_->CheckPowerAtSync();
    if (status.ok()) {
      auto& overwrites = owner_->overwrites_;
      overwrites.erase(
          std::remove_if(overwrites.begin(), overwrites.end(),
                         [this](const Overwrite& overwrite) { return overwrite.file == state_; }),
          overwrites.end());
    }
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  UnsyncedLossFileSystem* const owner_;
  const std::shared_ptr<FileState> state_;
};

class UnsyncedLossFileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(UnsyncedLossFileSystem* owner, std::string path,
            std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), owner_(owner), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    absl::MutexLock lock(&owner_->mutex_);
    const IOStatus status = owner_->CheckPowerAtSync();
    if (status.ok()) {
      owner_->SetDurable(path_);
    }
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*dir_options*/) override {
    return Fsync(options, debug);
  }

 private:
  UnsyncedLossFileSystem* const owner_;
  const std::string path_;
};

UnsyncedLossFileSystem::UnsyncedLossFileSystem()
    : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

UnsyncedLossFileSystem::~UnsyncedLossFileSystem() {
  absl::MutexLock lock(&mutex_);
  while (!changes_.empty()) {
    SetDurable(DirectoryOf(changes_.front().path));
  }
}

void UnsyncedLossFileSystem::CutPower() {
  absl::MutexLock lock(&mutex_);
  power_is_cut_ = true;
}

void UnsyncedLossFileSystem::CutPowerAtSync(int64_t count) {
  absl::MutexLock lock(&mutex_);
  syncs_until_cut_ = count;
}

IOStatus UnsyncedLossFileSystem::CheckPower() const {
  return power_is_cut_ ? IOStatus::IOError("the power is cut") : IOStatus::OK();
}

IOStatus UnsyncedLossFileSystem::CheckPowerAtSync() {
  if (syncs_until_cut_ > 0 && --syncs_until_cut_ == 0) {
    power_is_cut_ = true;
  }
  return CheckPower();
}

IOStatus UnsyncedLossFileSystem::LoseUnsynced() {
  absl::MutexLock lock(&mutex_);
  while (!changes_.empty()) {
    const Change change = std::move(changes_.back());
    changes_.pop_back();
    if (IOStatus status = Undo(change); !status.ok()) {
      return status;
    }
  }
  while (!overwrites_.empty()) {
    const Overwrite overwrite = std::move(overwrites_.back());
    overwrites_.pop_back();
    if (IOStatus status = Undo(overwrite); !status.ok()) {
      return status;
    }
  }
  for (const auto& [path, state] : files_) {
    std::error_code error;
    fs::resize_file(path, state->synced_size, error);
    if (error) {
      return ToIOStatus(error, path);
    }
  }
  files_.clear();
  power_is_cut_ = false;
  syncs_until_cut_ = 0;
  return IOStatus::OK();
}

uint64_t UnsyncedLossFileSystem::UnsyncedBytes() const {
  absl::MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const auto& [path, state] : files_) {
    bytes += state->size - state->synced_size;
  }
  return bytes;
}

void UnsyncedLossFileSystem::AwaitAllOverwritesSynced() {
  absl::MutexLock lock(&mutex_);
  const auto are_synced = [this]()
                              ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return overwrites_.empty(); };
  mutex_.Await(absl::Condition(&are_synced));
}

IOStatus UnsyncedLossFileSystem::Undo(const Change& change) {
  switch (change.kind) {
    case Change::Kind::kCreate: {
      std::error_code error;
      fs::remove(change.path, error);
      files_.erase(change.path);
      return ToIOStatus(error, change.path);
    }
    case Change::Kind::kRename:
      if (IOStatus status = MoveBack(change.path, change.old_path); !status.ok()) {
        return status;
      }
      break;
    case Change::Kind::kDelete:
      break;
  }
  return change.kept_path.empty() ? IOStatus::OK() : MoveBack(change.kept_path, change.path);
}

IOStatus UnsyncedLossFileSystem::Undo(const Overwrite& overwrite) {
  const auto found = std::find_if(files_.begin(), files_.end(),
                                  [&](const auto& file) { return file.second == overwrite.file; });
  if (found == files_.end()) {
    return IOStatus::OK();  // Durably gone.
  }
  std::fstream file(found->first, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(overwrite.offset));
  file.write(overwrite.old_bytes.data(), static_cast<std::streamsize>(overwrite.old_bytes.size()));
  return file.flush() ? IOStatus::OK() : IOStatus::IOError(found->first, "cannot be undone");
}

IOStatus UnsyncedLossFileSystem::MoveBack(const std::string& from, const std::string& to) {
  std::shared_ptr<FileState> state = StateOf(from);
  std::error_code error;
  fs::rename(from, to, error);
  files_.erase(from);
  files_[to] = std::move(state);
  return ToIOStatus(error, from);
}

std::shared_ptr<UnsyncedLossFileSystem::FileState> UnsyncedLossFileSystem::StateOf(
    const std::string& path) {
  std::shared_ptr<FileState>& state = files_[path];
  if (state == nullptr) {
    std::error_code error;
    const uintmax_t size = fs::file_size(path, error);
    state = std::make_shared<FileState>();
    state->size = state->synced_size = error ? 0 : size;
  }
  return state;
}

IOStatus UnsyncedLossFileSystem::Keep(const std::string& path, std::string* kept_path) {
  static std::atomic<int64_t> last_kept = 0;
  kept_path->clear();
  std::error_code error;
  if (!fs::exists(path, error)) {
    return ToIOStatus(error, path);
  }
  const std::string directory = absl::StrCat(DirectoryOf(path), ".kept");
  fs::create_directory(directory, error);
  *kept_path = absl::StrCat(directory, "/", ++last_kept);
  if (!error) {
    fs::create_hard_link(path, *kept_path, error);
  }
  files_[*kept_path] = StateOf(path);
  return ToIOStatus(error, *kept_path);
}

void UnsyncedLossFileSystem::SetDurable(const std::string& directory) {
  std::vector<Change> others;
  for (Change& change : changes_) {
    if (DirectoryOf(change.path) != directory) {
      others.push_back(std::move(change));
    } else if (!change.kept_path.empty()) {
      std::error_code ignored;
      fs::remove(change.kept_path, ignored);
      files_.erase(change.kept_path);
      // Succeeds when this was the last.
      fs::remove(DirectoryOf(change.kept_path), ignored);
    }
  }
  changes_ = std::move(others);
}

IOStatus UnsyncedLossFileSystem::DeleteAndRecord(const std::string& path, const IOOptions& options,
                                                 IODebugContext* debug) {
  Change change{.kind = Change::Kind::kDelete, .path = path, .old_path = "", .kept_path = ""};
  IOStatus status = Keep(path, &change.kept_path);
  if (status.ok()) {
    status = target()->DeleteFile(path, options, debug);
  }
  if (status.ok()) {
    files_.erase(path);
    changes_.push_back(std::move(change));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::NewWritableFile(const std::string& given_path,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                 IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const std::string path = Normal(given_path);
  IOStatus status = CheckPower();
  if (status.ok() && target()->FileExists(path, options.io_options, debug).ok()) {
    status = DeleteAndRecord(path, options.io_options, debug);
  }
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) {
    status = target()->NewWritableFile(path, options, &file, debug);
  }
  if (status.ok()) {
    changes_.push_back(
        {.kind = Change::Kind::kCreate, .path = path, .old_path = "", .kept_path = ""});
    *result = std::make_unique<WritableFile>(this, StateOf(path), std::move(file));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::ReopenWritableFile(
    const std::string& given_path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const std::string path = Normal(given_path);
  const bool is_new = !target()->FileExists(path, options.io_options, debug).ok();
  IOStatus status = CheckPower();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) {
    status = target()->ReopenWritableFile(path, options, &file, debug);
  }
  if (status.ok()) {
    if (is_new) {
      changes_.push_back(
          {.kind = Change::Kind::kCreate, .path = path, .old_path = "", .kept_path = ""});
    }
    *result = std::make_unique<WritableFile>(this, StateOf(path), std::move(file));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::ReuseWritableFile(
    const std::string& /*path*/, const std::string& /*old_path*/,
    const rocksdb::FileOptions& /*options*/, std::unique_ptr<rocksdb::FSWritableFile>* /*result*/,
    IODebugContext* /*debug*/) {
  return IOStatus::NotSupported("recycled logs");
}

IOStatus UnsyncedLossFileSystem::NewRandomRWFile(const std::string& path,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                                 IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  IOStatus status = CheckPower();
  std::unique_ptr<rocksdb::FSRandomRWFile> file;
  if (status.ok()) {
    status = target()->NewRandomRWFile(path, options, &file, debug);
  }
  if (status.ok()) {
    *result = std::make_unique<RandomRWFile>(this, StateOf(Normal(path)), std::move(file));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                              std::unique_ptr<rocksdb::FSDirectory>* result,
                                              IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  const IOStatus status = target()->NewDirectory(path, options, &directory, debug);
  if (status.ok()) {
    *result = std::make_unique<Directory>(this, Normal(path), std::move(directory));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                            IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const IOStatus status = CheckPower();
  return status.ok() ? DeleteAndRecord(Normal(path), options, debug) : status;
}

IOStatus UnsyncedLossFileSystem::RenameFile(const std::string& given_from,
                                            const std::string& given_to, const IOOptions& options,
                                            IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const std::string from = Normal(given_from);
  const std::string to = Normal(given_to);
  Change change{.kind = Change::Kind::kRename, .path = to, .old_path = from, .kept_path = ""};
  if (std::error_code ignored; fs::is_directory(from, ignored)) {
    return IOStatus::NotSupported("renaming directories");
  }
  IOStatus status = CheckPower();
  if (status.ok()) {
    status = Keep(to, &change.kept_path);
  }
  if (!status.ok()) {
    return status;
  }
  std::shared_ptr<FileState> state = StateOf(from);
  files_.erase(from);
  status = target()->RenameFile(from, to, options, debug);
  if (status.ok()) {
    files_[to] = std::move(state);
    changes_.push_back(std::move(change));
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::LinkFile(const std::string& given_from,
                                          const std::string& given_to, const IOOptions& options,
                                          IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const std::string from = Normal(given_from);
  const std::string to = Normal(given_to);
  IOStatus status = CheckPower();
  if (status.ok()) {
    status = target()->LinkFile(from, to, options, debug);
  }
  if (status.ok()) {
    files_[to] = StateOf(from);
    changes_.push_back(
        {.kind = Change::Kind::kCreate, .path = to, .old_path = "", .kept_path = ""});
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::Truncate(const std::string& path, size_t size,
                                          const IOOptions& options, IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  IOStatus status = CheckPower();
  if (status.ok()) {
    status = target()->Truncate(path, size, options, debug);
  }
  if (status.ok()) {
    *StateOf(Normal(path)) = {.size = size, .synced_size = size};
  }
  return status;
}

IOStatus UnsyncedLossFileSystem::CreateDir(const std::string& path, const IOOptions& options,
                                           IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const IOStatus status = CheckPower();
  return status.ok() ? target()->CreateDir(path, options, debug) : status;
}

IOStatus UnsyncedLossFileSystem::CreateDirIfMissing(const std::string& path,
                                                    const IOOptions& options,
                                                    IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const IOStatus status = CheckPower();
  return status.ok() ? target()->CreateDirIfMissing(path, options, debug) : status;
}

IOStatus UnsyncedLossFileSystem::DeleteDir(const std::string& path, const IOOptions& options,
                                           IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  const IOStatus status = CheckPower();
  return status.ok() ? target()->DeleteDir(path, options, debug) : status;
}

}  // namespace emptychair::testing
