// Checks a store before the database is opened for writing, and refuses one that has lost data.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_
#define EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace emptychair::storage {

// The files of ours in a data directory.
inline std::string WatermarkPath(const std::string& directory) { return directory + "/watermark"; }
// Made by a person who goes on without what is missing.
inline std::string AcceptLossPath(const std::string& directory) {
  return directory + "/accept_loss";
}

// Format, identity and counters, as the database has them.
struct StoreFacts {
  uint32_t format_version = 0;
  store::v1::StoredIdentity identity;
  store::v1::StoredCounters counters;
};

// Reads the facts by what gets values of the family `meta`. Errors: STORE_DAMAGED;
// FAILED_PRECONDITION for a store of another format.
using GetMeta = absl::FunctionRef<rocksdb::Status(const std::string& key, std::string* value)>;
absl::StatusOr<StoreFacts> DecodeStoreFacts(GetMeta get, const std::string& database_path);

// The same through an opening of `database_path` that writes nothing. The first of `families` is
// `meta`; the others are opened with it.
absl::StatusOr<StoreFacts> ReadStoreFacts(
    const rocksdb::DBOptions& database_options,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families, const std::string& database_path);

// Compares number, synced size and hash of the MANIFEST with the watermark, and checks the WALs
// (wal_check.h). Refuses a mismatch or a damaged WAL with STORE_DAMAGED and what to do, before
// RocksDB can delete files that a damaged MANIFEST does not name. Without a watermark any MANIFEST
// passes: CheckWatermark refuses that. Must be called before anything else is done with the
// database.
absl::Status CheckManifestAndWals(rocksdb::Env* env, const std::string& directory,
                                  const std::string& database_path);

// Refuses a store that holds less than was acknowledged, that is not the one of the watermark
// beside it, or that has lost its watermark: STORE_DAMAGED, with what to do.
absl::Status CheckWatermark(rocksdb::Env* env, const std::string& directory,
                            const StoreFacts& facts);

// Refuses to make a store in a directory, which has none, when the watermark in it says that there
// was one.
absl::Status CheckNothingWasAcknowledged(rocksdb::Env* env, const std::string& directory);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_OPENING_GUARD_H_
