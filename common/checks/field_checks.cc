#include "common/checks/field_checks.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"

namespace emptychair {
namespace {

constexpr size_t kNameBytesMax = 63;
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, as timestamp.proto says.
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;

constexpr absl::Duration kAheadMax = absl::Minutes(5);

absl::Status Required(absl::string_view field) {
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, "must be given");
}

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

bool IsNameByte(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

// C0 and C1 controls and DEL, in UTF-8.
bool HasControlCharacter(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) {
      return true;
    }
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xa0) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::Status CheckName(absl::string_view field, absl::string_view value) {
  if (value.empty()) {
    return Required(field);
  }
  bool valid = value.size() <= kNameBytesMax &&
               absl::ascii_islower(static_cast<unsigned char>(value.front()));
  for (char c : value) {
    valid = valid && IsNameByte(c);
  }
  if (!valid) {
    return Invalid(field, absl::StrCat("got ", Quoted(value),
                                       ", wanted a lower-case letter and up to 62 more of a-z, "
                                       "0-9, _ and -"));
  }
  return absl::OkStatus();
}

absl::Status CheckId(absl::string_view field, absl::string_view value) {
  if (value.empty()) {
    return Required(field);
  }
  if (value.size() > kIdBytesMax) {
    return Invalid(field, absl::StrCat("got ", value.size(), " bytes, wanted 1 to ", kIdBytesMax));
  }
  if (HasControlCharacter(value)) {
    return Invalid(field, "got a control character, wanted text without any");
  }
  return absl::OkStatus();
}

absl::Status CheckLabelValue(absl::string_view field, absl::string_view value) {
  RETURN_IF_ERROR(CheckId(field, value));
  if (value == kNoneValue || value == kOtherValue) {
    return Invalid(field, absl::StrCat("got \"", value, "\", which is reserved"));
  }
  return absl::OkStatus();
}

absl::Status CheckLength(absl::string_view field, absl::string_view value, size_t bytes_max) {
  if (value.size() > bytes_max) {
    return Invalid(field, absl::StrCat("got ", value.size(), " bytes, wanted at most ", bytes_max));
  }
  return absl::OkStatus();
}

absl::Status CheckNotUnset(absl::string_view field, absl::Time time) {
  if (time == absl::UnixEpoch()) {
    return Invalid(field,
                   "got exactly 1970-01-01T00:00:00Z, which is what a Timestamp that was never set "
                   "says; wanted the time meant, or the field left out");
  }
  return absl::OkStatus();
}

absl::Status CheckEnum(absl::string_view field, int value, bool (*is_valid)(int)) {
  if (!is_valid(value)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got ", value, ", which has no meaning"));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> CheckTimestamp(absl::string_view field,
                                          const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() < kTimestampSecondsMin || timestamp.seconds() > kTimestampSecondsMax ||
      timestamp.nanos() < 0 || timestamp.nanos() > 999'999'999) {
    return Invalid(field, absl::StrCat("got ", timestamp.seconds(), " seconds and ",
                                       timestamp.nanos(), " nanos, wanted a valid Timestamp"));
  }
  return FromTimestamp(timestamp);
}

absl::Status CheckOccurTime(absl::string_view field, absl::Time time, absl::Time now) {
  // To the millisecond, as it is stored.
  RETURN_IF_ERROR(CheckNotUnset(field, absl::FromUnixMillis(absl::ToUnixMillis(time))));
  if (time < absl::UnixEpoch() || time > now + kAheadMax) {
    return FieldError(v1::ERROR_REASON_TIME_OUT_OF_RANGE, field,
                      absl::StrCat("got ", absl::FormatTime(time, absl::UTCTimeZone()),
                                   ", wanted a time after 1970 began",
                                   now == absl::InfiniteFuture()
                                       ? ""
                                       : absl::StrCat(", up to five minutes ahead of ",
                                                      absl::FormatTime(now, absl::UTCTimeZone()))));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
