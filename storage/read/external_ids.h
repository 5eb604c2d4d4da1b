// From an external id to the record that has or had it.
#ifndef EMPTYCHAIR_STORAGE_READ_EXTERNAL_IDS_H_
#define EMPTYCHAIR_STORAGE_READ_EXTERNAL_IDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/engine/engine.h"
#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"

namespace emptychair::storage {

// Reads an entry of a column family; false when there is none.
using GetEntry = absl::FunctionRef<absl::StatusOr<bool>(Family family, const std::string& key,
                                                        std::string* value)>;

// What is under the hash of an external id.
struct ExternalIdLookup {
  // The record that has or had the id, and its value: a tombstone once it is erased.
  std::optional<Uuid> feedback_id;
  std::string value;
  // The entries of all whose ids share the start of the hash.
  std::vector<ExternalIdEntry> sharing;
};

// Looks up the record of the survey that has or had the external id. Compares texts, and whole
// hashes where the text is gone. Errors: STORE_DAMAGED, those of `get`.
absl::StatusOr<ExternalIdLookup> LookUpExternalId(const store::v1::StoredSurvey& survey,
                                                  absl::string_view external_id,
                                                  const KeyedHash& hash, GetEntry get);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_EXTERNAL_IDS_H_
