#include "tests/storage/harness/plain_database.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "storage/engine/merge_operators.h"
#include "storage/engine/opening_guard.h"
#include "storage/engine/watermark.h"

namespace emptychair::storage {
namespace {

void Check(const rocksdb::Status& status, const std::string& doing) {
  if (!status.ok()) {
    std::cerr << doing << ": " << status.ToString() << std::endl;
    std::abort();
  }
}

class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

std::vector<std::string> ChildrenOf(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> children;
  // Fails for a file.
  env->GetChildren(path, &children).PermitUncheckedError();
  children.erase(
      std::remove_if(children.begin(), children.end(),
                     [](const std::string& name) { return name == "." || name == ".."; }),
      children.end());
  return children;
}

void ReadTreeInto(rocksdb::Env* env, const std::string& directory,
                  std::map<std::string, std::string>& files) {
  for (const std::string& child : ChildrenOf(env, directory)) {
    const std::string path = absl::StrCat(directory, "/", child);
    if (!ChildrenOf(env, path).empty()) {
      ReadTreeInto(env, path, files);
    } else if (child == "LOCK") {
      files[path] = "";  // In memory it cannot be read.
    } else {
      Check(rocksdb::ReadFileToString(env, path, &files[path]), path);
    }
  }
}

// Another hand than the store's has written the list of files.
void FitWatermark(rocksdb::Env* env, const std::string& directory) {
  const std::string path = WatermarkPath(directory);
  std::optional<WatermarkValue> value = *ReadWatermark(env, path);
  if (value.has_value()) {
    const std::string database = absl::StrCat(directory, "/db");
    value->manifests = {*ReadManifest(env, database, *ReadCurrent(env, database), UINT64_MAX)};
    if (!Watermark::Make(env, path, *value).ok()) {
      std::abort();
    }
  }
}

}  // namespace

rocksdb::Status PlainDatabase::Open(rocksdb::Env* env, const std::string& path, Mode mode) {
  rocksdb::DBOptions options;
  options.env = env;
  options.info_log = std::make_shared<NoLog>();
  // As the store opens it: else RocksDB wants to change its list of logs, in a database that it
  // only reads.
  options.track_and_verify_wals_in_manifest = true;
  std::vector<std::string> names;
  if (rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
      !status.ok()) {
    return status;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) {
    rocksdb::ColumnFamilyOptions family;
    if (name == "cell") {
      family.merge_operator = std::make_shared<CubeMergeOperator>();
    }
    if (name == "active_set") {
      family.merge_operator = std::make_shared<CustomerSetMergeOperator>();
    }
    if (name == "change") {
      family.compaction_style = rocksdb::kCompactionStyleFIFO;
      family.compaction_options_fifo.max_table_files_size = UINT64_MAX;
      family.level_compaction_dynamic_level_bytes = false;
    }
    families.emplace_back(name, family);
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kRead ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles_, &db)
                          : rocksdb::DB::Open(options, path, families, &handles_, &db);
  db_.reset(db);
  return status;
}

PlainDatabase::PlainDatabase(rocksdb::Env* env, const std::string& directory, Mode mode)
    : env_(env), directory_(directory), mode_(mode) {
  const std::string path = absl::StrCat(directory, "/db");
  rocksdb::Status status = Open(env, path, mode);
  // A compaction of the open store can delete a file between the reading of the list of files and
  // their opening.
  for (int retries = 100; !status.ok() && mode == Mode::kRead && retries > 0; --retries) {
    status = Open(env, path, mode);
  }
  Check(status, path);
}

PlainDatabase::~PlainDatabase() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    Check(db_->DestroyColumnFamilyHandle(handle), "closing");
  }
  Check(db_->Close(), "closing");
  if (mode_ == Mode::kWrite) {
    FitWatermark(env_, directory_);
  }
}

rocksdb::ColumnFamilyHandle* PlainDatabase::HandleOf(const std::string& family) const {
  const auto found = std::find_if(handles_.begin(), handles_.end(),
                                  [&](const auto* handle) { return handle->GetName() == family; });
  if (found == handles_.end()) {
    std::cerr << "no column family " << family << std::endl;
    std::abort();
  }
  return *found;
}

DatabaseDump PlainDatabase::Dump() const {
  DatabaseDump dump;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    auto& entries = dump[handle->GetName()];
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), handle));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      entries[it->key().ToString()] = it->value().ToString();
    }
    Check(it->status(), "dumping");
  }
  return dump;
}

void PlainDatabase::Put(const std::string& family, const std::string& key,
                        const std::string& value) {
  Check(db_->Put(rocksdb::WriteOptions(), HandleOf(family), key, value), "putting");
}

void PlainDatabase::Delete(const std::string& family, const std::string& key) {
  Check(db_->Delete(rocksdb::WriteOptions(), HandleOf(family), key), "deleting");
}

void PlainDatabase::Flush(bool compact) {
  Check(db_->Flush(rocksdb::FlushOptions(), handles_), "flushing");
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (compact) {
      Check(db_->CompactRange(rocksdb::CompactRangeOptions(), handle, nullptr, nullptr),
            "compacting");
    }
  }
}

std::map<std::string, std::string> ReadTree(rocksdb::Env* env, const std::string& directory) {
  std::map<std::string, std::string> files;
  ReadTreeInto(env, directory, files);
  return files;
}

}  // namespace emptychair::storage
