#include "storage/engine.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "storage/keyed_hash.h"
#include "storage/keys.h"
#include "storage/values.h"

namespace emptychair::storage {
namespace {

// On disk: DO NOT CHANGE.
constexpr std::array<const char*, kFamilyCount> kFamilyNames = {
    "meta",     "feedback", "feedback_by_customer", "feedback_by_external_id", "series", "cell",
    "customer", "change"};

// Format 1 had no change log.
constexpr size_t kFamilyCountOfFormat1 = 7;

// How long a change is kept at least, while there is room for it.
constexpr uint64_t kChangeLogSeconds = 30 * 24 * 3600;

constexpr int kBloomBitsPerKey = 10;

// Records of a survey are put one behind the other, so the place of the last is a good hint.
constexpr size_t kSurveyPrefixSize = 4;

// Keeps RocksDB from writing a log file into a directory that is only being looked at.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {}
};

absl::Status DeleteTree(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> children;
  if (env->GetChildren(path, &children).IsNotFound()) {
    return absl::OkStatus();
  }
  for (const std::string& child : children) {
    if (child != "." && child != "..") {
      RETURN_IF_ERROR(
          FromRocksDb(env->DeleteFile(absl::StrCat(path, "/", child)), "removing a file"));
    }
  }
  return FromRocksDb(env->DeleteDir(path), "removing a directory");
}

}  // namespace

absl::string_view FamilyName(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  return Error(v1::ERROR_REASON_STORE_DAMAGED, absl::StrCat(doing, ": ", status.ToString()));
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const Options& options) {
  std::unique_ptr<Engine> engine(new Engine(options));
  RETURN_IF_ERROR(engine->MakeDirectory());
  // Looked at before the lock's file is put in it, too: other people's directories stay as they
  // are.
  RETURN_IF_ERROR(engine->HasStore().status());
  RETURN_IF_ERROR(engine->LockDirectory());
  ASSIGN_OR_RETURN(const bool has_store, engine->HasStore());
  uint32_t format = kFormatVersion;
  if (has_store) {
    ASSIGN_OR_RETURN(format, engine->ReadFormat());
  } else {
    RETURN_IF_ERROR(engine->CreateStore());
  }
  RETURN_IF_ERROR(format == kFormatVersion
                      ? engine->OpenDatabase(engine->DatabasePath(), /*create=*/false, kFamilyCount)
                      : engine->OpenOlderFormat());
  return engine;
}

Engine::Engine(const Options& options)
    : options_(options),
      merge_operator_(std::make_shared<CubeMergeOperator>()),
      block_cache_(rocksdb::NewLRUCache(options.block_cache_bytes)) {}

Engine::~Engine() {
  CloseDatabase();
  if (lock_ != nullptr) {
    options_.env->UnlockFile(lock_).PermitUncheckedError();
  }
}

absl::Status Engine::MakeDirectory() const {
  const rocksdb::Status made = options_.env->CreateDirIfMissing(options_.directory);
  if (!made.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("cannot make the data directory \"",
                                                      options_.directory, "\": ", made.ToString()));
  }
  return absl::OkStatus();
}

