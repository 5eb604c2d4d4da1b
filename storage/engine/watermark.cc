#include "storage/engine/watermark.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/env.h"
#include "storage/engine/engine.h"
#include "storage/engine/fail_point.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;

// Offsets in a slot.
constexpr size_t kRevisionAt = 8;
constexpr size_t kStoreIdAt = kRevisionAt + sizeof(uint64_t);
constexpr size_t kSequenceAt = kStoreIdAt + Uuid::kSize;
constexpr size_t kManifestsAt = kSequenceAt + sizeof(uint64_t);
constexpr size_t kManifestSize = 32;
constexpr size_t kChecksumAt = kManifestsAt + std::tuple_size_v<ManifestMarks> * kManifestSize;
static_assert(kChecksumAt + std::tuple_size_v<IdHash> == kWatermarkSlotSize);

struct NewestSlot {
  size_t slot = 0;
  WatermarkValue value;
};

absl::StatusOr<NewestSlot> ReadNewestSlot(rocksdb::Env* env, const std::string& path) {
  std::string file;
  RETURN_IF_ERROR(FromRocksDb(rocksdb::ReadFileToString(env, path, &file),
                              absl::StrCat("reading \"", path, "\"")));
  std::optional<NewestSlot> newest;
  for (const size_t slot : {0, 1}) {
    const std::optional<WatermarkValue> value = DecodeWatermarkSlot(
        absl::ClippedSubstr(file, slot * kWatermarkSlotDistance, kWatermarkSlotSize));
    if (value.has_value() && (!newest.has_value() || value->revision > newest->value.revision)) {
      newest = {slot, *value};
    }
  }
  if (!newest.has_value()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, absl::StrCat("\"", path, "\" is damaged"));
  }
  return *newest;
}

}  // namespace

std::string EncodeWatermarkSlot(const WatermarkValue& value) {
  std::string bytes(kRevisionAt, '\0');
  bytes[0] = kVersion;
  AppendLittleEndian(bytes, value.revision);
  absl::StrAppend(&bytes, value.store_id.AsBytes());
  AppendLittleEndian(bytes, value.sequence);
  for (const ManifestMark& manifest : value.manifests) {
    AppendLittleEndian(bytes, manifest.number);
    AppendLittleEndian(bytes, manifest.size);
    bytes.append(reinterpret_cast<const char*>(manifest.hash.data()), manifest.hash.size());
  }
  // A checksum, not a secret: anybody may make a watermark.
  const IdHash checksum = KeyedHash(KeyedHash::Secret{})(HashPurpose::kWatermark, bytes);
  bytes.append(reinterpret_cast<const char*>(checksum.data()), checksum.size());
  return bytes;
}

std::optional<WatermarkValue> DecodeWatermarkSlot(absl::string_view bytes) {
  if (bytes.size() != kWatermarkSlotSize) {
    return std::nullopt;
  }
  WatermarkValue value{*Uuid::FromBytes(bytes.substr(kStoreIdAt, Uuid::kSize)),
                       LoadLittleEndian<uint64_t>(bytes.data() + kSequenceAt)};
  value.revision = LoadLittleEndian<uint64_t>(bytes.data() + kRevisionAt);
  const char* at = bytes.data() + kManifestsAt;
  for (ManifestMark& manifest : value.manifests) {
    manifest.number = LoadLittleEndian<uint64_t>(at);
    manifest.size = LoadLittleEndian<uint64_t>(at + 8);
    std::memcpy(manifest.hash.data(), at + 16, manifest.hash.size());
    at += kManifestSize;
  }
  return bytes == EncodeWatermarkSlot(value) ? std::optional(value) : std::nullopt;
}

absl::StatusOr<std::optional<WatermarkValue>> ReadWatermark(rocksdb::Env* env,
                                                            const std::string& path) {
  if (env->FileExists(path).IsNotFound()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const NewestSlot newest, ReadNewestSlot(env, path));
  return newest.value;
}

