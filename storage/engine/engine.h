// RocksDB as this project uses it: column families, options, and a guarded way to open it.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_ENGINE_H_
#define EMPTYCHAIR_STORAGE_ENGINE_ENGINE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "storage/engine/merge_operators.h"

namespace emptychair::store::v1 {
class StoredIdentity;
}  // namespace emptychair::store::v1

namespace emptychair::storage {

class BackgroundErrors;
class ManifestRecorder;
class Watermark;
struct StoreFacts;

// Column families. docs/storage_format.md says what is in each.
enum class Family : uint8_t {
  kMeta,
  kFeedback,
  kFeedbackByCustomer,
  kFeedbackByExternalId,
  kSeries,
  kCubeRow,
  kCustomer,
  kChange,
  kDerived,
  kActivity,
  kActivityByCustomer,
  kActivityById,
  kActiveSet,
  kAccess,
  kAudit,
  kLedger,
};
inline constexpr size_t kFamilyCount = 16;

// The name of a column family.
absl::string_view FamilyName(Family family);

inline rocksdb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// A RocksDB error as an error of the service.
absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing);

// An open database directory, held by a lock. Thread-safe, as RocksDB is.
class Engine {
 public:
  struct Options {
    // Holds the store; made when absent.
    std::string directory;
    // Files are read and written through this. Must outlive the engine.
    rocksdb::Env* env = rocksdb::Env::Default();
    // Memory for blocks read from disk.
    size_t block_cache_bytes = size_t{256} << 20;
    // Tables of the change log that are kept; the oldest go first.
    uint64_t change_log_bytes_max = uint64_t{4} << 30;
    // Opens a database that was copied from this backup and has no watermark yet: the store gets
    // a new id, so that nobody takes it for the one that went on. Empty: a store as it is.
    std::string restored_backup_id;
    // When it was restored, in milliseconds since 1970.
    int64_t restored_time_ms = 0;
  };

  // Opens the store in the directory, or makes one when the directory is empty. Never mends and
  // never deletes: a directory that is in use, of a newer format, damaged, full of other files, or
  // with less than was acknowledged is an error that says what to do, and stays as it is.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const Options& options);

  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

  rocksdb::Env* env() const { return options_.env; }

  // Format, identity and counters, as they are stored now. Errors: STORE_DAMAGED.
  absl::StatusOr<StoreFacts> ReadFacts() const;
  // The same of a database that is not open, through an opening of all its families that writes
  // nothing. Errors: STORE_DAMAGED; FAILED_PRECONDITION for a store of another format.
  static absl::StatusOr<StoreFacts> ReadFactsIn(rocksdb::Env* env,
                                                const std::string& database_path);

  // To be raised before anything is acknowledged.
  Watermark& watermark() const { return *watermark_; }

  // What goes wrong in RocksDB's own threads.
  BackgroundErrors& background_errors() const { return *background_errors_; }

  // Reads one value; false when there is none. `snapshot` may be null: the newest state.
  absl::StatusOr<bool> Get(Family family, absl::string_view key, std::string* value,
                           const rocksdb::Snapshot* snapshot = nullptr) const;

  // The same of many keys, which costs less than one by one. A value that there is none of, or that
  // cannot be read, is nothing.
  std::vector<std::optional<std::string>> GetMany(Family family,
                                                  const std::vector<std::string>& keys,
                                                  const rocksdb::Snapshot* snapshot) const;

  // A property such as "rocksdb.total-sst-files-size", of one column family or summed over all.
  int64_t PropertyOf(Family family, const std::string& property) const;
  int64_t SumOfProperty(const std::string& property) const;

  // Bytes in the files of the write-ahead log.
  int64_t LogBytes() const;

  // About how many entries a family has.
  int64_t EstimatedKeys(Family family) const;

  // Moves everything in memory into tables.
  absl::Status Flush() const;

  // Rewrites all tables of a family, so that only what can still be read is left. Ends early, with
  // SHUTTING_DOWN, once `*stop` is set.
  absl::Status Compact(Family family, std::atomic<bool>* stop) const;

  // The library under it and how that was built, for example "RocksDB 7.8.3 (package)".
  static std::string LibraryName();

  int64_t block_cache_bytes() const { return static_cast<int64_t>(block_cache_->GetUsage()); }

  // The rate that writes are slowed to; 0 when they are not.
  int64_t DelayedBytesPerSecond() const;

  // Stored values that could not be decoded since the engine was opened.
  int64_t undecodable_count() const {
    return cube_merge_operator_->undecodable_count() + set_merge_operator_->undecodable_count() +
           undecodable_count_.load(std::memory_order_relaxed);
  }
  // Adds one, found by a reader that goes on without it.
  void CountUndecodable() const { undecodable_count_.fetch_add(1, std::memory_order_relaxed); }

 private:
  explicit Engine(const Options& options);

  absl::Status MakeDirectory() const;
  absl::Status LockDirectory();
  absl::StatusOr<bool> HasStore() const;
  absl::Status CreateStore();
  absl::Status SyncDirectory() const;
  absl::Status OpenGuarded();
  // What the database is before it is opened: not there, without what is new in the present format,
  // or complete.
  enum class Opening : uint8_t { kNew, kOlderFormat, kAsItIs };
  absl::Status OpenDatabase(const std::string& path, Opening opening);
  absl::Status PutSynced(absl::string_view key, absl::string_view value,
                         absl::string_view doing) const;
  absl::Status RaiseFormat(store::v1::StoredIdentity& identity) const;
  void GiveNewId(const StoreFacts& facts, store::v1::StoredIdentity& identity) const;
  absl::Status CheckCounters(const StoreFacts& facts) const;
  absl::Status OpenWatermark(uint64_t sequence);
  absl::Status MakeWatermark(const store::v1::StoredIdentity& identity, uint64_t sequence);
  void CloseDatabase();
  rocksdb::DBOptions DatabaseOptions() const;
  rocksdb::ColumnFamilyOptions FamilyOptions(Family family) const;
  rocksdb::ColumnFamilyDescriptor MetaDescriptor() const;
  std::string DatabasePath() const { return options_.directory + "/db"; }
  std::string UnfinishedPath() const { return options_.directory + "/db.creating"; }
  std::string LockPath() const { return options_.directory + "/LOCK"; }

  const Options options_;
  // What the database's files are written through.
  std::shared_ptr<ManifestRecorder> recorder_;
  std::unique_ptr<rocksdb::Env> database_env_;
  std::shared_ptr<BackgroundErrors> background_errors_;
  std::shared_ptr<CubeMergeOperator> cube_merge_operator_;
  std::shared_ptr<CustomerSetMergeOperator> set_merge_operator_;
  mutable std::atomic<int64_t> undecodable_count_{0};
  std::shared_ptr<rocksdb::Cache> block_cache_;
  rocksdb::FileLock* lock_ = nullptr;
  std::unique_ptr<Watermark> watermark_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_handle_ = nullptr;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles_{};
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_ENGINE_H_
