#include "storage/engine/opening_guard.h"

#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/db.h"
#include "storage/engine/engine.h"
#include "storage/engine/wal_check.h"
#include "storage/engine/watermark.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// Keeps RocksDB from writing a log file into a directory that is only being looked at.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {}
};

// The database with its family `meta` and perhaps others, which cannot be written to.
class ReadOnlyMeta {
 public:
  ~ReadOnlyMeta() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
  }

  rocksdb::Status Open(const rocksdb::DBOptions& options,
                       const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                       const std::string& path) {
    std::vector<rocksdb::ColumnFamilyDescriptor> all = {
        {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
    all.insert(all.end(), families.begin(), families.end());
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, path, all, &handles_, &db);
    db_.reset(db);
    return status;
  }

  rocksdb::Status Get(const std::string& key, std::string* value) const {
    return db_->Get(rocksdb::ReadOptions(), handles_[1], key, value);
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

absl::Status Damaged(absl::string_view what, const std::string& database_path) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("the ", what, " in \"", database_path,
                            "\" is damaged. Restore a backup into another directory."));
}

absl::StatusOr<uint32_t> CheckFormat(GetMeta get, const std::string& database_path) {
  std::string value;
  RETURN_IF_ERROR(FromRocksDb(get(FormatKey(), &value), "reading the store's format version"));
  const std::optional<uint32_t> version = DecodeFormat(value);
  if (!version.has_value() || *version == 0) {
    return Damaged("format version", database_path);
  }
  if (*version > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in \"", database_path, "\" has format version ", *version,
                     "; this server knows versions up to ", kFormatVersion,
                     ". Start it with the newer server that wrote it, or a later one."));
  }
  if (*version < kOldestFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store in \"", database_path, "\" has the development format ", *version,
        ", which no release has written; this server reads formats from ", kOldestFormatVersion,
        " on. Export the answers with the server that wrote it, and import them into a store "
        "in a new directory."));
  }
  return *version;
}

absl::Status Refuse(const std::string& directory, absl::string_view why) {
  return Error(
      v1::ERROR_REASON_STORE_DAMAGED,
      absl::StrCat(why, " Nothing was changed. Keep a copy of \"", directory,
                   "\" and restore a backup into another directory. To go on with what the "
                   "database holds, and without anything else that was acknowledged, make an "
                   "empty file \"",
                   AcceptLossPath(directory), "\" and start again."));
}

absl::Status CheckManifest(rocksdb::Env* env, const std::string& directory,
                           const std::string& database_path) {
  const absl::StatusOr<std::optional<WatermarkValue>> watermark =
      ReadWatermark(env, WatermarkPath(directory));
  if (!watermark.ok() || !watermark->has_value()) {
    return absl::OkStatus();  // Judged by CheckWatermark.
  }
  const absl::StatusOr<uint64_t> current = ReadCurrent(env, database_path);
  if (!current.ok()) {
    return Refuse(directory, absl::StrCat(current.status().message(), "."));
  }
  for (const ManifestMark& wanted : (*watermark)->manifests) {
    if (wanted.number == *current) {
      const absl::StatusOr<ManifestMark> found =
          ReadManifest(env, database_path, wanted.number, wanted.size);
      return found.ok() && *found == wanted
                 ? absl::OkStatus()
                 : Refuse(directory, absl::StrCat("The list of files MANIFEST-", *current, " in \"",
                                                  database_path, "\" is damaged."));
    }
  }
  return Refuse(directory, absl::StrCat("\"", database_path, "/CURRENT\" names MANIFEST-", *current,
                                        ", a list of files that this server did not write."));
}

}  // namespace

absl::StatusOr<StoreFacts> DecodeStoreFacts(GetMeta get, const std::string& database_path) {
  StoreFacts facts;
  ASSIGN_OR_RETURN(facts.format_version, CheckFormat(get, database_path));
  std::string value;
  if (!get(IdentityKey(), &value).ok() || !DecodeMessage(value, facts.identity) ||
      facts.identity.hash_secret().size() != KeyedHash::kSecretSize ||
      facts.identity.store_id().size() != Uuid::kSize) {
    return Damaged("identity", database_path);
  }
  if (!get(CountersKey(), &value).ok() || !DecodeMessage(value, facts.counters)) {
    return Damaged("counters", database_path);
  }
  return facts;
}

absl::StatusOr<StoreFacts> ReadStoreFacts(
    const rocksdb::DBOptions& database_options,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
    const std::string& database_path) {
  rocksdb::DBOptions options = database_options;
  options.info_log = std::make_shared<SilentLogger>();
  ReadOnlyMeta meta;
  if (const rocksdb::Status opened = meta.Open(options, families, database_path); !opened.ok()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the database in \"", database_path,
                              "\" cannot be opened and was left as it is. Restore a backup into "
                              "another directory. (",
                              opened.ToString(), ")"));
  }
  return DecodeStoreFacts(
      [&](const std::string& key, std::string* value) { return meta.Get(key, value); },
      database_path);
}

absl::Status CheckManifestAndWals(rocksdb::Env* env, const std::string& directory,
                                  const std::string& database_path) {
  RETURN_IF_ERROR(CheckManifest(env, directory, database_path));
  const absl::Status logs = CheckWals(env, database_path);
  return logs.ok() ? logs : Refuse(directory, logs.message());
}

absl::Status CheckWatermark(rocksdb::Env* env, const std::string& directory,
                            const StoreFacts& facts) {
  const std::string path = WatermarkPath(directory);
  const absl::StatusOr<std::optional<WatermarkValue>> read = ReadWatermark(env, path);
  if (!read.ok()) {
    return Refuse(directory, absl::StrCat("How far the store was acknowledged is not known: ",
                                          read.status().message(), "."));
  }
  if (!read->has_value()) {
    return Refuse(directory, absl::StrCat("How far the store was acknowledged is not known: \"",
                                          path, "\" is gone."));
  }
  const WatermarkValue& watermark = **read;
  if (watermark.store_id.AsBytes() != facts.identity.store_id()) {
    return Refuse(directory, absl::StrCat("\"", path, "\" belongs to another store, ",
                                          watermark.store_id.ToString(), "."));
  }
  if (facts.counters.sequence() < watermark.sequence) {
    return Refuse(directory,
                  absl::StrCat("The database in \"", directory, "\" holds changes up to ",
                               facts.counters.sequence(), ", but they were acknowledged up to ",
                               watermark.sequence, ": what came between is lost."));
  }
  return absl::OkStatus();
}

absl::Status CheckNothingWasAcknowledged(rocksdb::Env* env, const std::string& directory) {
  const std::string path = WatermarkPath(directory);
  ASSIGN_OR_RETURN(const std::optional<WatermarkValue> watermark, ReadWatermark(env, path));
  if (watermark.has_value() && watermark->sequence > 0) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the database in \"", directory, "\" is gone: \"", path,
                              "\" belongs to a store that has acknowledged changes up to ",
                              watermark->sequence,
                              ". Restore a backup into another directory, or give an empty one."));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
