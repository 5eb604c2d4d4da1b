// Looks for damage in RocksDB's write-ahead logs that RocksDB takes for their end.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_
#define EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair::storage {

// One flipped bit makes of a log's record one of a recycled log, which we never write, and there
// RocksDB stops reading the log without a word; but it goes on with the next log, so that a hole is
// left below newer changes. STORE_DAMAGED when there is such a record. Everything else RocksDB
// finds, or the watermark does.
absl::Status CheckLogs(rocksdb::Env* env, const std::string& database_path);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_
