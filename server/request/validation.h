// The syntax of fields that many requests share, beside those of common/checks. Errors are
// FIELD_REQUIRED for an empty value that must be there and FIELD_INVALID else, on the field given
// as a path.
#ifndef EMPTYCHAIR_SERVER_REQUEST_VALIDATION_H_
#define EMPTYCHAIR_SERVER_REQUEST_VALIDATION_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/checks/field_checks.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace emptychair {

inline constexpr int kPointsMax = 10'000;
inline constexpr int kTrailingBucketsMax = 1'000;
inline constexpr int32_t kMinSampleMax = 1'000'000;

// Groups and filters by survey; never a dimension.
inline constexpr absl::string_view kSurveyIdKey = "survey_id";

// `low` to `high`, both inclusive.
absl::Status CheckRange(absl::string_view field, int64_t value, int64_t low, int64_t high);

// The paths of an update_mask: at least one, all of `known`.
absl::Status CheckMask(absl::string_view field, const google::protobuf::FieldMask& mask,
                       absl::Span<const absl::string_view> known);

// The time of a Timestamp to look back from, which is valid by its own rules: 1970 or later.
absl::StatusOr<absl::Time> CheckAsOf(absl::string_view field,
                                     const google::protobuf::Timestamp& timestamp);

// The name of an import, which may be empty; on "import_id".
absl::Status CheckImportId(absl::string_view import_id);

// A zone that this machine's time-zone database has.
absl::Status CheckZone(absl::string_view field, const std::string& name);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_VALIDATION_H_
