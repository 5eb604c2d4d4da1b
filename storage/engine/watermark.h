// Keeps in a small file beside the database how far changes were acknowledged, so that a database
// that has lost something cannot start as if nothing were missing. docs/storage_format.md has its
// bytes, and says what a start makes of it.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_WATERMARK_H_
#define EMPTYCHAIR_STORAGE_ENGINE_WATERMARK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/uuid.h"
#include "storage/engine/manifest_recorder.h"

namespace rocksdb {
class Env;
class RandomRWFile;
}  // namespace rocksdb

namespace emptychair::storage {

// Content of the file: changes of this store were acknowledged up to `sequence`, and RocksDB relies
// on these lists of its files.
struct WatermarkValue {
  Uuid store_id;
  uint64_t sequence = 0;
  ManifestMarks manifests{};
  // How often the file was written; the newer of two slots has more.
  uint64_t revision = 0;

  friend bool operator==(const WatermarkValue&, const WatermarkValue&) = default;
};

// The file holds the value in two slots, in blocks of their own, so that no torn write loses both.
inline constexpr size_t kWatermarkSlotSize = 120;
inline constexpr size_t kWatermarkSlotDistance = 4096;
inline constexpr size_t kWatermarkFileSize = kWatermarkSlotDistance + kWatermarkSlotSize;

std::string EncodeWatermarkSlot(const WatermarkValue& value);
// Nothing for bytes that EncodeWatermarkSlot does not make.
std::optional<WatermarkValue> DecodeWatermarkSlot(absl::string_view bytes);

// The value of the file at `path`; nothing when there is no such file. STORE_DAMAGED when none of
// its slots can be decoded, or the file cannot be read.
absl::StatusOr<std::optional<WatermarkValue>> ReadWatermark(rocksdb::Env* env,
                                                            const std::string& path);

// Keeps the file while the store is open. Thread-safe.
class Watermark {
 public:
  // How long an acknowledgement may stand in the file without being synced.
  static constexpr absl::Duration kSyncPeriod = absl::Milliseconds(100);

  // Makes the file anew, in the place of one that is there, and syncs it. Its directory must be
  // synced after.
  static absl::Status Make(rocksdb::Env* env, const std::string& path, const WatermarkValue& value);

  // Opens the file, which is there, of a store that holds changes up to `sequence`. Changes nothing
  // in it yet.
  static absl::StatusOr<std::unique_ptr<Watermark>> Open(rocksdb::Env* env, const std::string& path,
                                                         uint64_t sequence);

  ~Watermark();
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;

  // Puts down that changes are acknowledged up to `sequence`, and syncs that when something has not
  // been synced for kSyncPeriod at `now`. On an error nothing more may be acknowledged.
  absl::Status Advance(uint64_t sequence, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  ManifestMarks manifests() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Puts down what RocksDB relies on, in both slots, and syncs it.
  absl::Status SetManifests(const ManifestMarks& manifests) ABSL_LOCKS_EXCLUDED(mutex_);

  // Syncs what was put down. On an error nothing more may be acknowledged.
  absl::Status Sync() ABSL_LOCKS_EXCLUDED(mutex_);

  // How long after `now` Sync must be called, unless Advance is; InfiniteDuration when everything
  // is synced.
  absl::Duration SyncDelay(absl::Time now) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Watermark(std::unique_ptr<rocksdb::RandomRWFile> file, const WatermarkValue& value,
            size_t next_slot);

  absl::Status Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SyncSlot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration Delay(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<rocksdb::RandomRWFile> file_;
  mutable absl::Mutex mutex_;
  WatermarkValue value_ ABSL_GUARDED_BY(mutex_);
  absl::Time sync_due_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  // Slot of the next value. The other slot is synced, and is not written before this one is synced.
  size_t slot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_WATERMARK_H_
