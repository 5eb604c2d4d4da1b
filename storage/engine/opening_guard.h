// Looks at a store before anything is opened for writing, and says whether it may be.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_
#define EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"
#include "rocksdb/options.h"

namespace emptychair::storage {

// The files of ours in a data directory.
inline std::string WatermarkPath(const std::string& directory) { return directory + "/watermark"; }
// Made by a person who goes on without what is missing.
inline std::string AcceptLossPath(const std::string& directory) {
  return directory + "/accept_loss";
}

// What the database says of itself.
struct StoreFacts {
  uint32_t format = 0;
  store::v1::StoredIdentity identity;
  store::v1::StoredCounters counters;
};

// Reads the facts through an opening of `database_path` that writes nothing. Errors: STORE_DAMAGED;
// FAILED_PRECONDITION for a store of a newer format.
absl::StatusOr<StoreFacts> ReadStoreFacts(const rocksdb::DBOptions& database_options,
                                          const rocksdb::ColumnFamilyOptions& meta_options,
                                          const std::string& database_path);

// Refuses a database whose list of files is not what it was, as far as it was relied on, because
// RocksDB would delete files that are not on it, or whose logs are damaged where RocksDB does not
// see it. STORE_DAMAGED, with what to do. A list of files passes in a store that never had a
// watermark. To be called before anything else is done with the database.
absl::Status CheckFiles(rocksdb::Env* env, const std::string& directory,
                        const std::string& database_path);

// Refuses a store that holds less than was acknowledged, that is not the one of the watermark
// beside it, or that has lost its watermark: STORE_DAMAGED, with what to do. A store that never had
// a watermark passes.
absl::Status CheckWatermark(rocksdb::Env* env, const std::string& directory,
                            const StoreFacts& facts);

// Refuses to make a store in a directory, which has none, when the watermark in it says that there
// was one.
absl::Status CheckNothingWasAcknowledged(rocksdb::Env* env, const std::string& directory);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_
