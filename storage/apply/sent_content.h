// Tells whether a submission is one that was stored before.
#ifndef EMPTYCHAIR_STORAGE_APPLY_SENT_CONTENT_H_
#define EMPTYCHAIR_STORAGE_APPLY_SENT_CONTENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/command.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/records.h"

namespace emptychair::storage {

// The score that the submission has, or nothing.
std::optional<int32_t> ScoreOf(const store::v1::Submission& submission);

// Whether both have the same labels, ordered by key.
bool SameLabels(const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& a,
                const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& b);

// Takes the labels out of a record's body that were not sent but filled in.
void RemoveFilledLabels(const store::v1::StoredSurvey& survey, store::v1::StoredFeedback& body);

// Computes the hash that stands for a record's content once that was amended. The text under it is
// for ever: docs/storage_format.md has it, and how a new field joins it.
IdHash HashOfContent(const KeyedHash& hash, absl::string_view customer_id,
                     std::optional<int32_t> score, const store::v1::StoredFeedback& body);

// Compares a submission with what was sent when `record`, which has one of its ids and is not
// erased, was stored. Ids and time count only where they were sent: whether they are is form. What
// staff do to a record never enters; a label that was filled in may be sent or not.
// `customer_ordinal` is that of the submission's customer; nothing for one that the store does not
// know. Returns the fields that differ, as a sentence lists them; empty: it is the same again.
std::string DifferingFields(const KeyedHash& hash, const store::v1::StoredSurvey& survey,
                            const store::v1::Submission& submission,
                            std::optional<uint32_t> customer_ordinal, const FeedbackRecord& record);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_SENT_CONTENT_H_
