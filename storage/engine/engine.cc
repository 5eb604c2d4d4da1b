#include "storage/engine/engine.h"

#include <algorithm>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/background_errors.h"
#include "storage/engine/manifest_recorder.h"
#include "storage/engine/opening_guard.h"
#include "storage/engine/watermark.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// On disk: DO NOT CHANGE.
constexpr std::array<const char*, kFamilyCount> kFamilyNames = {"meta",
                                                                "feedback",
                                                                "feedback_by_customer",
                                                                "feedback_by_external_id",
                                                                "series",
                                                                "cell",
                                                                "customer",
                                                                "change",
                                                                "derived",
                                                                "activity",
                                                                "activity_by_customer",
                                                                "activity_by_id",
                                                                "active_set",
                                                                "access",
                                                                "audit",
                                                                "ledger"};

// What a directory without a store may hold: traces of a start that was interrupted.
constexpr std::array<absl::string_view, 8> kOwnFiles = {
    ".", "..", "LOCK", "db.creating", "watermark", "watermark.new", "accept_loss", "lost+found"};

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

std::string Engine::LibraryName() {
#ifdef EMPTYCHAIR_ROCKSDB_FROM_SOURCE
  constexpr absl::string_view kBuild = "source";
#else
  constexpr absl::string_view kBuild = "package";
#endif
  return absl::StrCat("RocksDB ", rocksdb::GetRocksVersionAsString(), " (", kBuild, ")");
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const Options& options) {
#ifdef EMPTYCHAIR_ROCKSDB_FROM_SOURCE
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) {
    return absl::FailedPreconditionError(
        "this build needs a processor with SSE4.2 and PCLMUL; the one with RocksDB's package does "
        "not");
  }
#endif
  std::unique_ptr<Engine> engine(new Engine(options));
  RETURN_IF_ERROR(engine->MakeDirectory());
  // Looked at before the lock's file is put in it, too: other people's directories stay as they
  // are.
  RETURN_IF_ERROR(engine->HasStore().status());
  RETURN_IF_ERROR(engine->LockDirectory());
  ASSIGN_OR_RETURN(const bool has_store, engine->HasStore());
  if (!has_store) {
    RETURN_IF_ERROR(engine->CreateStore());
  }
  RETURN_IF_ERROR(engine->OpenGuarded());
  return engine;
}

Engine::Engine(const Options& options)
    : options_(options),
      recorder_(std::make_shared<ManifestRecorder>(options.env->GetFileSystem())),
      database_env_(rocksdb::NewCompositeEnv(recorder_)),
      background_errors_(std::make_shared<BackgroundErrors>()),
      cube_merge_operator_(std::make_shared<CubeMergeOperator>()),
      set_merge_operator_(std::make_shared<CustomerSetMergeOperator>()),
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
    if (!absl::c_linear_search(kOwnFiles, child)) {
      stranger = child;
    }
  }
  if (!stranger.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the directory \"", options_.directory, "\" holds no store, but other files (", stranger,
        "). Give an empty or new directory, or restore the store's own \"db\" folder into it."));
  }
  RETURN_IF_ERROR(CheckNothingWasAcknowledged(options_.env, options_.directory));
  return false;
}

// The new database gets its name only when it is complete, so that a directory that is there but
// does not open is always damage and never a start that was interrupted.
absl::Status Engine::CreateStore() {
  RETURN_IF_ERROR(DeleteTree(options_.env, UnfinishedPath()));
  RETURN_IF_ERROR(OpenDatabase(UnfinishedPath(), Opening::kNew));

  store::v1::StoredIdentity identity;
  identity.set_store_id(RandomBytes(Uuid::kSize));
  identity.set_hash_secret(RandomBytes(KeyedHash::kSecretSize));
  identity.set_access_secret(RandomBytes(KeyTextHash::kSecretSize));
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

  RETURN_IF_ERROR(Watermark::Make(options_.env, WatermarkPath(options_.directory),
                                  {*Uuid::FromBytes(identity.store_id()), 0, recorder_->marks()}));
  RETURN_IF_ERROR(FromRocksDb(options_.env->RenameFile(UnfinishedPath(), DatabasePath()),
                              "naming the new database"));
  return SyncDirectory();
}

