// Finds damage in write-ahead logs (WALs) that RocksDB takes for the end of a log.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_
#define EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair::storage {

// Refuses a WAL with a record of a recyclable type: STORE_DAMAGED. We never recycle logs, but a bit
// flip can turn another type into one. RocksDB then treats the record as end of file and continues
// with the next WAL, leaving a gap below newer changes. RocksDB or the watermark finds all other
// damage.
absl::Status CheckWals(rocksdb::Env* env, const std::string& database_path);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_WAL_CHECK_H_