absl::Status Watermark::Make(rocksdb::Env* env, const std::string& path,
                             const WatermarkValue& value) {
  const std::string slot = EncodeWatermarkSlot(value);
  std::string file = slot;
  file.resize(kWatermarkSlotDistance, '\0');
  file += slot;
  const std::string unfinished = path + ".new";
  RETURN_IF_ERROR(
      FromRocksDb(rocksdb::WriteStringToFile(env, file, unfinished, /*should_sync=*/true),
                  "writing the watermark"));
  return FromRocksDb(env->RenameFile(unfinished, path), "naming the watermark");
}

absl::StatusOr<std::unique_ptr<Watermark>> Watermark::Open(rocksdb::Env* env,
                                                           const std::string& path,
                                                           uint64_t sequence) {
  ASSIGN_OR_RETURN(NewestSlot newest, ReadNewestSlot(env, path));
  newest.value.sequence = sequence;
  std::unique_ptr<rocksdb::RandomRWFile> file;
  RETURN_IF_ERROR(FromRocksDb(env->NewRandomRWFile(path, &file, rocksdb::EnvOptions()),
                              absl::StrCat("opening \"", path, "\"")));
  // What a process that was killed has left in the system's memory.
  RETURN_IF_ERROR(FromRocksDb(file->Sync(), "syncing the watermark"));
  return std::unique_ptr<Watermark>(
      new Watermark(std::move(file), newest.value, /*next_slot=*/1 - newest.slot));
}

Watermark::Watermark(std::unique_ptr<rocksdb::RandomRWFile> file, const WatermarkValue& value,
                     size_t next_slot)
    : file_(std::move(file)), value_(value), slot_(next_slot) {}

Watermark::~Watermark() = default;

absl::Status Watermark::Advance(uint64_t sequence, absl::Time now) {
  if (IsOn(FailPoint::kSkipWatermark)) {
    return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  value_.sequence = sequence;
  RETURN_IF_ERROR(Write());
  if (sync_due_ == absl::InfiniteFuture()) {
    sync_due_ = now + kSyncPeriod;
    return absl::OkStatus();
  }
  return Delay(now) <= absl::ZeroDuration() ? SyncSlot() : absl::OkStatus();
}

ManifestMarks Watermark::manifests() const {
  absl::MutexLock lock(&mutex_);
  return value_.manifests;
}

absl::Status Watermark::SetManifests(const ManifestMarks& manifests) {
  absl::MutexLock lock(&mutex_);
  value_.manifests = manifests;
  for (size_t slot = 0; slot < 2; ++slot) {
    RETURN_IF_ERROR(Write());
    RETURN_IF_ERROR(SyncSlot());
  }
  return absl::OkStatus();
}

absl::Status Watermark::Sync() {
  absl::MutexLock lock(&mutex_);
  return sync_due_ == absl::InfiniteFuture() ? absl::OkStatus() : SyncSlot();
}

absl::Duration Watermark::SyncDelay(absl::Time now) const {
  absl::MutexLock lock(&mutex_);
  return Delay(now);
}

absl::Status Watermark::Write() {
  ++value_.revision;
  return FromRocksDb(file_->Write(slot_ * kWatermarkSlotDistance, EncodeWatermarkSlot(value_)),
                     "writing the watermark");
}

absl::Status Watermark::SyncSlot() {
  RETURN_IF_ERROR(FromRocksDb(file_->Sync(), "syncing the watermark"));
  sync_due_ = absl::InfiniteFuture();
  slot_ = 1 - slot_;
  return absl::OkStatus();
}

absl::Duration Watermark::Delay(absl::Time now) const {
  if (sync_due_ == absl::InfiniteFuture()) {
    return absl::InfiniteDuration();
  }
  // A clock that was set back must not put it off.
  const absl::Duration delay = sync_due_ - now;
  return delay > kSyncPeriod ? absl::ZeroDuration() : delay;
}

}  // namespace emptychair::storage
