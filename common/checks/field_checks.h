// The syntax of fields that clients and server check alike. Errors are FIELD_REQUIRED for an empty
// value that must be there and FIELD_INVALID else, on the field given as a path.
#ifndef EMPTYCHAIR_COMMON_CHECKS_FIELD_CHECKS_H_
#define EMPTYCHAIR_COMMON_CHECKS_FIELD_CHECKS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace emptychair {

inline constexpr size_t kIdBytesMax = 128;
inline constexpr size_t kCommentBytesMax = size_t{16} << 10;
inline constexpr int kLabelsMax = 32;
inline constexpr int kBatchRecordsMax = 10'000;
inline constexpr size_t kBatchBytesMax = size_t{4} << 20;

// Stand for "without the label" and "past max_series" in filters; never a label's value.
inline constexpr absl::string_view kNoneValue = "(none)";
inline constexpr absl::string_view kOtherValue = "(other)";

// `[a-z][a-z0-9_-]{0,62}`: survey ids and label keys.
absl::Status CheckName(absl::string_view field, absl::string_view value);

// 1 to 128 bytes without control characters: ids of the caller's and label values.
absl::Status CheckId(absl::string_view field, absl::string_view value);

// An id that is none of the reserved label values.
absl::Status CheckLabelValue(absl::string_view field, absl::string_view value);

// At most `bytes_max` bytes.
absl::Status CheckLength(absl::string_view field, absl::string_view value, size_t bytes_max);

// Any time but 1970-01-01T00:00:00Z, which a Timestamp names that was made and not set.
absl::Status CheckNotUnset(absl::string_view field, absl::Time time);

// A value that the enum declares, as its `X_IsValid` says.
absl::Status CheckEnum(absl::string_view field, int value, bool (*is_valid)(int));

// The time of a Timestamp that is valid by its own rules (year 1 to 9999).
absl::StatusOr<absl::Time> CheckTimestamp(absl::string_view field,
                                          const google::protobuf::Timestamp& timestamp);

// When something happened, to the millisecond: after 1970 began, up to five minutes ahead of `now`,
// the server's clock. A client, which cannot know that, gives absl::InfiniteFuture().
// Errors: FIELD_INVALID for a time that was never set, TIME_OUT_OF_RANGE.
absl::Status CheckOccurTime(absl::string_view field, absl::Time time, absl::Time now);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_CHECKS_FIELD_CHECKS_H_
