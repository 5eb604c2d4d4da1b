#include "storage/format/index_entries.h"

namespace emptychair::storage {

IndexEntries EntriesOf(const KeyedHash& hash, const FeedbackKey& key, const FeedbackHeader& header,
                       const store::v1::StoredFeedback& body) {
  IndexEntries entries;
  if (header.customer_ordinal != kAnonymous) {
    entries.by_customer_key =
        FeedbackByCustomerKey{header.customer_ordinal, StartOf(key.feedback_id), key.survey_number}
            .Encode();
  }
  if (!body.external_id().empty()) {
    entries.by_external_id_key =
        ExternalIdKey{key.survey_number, hash(HashPurpose::kExternalId, body.external_id())}
            .Encode();
    entries.by_external_id_value = EncodeExternalIdEntry(key.feedback_id, body.external_id());
  }
  return entries;
}

}  // namespace emptychair::storage
