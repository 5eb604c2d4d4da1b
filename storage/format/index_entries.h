// Computes the index entries of a record.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_INDEX_ENTRIES_H_
#define EMPTYCHAIR_STORAGE_FORMAT_INDEX_ENTRIES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

// A record's entries in the indexes; empty keys where it has none.
struct IndexEntries {
  std::string by_customer_key;
  std::string by_external_id_key;
  ExternalIdEntry by_external_id;  // One of those under the key.
};
IndexEntries EntriesOf(const KeyedHash& hash, absl::string_view survey_id, const FeedbackKey& key,
                       const FeedbackHeader& header, const store::v1::StoredFeedback& body);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_INDEX_ENTRIES_H_
