// Looks into a store that is not open.
#ifndef EMPTYCHAIR_STORAGE_RESTORE_INSPECT_H_
#define EMPTYCHAIR_STORAGE_RESTORE_INSPECT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"

namespace emptychair::storage {

struct InspectedStore {
  uint32_t format_version = 0;
  store::v1::StoredIdentity identity;
  store::v1::StoredCounters counters;
};

// What the store in a data directory says of itself. Writes nothing. Errors: STORE_DAMAGED;
// FAILED_PRECONDITION for no store, and one of another format.
absl::StatusOr<InspectedStore> InspectStore(const std::string& data_directory);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_RESTORE_INSPECT_H_
