// Selects records of a request: a span of time, and conditions on labels.
#ifndef EMPTYCHAIR_SERVER_REQUEST_SELECTION_H_
#define EMPTYCHAIR_SERVER_REQUEST_SELECTION_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/read/records.h"

namespace emptychair {

// `[start, end)` in whole milliseconds; absent for an edge that is open.
struct TimeSpan {
  std::optional<absl::Time> start;
  std::optional<absl::Time> end;
};

// Edges within a millisecond are rounded up; a start that was never set is refused. Errors, below
// "interval": FIELD_INVALID.
absl::StatusOr<TimeSpan> CheckInterval(const v1::TimeInterval& interval);

// The same for a bucket of an answer, which can be one that starts with 1970.
absl::StatusOr<TimeSpan> CheckBucket(const v1::TimeInterval& interval);

// Makes `range` that of the interval.
void Limit(const TimeSpan& interval, storage::RecordRange& range);

// At most 32 filters of 1 to 1,000 values. Errors, below "filters": FIELD_REQUIRED, FIELD_INVALID.
absl::Status CheckFilters(const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters);

// Returns whether the filter lists `value`; reserved names stand for none and other.
bool Lists(const v1::LabelFilter& filter, absl::string_view value);

// Returns whether the filter lets `value` through.
bool Passes(const v1::LabelFilter& filter, absl::string_view value);

// Returns whether the filter lets a record of `survey` with these labels through, which is counted
// in `series`. The filter's key is not `survey_id`. The one meaning that a slice has, wherever its
// answers are counted from: what the label says; besides, `(other)` names those that are counted
// so.
bool PassesLabels(const v1::LabelFilter& filter, const storage::SurveyView& survey, uint32_t series,
                  const store::v1::StoredFeedback& body);

// The value of the record's label, or the name reserved for none.
absl::string_view LabelOf(const store::v1::StoredFeedback& body, absl::string_view key);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_SELECTION_H_
