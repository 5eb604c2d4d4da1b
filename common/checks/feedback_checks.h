// What of a feedback record can be judged without the survey it answers.
#ifndef EMPTYCHAIR_COMMON_CHECKS_FEEDBACK_CHECKS_H_
#define EMPTYCHAIR_COMMON_CHECKS_FEEDBACK_CHECKS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/uuid.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// The record's own id and its time, as far as the caller gave them.
struct SentIdentity {
  std::optional<Uuid> feedback_id;
  std::optional<int64_t> occur_ms;
};

// Checks ids, times and texts of a record that is to be stored, and tells its identity. `now` as
// for CheckOccurTime. Errors on fields below "feedback": FIELD_REQUIRED, FIELD_INVALID,
// ID_REQUIRED, ID_TIME_MISMATCH, TIME_OUT_OF_RANGE.
absl::StatusOr<SentIdentity> CheckIdsAndTexts(const v1::Feedback& feedback, absl::Time now);

// Checks that there are no more than `max` labels, or what has their form.
absl::Status CheckLabelCount(absl::string_view field, size_t count, int max);
// Checks one of them; an empty value may take the label away. Errors on `field` or `field["KEY"]`:
// FIELD_INVALID, FIELD_REQUIRED.
absl::Status CheckLabel(absl::string_view field, const std::string& key, const std::string& value,
                        bool takes_empty_value);

// Checks what is said of an exclusion but for its time. Errors below `prefix`: FIELD_REQUIRED,
// FIELD_INVALID.
absl::Status CheckExclusion(absl::string_view prefix, v1::ExclusionReason reason,
                            absl::string_view note);
// Checks an exclusion that comes with a record, and tells its time; nothing when it has none.
absl::StatusOr<std::optional<absl::Time>> CheckSentExclusion(const v1::Exclusion& exclusion,
                                                             absl::Time now);

// All of these. What is left for the server: the survey, its scale, what is stored, and the clock.
absl::Status CheckFeedback(const v1::Feedback& feedback, absl::Time now);

// The id written in `text`. Errors on `field`: FIELD_REQUIRED for an empty text, FIELD_INVALID for
// anything else but a UUIDv7.
absl::StatusOr<Uuid> ParseFeedbackId(absl::string_view field, absl::string_view text);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_CHECKS_FEEDBACK_CHECKS_H_