absl::Status Engine::LockDirectory() {
  const rocksdb::Status locked = options_.env->LockFile(LockPath(), &lock_);
  if (!locked.ok()) {
    lock_ = nullptr;
    return absl::FailedPreconditionError(
        absl::StrCat("the data directory \"", options_.directory,
                     "\" cannot be locked: another server may be using it, or it is not writable. "
                     "Stop that server or choose another directory. (",
                     locked.ToString(), ")"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Engine::HasStore() const {
  std::vector<std::string> children;
  RETURN_IF_ERROR(FromRocksDb(options_.env->GetChildren(options_.directory, &children),
                              absl::StrCat("listing \"", options_.directory, "\"")));
  std::string stranger;
  for (const std::string& child : children) {
    if (child == "db") {
      return true;
    }
    if (child != "." && child != ".." && child != "LOCK" && child != "db.creating" &&
        child != "lost+found") {
      stranger = child;
    }
  }
  if (!stranger.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the directory \"", options_.directory, "\" holds no store, but other files (", stranger,
        "). Give an empty or new directory, or restore the store's own \"db\" folder into it."));
  }
  return false;
}

// The new database gets its name only when it is complete, so that a directory that is there but
// does not open is always damage and never a start that was interrupted.
absl::Status Engine::CreateStore() {
  RETURN_IF_ERROR(DeleteTree(options_.env, UnfinishedPath()));
  RETURN_IF_ERROR(OpenDatabase(UnfinishedPath(), /*create=*/true, kFamilyCount));

  store::v1::StoredIdentity identity;
  identity.set_store_id(RandomBytes(16));
  identity.set_hash_secret(RandomBytes(KeyedHash::kSecretSize));
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* meta = handle(Family::kMeta);
  RETURN_IF_ERROR(
      FromRocksDb(batch.Put(meta, FormatKey(), EncodeFormat(kFormatVersion)), "creating"));
  RETURN_IF_ERROR(FromRocksDb(batch.Put(meta, IdentityKey(), EncodeMessage(identity)), "creating"));
  RETURN_IF_ERROR(FromRocksDb(
      batch.Put(meta, CountersKey(), EncodeMessage(store::v1::StoredCounters())), "creating"));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  RETURN_IF_ERROR(FromRocksDb(db_->Write(synced, &batch), "creating the store"));
  CloseDatabase();

  RETURN_IF_ERROR(FromRocksDb(options_.env->RenameFile(UnfinishedPath(), DatabasePath()),
                              "naming the new database"));
  std::unique_ptr<rocksdb::Directory> directory;
  RETURN_IF_ERROR(FromRocksDb(options_.env->NewDirectory(options_.directory, &directory),
                              "opening the data directory"));
  return FromRocksDb(directory->Fsync(), "syncing the data directory");
}

// Looks at the format before anything is opened for writing.
absl::StatusOr<uint32_t> Engine::ReadFormat() const {
  rocksdb::DBOptions db_options = DatabaseOptions();
  db_options.info_log = std::make_shared<SilentLogger>();
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()},
      {"meta", FamilyOptions(Family::kMeta)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::OpenForReadOnly(db_options, DatabasePath(), families, &handles, &raw);
  if (!opened.ok()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the database in \"", DatabasePath(),
                              "\" cannot be opened and was left as it is. Restore a backup into "
                              "another directory. (",
                              opened.ToString(), ")"));
  }
  std::unique_ptr<rocksdb::DB> db(raw);
  std::string value;
  const rocksdb::Status read = db->Get(rocksdb::ReadOptions(), handles[1], FormatKey(), &value);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  RETURN_IF_ERROR(FromRocksDb(read, "reading the store's format version"));
  const std::optional<uint32_t> version = DecodeFormat(value);
  if (!version.has_value() || *version == 0) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the format version in \"", DatabasePath(),
                              "\" is damaged. Restore a backup into another directory."));
  }
  if (*version > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in \"", options_.directory, "\" has format version ", *version,
                     "; this server knows versions up to ", kFormatVersion,
                     ". Start it with the newer server that wrote it, or a later one."));
  }
  return *version;
}