// Looks at everything before the database is opened for writing, which may delete what it cannot
// use.
absl::Status Engine::OpenGuarded() {
  const std::string accept_loss = AcceptLossPath(options_.directory);
  const bool accepts_loss = options_.env->FileExists(accept_loss).ok();
  const bool is_restored = !options_.restored_backup_id.empty();
  absl::Status checked = CheckManifestAndWals(options_.env, options_.directory, DatabasePath());
  if (!checked.ok() && !accepts_loss) {
    return checked;
  }
  ASSIGN_OR_RETURN(StoreFacts facts,
                   ReadStoreFacts(DatabaseOptions(), {MetaDescriptor()}, DatabasePath()));
  checked.Update(CheckWatermark(options_.env, options_.directory, facts));
  if (!checked.ok() && !accepts_loss && !is_restored) {
    return checked;
  }
  const uint64_t sequence = facts.counters.sequence();
  if (checked.ok()) {
    RETURN_IF_ERROR(OpenWatermark(sequence));
  }
  const bool is_older = facts.format_version < kFormatVersion;
  RETURN_IF_ERROR(
      OpenDatabase(DatabasePath(), is_older ? Opening::kOlderFormat : Opening::kAsItIs));
  RETURN_IF_ERROR(CheckCounters(facts));
  if (is_older) {
    RETURN_IF_ERROR(RaiseFormat(facts.identity));
  }
  if (!checked.ok()) {
    GiveNewId(facts, facts.identity);
  }
  if (watermark_ == nullptr) {
    RETURN_IF_ERROR(MakeWatermark(facts.identity, sequence));
  }
  if (accepts_loss) {
    RETURN_IF_ERROR(FromRocksDb(options_.env->DeleteFile(accept_loss),
                                "removing the file that accepts a loss"));
    return SyncDirectory();
  }
  return absl::OkStatus();
}

// Numbers of changes that are lost are given out again: nobody may take the two for one store.
void Engine::GiveNewId(const StoreFacts& facts, store::v1::StoredIdentity& identity) const {
  store::v1::FormerStore& former = *identity.add_former_stores();
  former.set_store_id(identity.store_id());
  former.set_sequence(facts.counters.sequence());
  former.set_backup_id(options_.restored_backup_id);
  former.set_time_ms(options_.restored_time_ms);
  identity.set_store_id(RandomBytes(Uuid::kSize));
}

absl::StatusOr<StoreFacts> Engine::ReadFacts() const {
  return DecodeStoreFacts(
      [this](const std::string& key, std::string* value) -> rocksdb::Status {
        return db_->Get(rocksdb::ReadOptions(), handle(Family::kMeta), key, value);
      },
      DatabasePath());
}

absl::StatusOr<StoreFacts> Engine::ReadFactsIn(rocksdb::Env* env,
                                               const std::string& database_path) {
  Options options;
  options.env = env;
  options.block_cache_bytes = size_t{8} << 20;
  const std::unique_ptr<Engine> engine(new Engine(options));
  std::vector<std::string> names;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(engine->DatabaseOptions(), database_path, &names);
  if (!listed.ok()) {
    return FromRocksDb(listed, absl::StrCat("opening \"", database_path, "\""));
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {engine->MetaDescriptor()};
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    if (family != Family::kMeta && absl::c_linear_search(names, kFamilyNames[i])) {
      families.emplace_back(kFamilyNames[i], engine->FamilyOptions(family));
    }
  }
  return ReadStoreFacts(engine->DatabaseOptions(), families, database_path);
}

// Gives what stores of the present format have beside families, which opening has made.
absl::Status Engine::RaiseFormat(store::v1::StoredIdentity& identity) const {
  if (identity.access_secret().empty()) {
    identity.set_access_secret(RandomBytes(KeyTextHash::kSecretSize));
  }
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* meta = handle(Family::kMeta);
  RETURN_IF_ERROR(FromRocksDb(batch.Put(meta, IdentityKey(), EncodeMessage(identity)), "raising"));
  RETURN_IF_ERROR(
      FromRocksDb(batch.Put(meta, FormatKey(), EncodeFormat(kFormatVersion)), "raising"));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return FromRocksDb(db_->Write(synced, &batch), "raising its format");
}

