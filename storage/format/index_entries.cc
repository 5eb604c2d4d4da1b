#include "storage/format/index_entries.h"

namespace emptychair::storage {

IndexEntries EntriesOf(const KeyedHash& hash, absl::string_view survey_id, const FeedbackKey& key,
                       const FeedbackHeader& header, const store::v1::StoredFeedback& body) {
  IndexEntries entries;
  if (header.customer_ordinal != kAnonymous) {
    entries.by_customer_key =
        FeedbackByCustomerKey{header.customer_ordinal, StartOf(key.feedback_id), key.survey_number}
            .Encode();
  }
  if (!body.external_id().empty()) {
    const IdHash external_id_hash = hash(HashPurpose::kExternalId, body.external_id());
    entries.by_external_id_key =
        ExternalIdKey{key.survey_number, Shortened(external_id_hash)}.Encode();
    entries.by_external_id =
        ExternalIdEntryOf(hash, survey_id, body.external_id(), key.feedback_id);
  }
  return entries;
}

}  // namespace emptychair::storage
