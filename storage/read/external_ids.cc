#include "storage/read/external_ids.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

absl::Status Damaged(absl::string_view what) { return Error(v1::ERROR_REASON_STORE_DAMAGED, what); }

}  // namespace

absl::StatusOr<ExternalIdLookup> LookUpExternalId(const store::v1::StoredSurvey& survey,
                                                  absl::string_view external_id,
                                                  const KeyedHash& hash, GetEntry get) {
  ExternalIdLookup lookup;
  const IdHash whole_hash = hash(HashPurpose::kExternalId, external_id);
  std::string value;
  ASSIGN_OR_RETURN(
      const bool found,
      get(Family::kFeedbackByExternalId,
          ExternalIdKey{survey.survey_number(), Shortened(whole_hash)}.Encode(), &value));
  if (!found) {
    return lookup;
  }
  std::optional<std::vector<ExternalIdEntry>> entries = DecodeExternalIdEntries(value);
  if (!entries.has_value()) {
    return Damaged("an entry of the index by external id cannot be decoded");
  }
  lookup.sharing = *std::move(entries);
  store::v1::StoredFeedback body;
  for (const ExternalIdEntry& entry : lookup.sharing) {
    const bool is_erased = entry.kind == ExternalIdEntry::Kind::kErased;
    if (is_erased && entry.hash != whole_hash) {
      continue;
    }
    const Uuid id = FeedbackIdOf(entry, hash, survey.survey_id(), external_id);
    ASSIGN_OR_RETURN(
        const bool has_record,
        get(Family::kFeedback, FeedbackKey{survey.survey_number(), id}.Encode(), &value));
    if (!has_record && entry.kind == ExternalIdEntry::Kind::kDerived) {
      continue;  // Of another text with the same start of the hash follows another id.
    }
    if (!has_record) {
      return Damaged("the index by external id names a record that is not there");
    }
    if (!is_erased && !DecodeFeedbackBody(value, body)) {
      return Damaged("the index by external id names a record that cannot be decoded");
    }
    if (is_erased || body.external_id() == external_id) {
      lookup.feedback_id = id;
      lookup.value = std::move(value);
      return lookup;
    }
  }
  return lookup;
}

}  // namespace emptychair::storage