// Whether the database, open for writing, holds what it did when it was looked at.
absl::Status Engine::CheckCounters(const StoreFacts& facts) const {
  std::string counters;
  ASSIGN_OR_RETURN(const bool found, Get(Family::kMeta, CountersKey(), &counters));
  if (!found || counters != EncodeMessage(facts.counters)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the database in \"", DatabasePath(),
                              "\" holds something else since it was opened for writing. Restore a "
                              "backup into another directory."));
  }
  return absl::OkStatus();
}

absl::Status Engine::OpenWatermark(uint64_t sequence) {
  ASSIGN_OR_RETURN(watermark_,
                   Watermark::Open(options_.env, WatermarkPath(options_.directory), sequence));
  ASSIGN_OR_RETURN(const uint64_t current, ReadCurrent(options_.env, DatabasePath()));
  // The list before is the one in use; a newer one may be left of a start that was interrupted.
  ManifestMarks manifests = watermark_->manifests();
  if (manifests[0].number != current) {
    manifests[0] = manifests[1];
  }
  manifests[1] = {};
  recorder_->Start(manifests,
                   [this](const ManifestMarks& marks) { return watermark_->SetManifests(marks); });
  return absl::OkStatus();
}

absl::Status Engine::MakeWatermark(const store::v1::StoredIdentity& identity, uint64_t sequence) {
  const WatermarkValue value{*Uuid::FromBytes(identity.store_id()), sequence, recorder_->marks()};
  RETURN_IF_ERROR(Watermark::Make(options_.env, WatermarkPath(options_.directory), value));
  RETURN_IF_ERROR(SyncDirectory());
  RETURN_IF_ERROR(PutSynced(IdentityKey(), EncodeMessage(identity), "giving the store its new id"));
  return OpenWatermark(sequence);
}

absl::Status Engine::PutSynced(absl::string_view key, absl::string_view value,
                               absl::string_view doing) const {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return FromRocksDb(db_->Put(synced, handle(Family::kMeta), ToSlice(key), ToSlice(value)), doing);
}

absl::Status Engine::SyncDirectory() const {
  std::unique_ptr<rocksdb::Directory> directory;
  RETURN_IF_ERROR(FromRocksDb(options_.env->NewDirectory(options_.directory, &directory),
                              "opening the data directory"));
  return FromRocksDb(directory->Fsync(), "syncing the data directory");
}

absl::Status Engine::OpenDatabase(const std::string& path, Opening opening) {
  rocksdb::DBOptions db_options = DatabaseOptions();
  db_options.create_if_missing = opening == Opening::kNew;
  db_options.error_if_exists = opening == Opening::kNew;
  db_options.create_missing_column_families = opening != Opening::kAsItIs;
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
  for (size_t i = 0; i < kFamilyCount; ++i) {
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

std::vector<std::optional<std::string>> Engine::GetMany(Family family,
                                                        const std::vector<std::string>& keys,
                                                        const rocksdb::Snapshot* snapshot) const {
  if (keys.empty()) {
    return {};
  }
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const std::string& key : keys) {
    slices.push_back(ToSlice(key));
  }
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(options, handle(family), keys.size(), slices.data(), found.data(), statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      values[i] = found[i].ToString();
    }
  }
  return values;
}

// The library tells the files of the log only by reading each: their names and sizes are enough.
int64_t Engine::LogBytes() const {
  std::vector<std::string> names;
  options_.env->GetChildren(DatabasePath(), &names).PermitUncheckedError();
  int64_t sum = 0;
  for (const std::string& name : names) {
    uint64_t size = 0;
    if (absl::EndsWith(name, ".log") &&
        options_.env->GetFileSize(absl::StrCat(DatabasePath(), "/", name), &size).ok()) {
      sum += static_cast<int64_t>(size);
    }
  }
  return sum;
}

int64_t Engine::EstimatedKeys(Family family) const {
  return PropertyOf(family, rocksdb::DB::Properties::kEstimateNumKeys);
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

int64_t Engine::PropertyOf(Family family, const std::string& property) const {
  uint64_t value = 0;
  db_->GetIntProperty(handle(family), property, &value);
  return static_cast<int64_t>(value);
}

int64_t Engine::SumOfProperty(const std::string& property) const {
  int64_t sum = 0;
  for (size_t family = 0; family < kFamilyCount; ++family) {
    sum += PropertyOf(static_cast<Family>(family), property);
  }
  return sum;
}

}  // namespace emptychair::storage
