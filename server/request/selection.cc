#include "server/request/selection.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr int kFiltersMax = 32;
constexpr int kFilterValuesMax = 1'000;

// The last millisecond that a Timestamp can name.
constexpr absl::Time kLastTime = absl::FromUnixMillis(253'402'300'799'999);

// Answers are stored by the millisecond, so an edge within one counts from the next.
absl::StatusOr<absl::Time> CheckEdge(absl::string_view field,
                                     const google::protobuf::Timestamp& timestamp) {
  ASSIGN_OR_RETURN(const absl::Time time, CheckTimestamp(field, timestamp));
  const absl::Time floor = absl::FromUnixMillis(absl::ToUnixMillis(time));
  return floor == time ? floor : std::min(floor + absl::Milliseconds(1), kLastTime);
}

absl::Status CheckFilterValue(absl::string_view field, absl::string_view value) {
  return value == kNoneValue || value == kOtherValue ? absl::OkStatus() : CheckId(field, value);
}

absl::Status CheckFilter(const std::string& field, const v1::LabelFilter& filter) {
  RETURN_IF_ERROR(CheckName(absl::StrCat(field, ".key"), filter.key()));
  const std::string values_field = absl::StrCat(field, ".values");
  if (filter.values().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, values_field, "must be given");
  }
  if (filter.values_size() > kFilterValuesMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, values_field,
        absl::StrCat("got ", filter.values_size(), " values, wanted 1 to ", kFilterValuesMax));
  }
  for (int i = 0; i < filter.values_size(); ++i) {
    RETURN_IF_ERROR(CheckFilterValue(absl::StrCat(values_field, "[", i, "]"), filter.values(i)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TimeSpan> CheckInterval(const v1::TimeInterval& interval) {
  ASSIGN_OR_RETURN(const TimeSpan span, CheckBucket(interval));
  if (span.start.has_value()) {
    RETURN_IF_ERROR(CheckNotUnset("interval.start_time", *span.start));
  }
  return span;
}

absl::StatusOr<TimeSpan> CheckBucket(const v1::TimeInterval& interval) {
  TimeSpan span;
  if (interval.has_start_time()) {
    ASSIGN_OR_RETURN(span.start, CheckEdge("interval.start_time", interval.start_time()));
  }
  if (interval.has_end_time()) {
    ASSIGN_OR_RETURN(span.end, CheckEdge("interval.end_time", interval.end_time()));
  }
  if (span.start.has_value() && span.end.has_value() && *span.end <= *span.start) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "interval.end_time",
                      absl::StrCat("got ", absl::FormatTime(*span.end, absl::UTCTimeZone()),
                                   ", wanted a time after interval.start_time"));
  }
  return span;
}

void Limit(const TimeSpan& interval, storage::RecordRange& range) {
  if (interval.start.has_value()) {
    range.start_ms = absl::ToUnixMillis(*interval.start);
  }
  if (interval.end.has_value()) {
    range.end_ms = absl::ToUnixMillis(*interval.end);
  }
}

absl::Status CheckFilters(const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters) {
  if (filters.size() > kFiltersMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "filters",
        absl::StrCat("got ", filters.size(), " filters, wanted at most ", kFiltersMax));
  }
  for (int i = 0; i < filters.size(); ++i) {
    RETURN_IF_ERROR(CheckFilter(absl::StrCat("filters[", i, "]"), filters[i]));
  }
  return absl::OkStatus();
}

bool Lists(const v1::LabelFilter& filter, absl::string_view value) {
  return std::find(filter.values().begin(), filter.values().end(), value) != filter.values().end();
}

bool Passes(const v1::LabelFilter& filter, absl::string_view value) {
  return Lists(filter, value) != filter.negate();
}

bool PassesLabels(const v1::LabelFilter& filter, const storage::SurveyView& survey, uint32_t series,
                  const store::v1::StoredFeedback& body) {
  const bool is_other =
      series == storage::kOtherSeries && survey.DimensionOf(filter.key()).has_value();
  const bool is_listed =
      Lists(filter, LabelOf(body, filter.key())) || (is_other && Lists(filter, kOtherValue));
  return is_listed != filter.negate();
}

absl::string_view LabelOf(const store::v1::StoredFeedback& body, absl::string_view key) {
  for (const store::v1::StoredLabel& label : body.labels()) {
    if (label.key() == key) {
      return label.value();
    }
  }
  return kNoneValue;
}

}  // namespace emptychair
