#include "storage/engine/wal_check.h"

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/env.h"
#include "storage/engine/engine.h"
#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

// A log is a row of blocks; in each stand records that do not reach into the next.
constexpr size_t kBlockSize = 32'768;
// Checksum u32, length u16, type u8.
constexpr size_t kHeaderSize = 7;
constexpr size_t kLengthAt = 4;
constexpr size_t kTypeAt = 6;
// The types of records of recycled logs.
constexpr uint8_t kRecycledFirst = 5;
constexpr uint8_t kRecycledLast = 8;

bool HoldsRecycledRecord(const rocksdb::Slice& block) {
  for (size_t at = 0; at + kHeaderSize <= block.size();) {
    const auto length = LoadLittleEndian<uint16_t>(block.data() + at + kLengthAt);
    const auto type = LoadLittleEndian<uint8_t>(block.data() + at + kTypeAt);
    if (type >= kRecycledFirst && type <= kRecycledLast) {
      return true;
    }
    at += kHeaderSize + length;
  }
  return false;
}

absl::Status CheckLog(rocksdb::Env* env, const std::string& path) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  RETURN_IF_ERROR(FromRocksDb(env->NewSequentialFile(path, &file, rocksdb::EnvOptions()),
                              absl::StrCat("opening \"", path, "\"")));
  std::string buffer(kBlockSize, '\0');
  for (uint64_t blocks = 0;; ++blocks) {
    rocksdb::Slice block;
    RETURN_IF_ERROR(FromRocksDb(file->Read(kBlockSize, &block, buffer.data()),
                                absl::StrCat("reading \"", path, "\"")));
    if (HoldsRecycledRecord(block)) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED,
                   absl::StrCat("The log \"", path, "\" is damaged in the ", kBlockSize,
                                " bytes from ", blocks * kBlockSize, "."));
    }
    if (block.size() < kBlockSize) {
      return absl::OkStatus();
    }
  }
}

}  // namespace

absl::Status CheckWals(rocksdb::Env* env, const std::string& database_path) {
  std::vector<std::string> children;
  RETURN_IF_ERROR(FromRocksDb(env->GetChildren(database_path, &children),
                              absl::StrCat("listing \"", database_path, "\"")));
  for (const std::string& child : children) {
    if (absl::EndsWith(child, ".log")) {
      RETURN_IF_ERROR(CheckLog(env, absl::StrCat(database_path, "/", child)));
    }
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
