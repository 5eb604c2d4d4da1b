// Steps that all changes of records share.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_RECORD_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_RECORD_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/format/changes.h"
#include "storage/read/external_ids.h"
#include "storage/read/records.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Checks `score` against the survey. Errors: SCORE_NOT_ALLOWED, SCORE_OUT_OF_RANGE.
absl::Status CheckScore(std::optional<int32_t> score, const WorkingSurvey& survey);

// The number of the combination of dimension values that `labels` have, newly given when it is new
// and the survey has room for it. Of a retired dimension that is the value in `before`, the series
// that the record has so far, if its label still says so.
uint32_t SeriesOf(const google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels,
                  uint32_t before, WorkingSurvey& survey, WorkingState& state, WriteGroup& group);

// Puts both copies of a series.
void PutSeries(const SeriesKey& key, const store::v1::StoredSeries& series, WriteGroup& group);

// Counts a record in cube and columns, or with -1 takes it out again.
void CountRecord(const FeedbackKey& key, const FeedbackHeader& header, const WorkingSurvey& survey,
                 int64_t count, WriteGroup& group);

// Takes a record, which is not erased, out of cube, indexes and counts; the caller replaces or
// deletes the record itself. With `keep_ids` its external id stays used.
void TakeOut(const FeedbackRecord& record, const WorkingSurvey& survey, bool keep_ids,
             WorkingState& state, WriteGroup& group);

// Leaves a tombstone of a record that is not erased.
void EraseRecord(const FeedbackRecord& record, const WorkingSurvey& survey, WorkingState& state,
                 WriteGroup& group);

// Takes away all of a record, which is not erased, that numbers are not made of; its external id
// stays used. One that is anonymized already stays as it is.
void AnonymizeRecord(FeedbackRecord record, const WorkingSurvey& survey, WorkingState& state,
                     WriteGroup& group);

// Finds the record that has or had the external id. Errors: STORE_DAMAGED.
absl::StatusOr<ExternalIdLookup> FindByExternalId(const WorkingSurvey& survey,
                                                  absl::string_view external_id,
                                                  const WorkingState& state,
                                                  const WriteGroup& group);

// The error for a survey that is not there any more by the time a command is applied.
absl::Status SurveyGoneError();

// The error for an erased record.
absl::Status ErasedError(const WorkingSurvey& survey, const Uuid& feedback_id);

// Takes the next number for a change, and enters it into the change log.
uint64_t TakeSequence(const ChangeLogEntry& change, WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_RECORD_H_
