#include "storage/engine/manifest_recorder.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/engine.h"

namespace emptychair::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// The hash of bytes that come one after the other.
class RunningHash {
 public:
  RunningHash() {
    crypto_generichash_init(&state_, nullptr, 0, std::tuple_size_v<decltype(ManifestMark::hash)>);
  }

  void Add(const Slice& bytes) {
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
    size_ += bytes.size();
  }

  ManifestMark Mark(uint64_t number) const {
    ManifestMark mark{number, size_};
    crypto_generichash_state ended = state_;
    crypto_generichash_final(&ended, mark.hash.data(), mark.hash.size());
    return mark;
  }

 private:
  crypto_generichash_state state_;
  uint64_t size_ = 0;
};

// The number in the name of a list of files; nothing for any other name.
std::optional<uint64_t> ManifestNumber(absl::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  uint64_t number = 0;
  if (!absl::ConsumePrefix(&path, "MANIFEST-") ||
      !std::all_of(path.begin(), path.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(path, &number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

absl::StatusOr<ManifestMark> ReadManifest(rocksdb::Env* env, const std::string& database_path,
                                          uint64_t number, uint64_t size) {
  const std::string path = absl::StrFormat("%s/MANIFEST-%06d", database_path, number);
  std::unique_ptr<rocksdb::SequentialFile> file;
  RETURN_IF_ERROR(FromRocksDb(env->NewSequentialFile(path, &file, rocksdb::EnvOptions()),
                              absl::StrCat("opening \"", path, "\"")));
  RunningHash hash;
  std::string buffer(size_t{64} << 10, '\0');
  for (uint64_t left = size; left > 0;) {
    Slice read;
    RETURN_IF_ERROR(FromRocksDb(
        file->Read(std::min<uint64_t>(left, buffer.size()), &read, buffer.data()), "reading"));
    if (read.empty()) {
      break;
    }
    hash.Add(read);
    left -= read.size();
  }
  return hash.Mark(number);
}

absl::StatusOr<uint64_t> ReadCurrent(rocksdb::Env* env, const std::string& database_path) {
  const std::string path = database_path + "/CURRENT";
  std::string current;
  RETURN_IF_ERROR(FromRocksDb(rocksdb::ReadFileToString(env, path, &current),
                              absl::StrCat("reading \"", path, "\"")));
  absl::string_view name = current;
  const std::optional<uint64_t> number =
      absl::ConsumeSuffix(&name, "\n") ? ManifestNumber(name) : std::nullopt;
  if (!number.has_value()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, absl::StrCat("\"", path, "\" is damaged"));
  }
  return *number;
}

class ManifestRecorder::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(ManifestRecorder* recorder, uint64_t number, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), recorder_(recorder), number_(number) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) {
      hash_.Add(data);
    }
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    IOStatus status = target()->Append(data, options, verification, debug);
    if (status.ok()) {
      hash_.Add(data);
    }
    return status;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = target()->Sync(options, debug);
    return status.ok() ? recorder_->Note(hash_.Mark(number_)) : status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = target()->Fsync(options, debug);
    return status.ok() ? recorder_->Note(hash_.Mark(number_)) : status;
  }

 private:
  ManifestRecorder* const recorder_;
  const uint64_t number_;
  RunningHash hash_;
};

ManifestMarks ManifestRecorder::marks() const {
  absl::MutexLock lock(&mutex_);
  return marks_;
}

void ManifestRecorder::Start(const ManifestMarks& marks, OnSynced on_synced) {
  absl::MutexLock lock(&mutex_);
  marks_ = marks;
  on_synced_ = std::move(on_synced);
}

IOStatus ManifestRecorder::NewWritableFile(const std::string& path,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                                           IODebugContext* debug) {
  IOStatus status = target()->NewWritableFile(path, options, result, debug);
  const std::optional<uint64_t> number = ManifestNumber(path);
  if (status.ok() && number.has_value()) {
    *result = std::make_unique<File>(this, *number, std::move(*result));
  }
  return status;
}

IOStatus ManifestRecorder::Note(const ManifestMark& mark) {
  absl::MutexLock lock(&mutex_);
  if (mark.number != marks_[0].number) {
    marks_[1] = marks_[0];
  }
  marks_[0] = mark;
  const absl::Status status = on_synced_ ? on_synced_(marks_) : absl::OkStatus();
  return status.ok() ? IOStatus::OK() : IOStatus::IOError(status.ToString());
}

}  // namespace emptychair::storage