// Brings a store of format 1 to the present one, from wherever an earlier try was interrupted.
absl::Status Engine::OpenOlderFormat() {
  std::vector<std::string> names;
  RETURN_IF_ERROR(
      FromRocksDb(rocksdb::DB::ListColumnFamilies(DatabaseOptions(), DatabasePath(), &names),
                  "listing the column families"));
  const bool has_change_log =
      std::find(names.begin(), names.end(), FamilyName(Family::kChange)) != names.end();
  const size_t count = has_change_log ? kFamilyCount : kFamilyCountOfFormat1;
  RETURN_IF_ERROR(OpenDatabase(DatabasePath(), /*create=*/false, count));
  for (size_t i = count; i < kFamilyCount; ++i) {
    RETURN_IF_ERROR(FromRocksDb(db_->CreateColumnFamily(FamilyOptions(static_cast<Family>(i)),
                                                        kFamilyNames[i], &handles_[i]),
                                "adding a column family"));
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return FromRocksDb(
      db_->Put(synced, handle(Family::kMeta), FormatKey(), EncodeFormat(kFormatVersion)),
      "writing the format version");
}

absl::Status Engine::OpenDatabase(const std::string& path, bool create, size_t family_count) {
  rocksdb::DBOptions db_options = DatabaseOptions();
  db_options.create_if_missing = create;
  db_options.create_missing_column_families = create;
  db_options.error_if_exists = create;
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
  for (size_t i = 0; i < family_count; ++i) {
    families.emplace_back(kFamilyNames[i], FamilyOptions(static_cast<Family>(i)));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(db_options, path, families, &handles, &db);
  if (!opened.ok()) {
    return Error(
        v1::ERROR_REASON_STORE_DAMAGED,
        absl::StrCat("the database in \"", path, "\" cannot be opened: ", opened.ToString()));
  }
  db_.reset(db);
  default_handle_ = handles[0];
  std::copy(handles.begin() + 1, handles.end(), handles_.begin());
  return absl::OkStatus();
}

void Engine::CloseDatabase() {
  if (db_ == nullptr) {
    return;
  }
  db_->DestroyColumnFamilyHandle(default_handle_).PermitUncheckedError();
  for (rocksdb::ColumnFamilyHandle*& handle : handles_) {
    if (handle != nullptr) {
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
      handle = nullptr;
    }
  }
  db_->Close().PermitUncheckedError();
  db_.reset();
}

rocksdb::DBOptions Engine::DatabaseOptions() const {
  rocksdb::DBOptions options;
  options.env = options_.env;
  options.max_background_jobs = 2;
  // One thread writes; a concurrent memtable would only cost.
  options.allow_concurrent_memtable_write = false;
  options.track_and_verify_wals_in_manifest = true;
  // Bounds what a start has to replay, whichever column family is slow to fill.
  options.max_total_wal_size = uint64_t{256} << 20;
  options.stats_dump_period_sec = 0;
  options.keep_log_file_num = 4;
  options.max_log_file_size = size_t{16} << 20;
  return options;
}

rocksdb::ColumnFamilyOptions Engine::FamilyOptions(Family family) const {
  rocksdb::ColumnFamilyOptions options;
  options.paranoid_file_checks = true;
  options.memtable_protection_bytes_per_key = 8;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.compression = rocksdb::kLZ4Compression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache_;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.optimize_filters_for_memory = true;
  table.format_version = 5;
  switch (family) {
    case Family::kFeedback:
      options.write_buffer_size = size_t{64} << 20;
      options.memtable_insert_with_hint_prefix_extractor.reset(
          rocksdb::NewFixedPrefixTransform(kSurveyPrefixSize));
      break;
    case Family::kFeedbackByCustomer:
      // Keys come in any order: a small table of them stays in the processor's cache.
      options.write_buffer_size = size_t{4} << 20;
      options.max_write_buffer_number = 4;
      options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
      options.compression = rocksdb::kNoCompression;
      break;
    case Family::kCell:
      options.merge_operator = merge_operator_;
      options.write_buffer_size = size_t{16} << 20;
      // Older versions of a row are large, and to step over one checks its bytes.
      options.max_sequential_skip_in_iterations = 1;
      break;
    case Family::kChange:
      // A log: tables are never rewritten, and the oldest are dropped. What a table holds may be as
      // old as its oldest change, so they are not merged: its age counts from when it was written.
      options.compaction_style = rocksdb::kCompactionStyleFIFO;
      options.compaction_options_fifo.max_table_files_size = options_.change_log_bytes_max;
      options.compaction_options_fifo.allow_compaction = false;
      options.level_compaction_dynamic_level_bytes = false;
      options.ttl = kChangeLogSeconds;
      options.write_buffer_size = size_t{16} << 20;
      // Ids are random.
      options.compression = rocksdb::kNoCompression;
      break;
    default:
      options.write_buffer_size = size_t{16} << 20;
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

absl::StatusOr<bool> Engine::Get(Family family, absl::string_view key, std::string* value,
                                 const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const rocksdb::Status status = db_->Get(options, handle(family), ToSlice(key), value);
  if (status.IsNotFound()) {
    return false;
  }
  RETURN_IF_ERROR(FromRocksDb(status, "reading the store"));
  return true;
}

int64_t Engine::EstimatedKeys(Family family) const {
  uint64_t keys = 0;
  db_->GetIntProperty(handle(family), rocksdb::DB::Properties::kEstimateNumKeys, &keys);
  return static_cast<int64_t>(keys);
}

absl::Status Engine::Flush() const {
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  return FromRocksDb(db_->Flush(rocksdb::FlushOptions(), handles), "flushing the store");
}

absl::Status Engine::Compact(Family family, std::atomic<bool>* stop) const {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  // Compactions of its own go on beside this one.
  options.exclusive_manual_compaction = false;
  options.canceled = stop;
  const rocksdb::Status status = db_->CompactRange(options, handle(family), nullptr, nullptr);
  if (stop->load() && status.IsIncomplete()) {
    return ShuttingDownError();
  }
  return FromRocksDb(status, "compacting the store");
}

int64_t Engine::DelayedBytesPerSecond() const {
  uint64_t rate = 0;
  db_->GetIntProperty("rocksdb.actual-delayed-write-rate", &rate);
  return static_cast<int64_t>(rate);
}

int64_t Engine::SumOfProperty(const std::string& property) const {
  int64_t sum = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    uint64_t value = 0;
    if (db_->GetIntProperty(handle, property, &value)) {
      sum += static_cast<int64_t>(value);
    }
  }
  return sum;
}

}  // namespace emptychair::storage
