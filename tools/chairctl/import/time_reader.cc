#include "tools/chairctl/import/time_reader.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

constexpr absl::string_view kEpochMs = "epoch-ms";

// What a Timestamp can name.
constexpr int64_t kMillisMin = -62'135'596'800'000;
constexpr int64_t kMillisMax = 253'402'300'799'999;

absl::Status Invalid(absl::string_view field, absl::string_view text, absl::string_view wanted) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                    absl::StrCat("is ", Quoted(text), "; ", wanted));
}

absl::StatusOr<absl::Time> Checked(absl::string_view field, absl::string_view text,
                                   absl::Time time) {
  if (time == absl::UnixEpoch()) {
    return Invalid(field, text,
                   "which is what a time looks like that was never set; wanted when they answered");
  }
  const int64_t millis = absl::ToUnixMillis(time);
  if (millis < kMillisMin || millis > kMillisMax) {
    return Invalid(field, text, "wanted a time of the years 1 to 9999");
  }
  return absl::FromUnixMillis(millis);
}

// What a format is made of: the letters of its conversions, and all else.
struct FormatParts {
  std::string conversions;
  std::string literals;
};

FormatParts Split(absl::string_view format) {
  FormatParts parts;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      parts.literals.push_back(format[i]);
      continue;
    }
    ++i;
    // %Ez, %E*S, %E3f, %Od, %:z: the letter is the last.
    while (i + 1 < format.size() && format[i] == ':') {
      ++i;
    }
    const bool is_modified = format[i] == 'E' || format[i] == 'O';
    i += is_modified ? 1 : 0;
    while (is_modified && i + 1 < format.size() &&
           (format[i] == '*' || absl::ascii_isdigit(static_cast<unsigned char>(format[i])))) {
      ++i;
    }
    if (i < format.size()) {
      parts.conversions.push_back(format[i]);
    }
  }
  return parts;
}

// A format that reads a part of a time, for which another would stand in silence.
absl::Status CheckIsWhole(absl::string_view format, absl::string_view conversions) {
  const auto has = [conversions](absl::string_view letters) {
    return conversions.find_first_of(letters) != absl::string_view::npos;
  };
  if (!has("sDFcx") && !(has("yY") && has("mbBh") && has("de"))) {
    return Invalid("--time-format", format,
                   "wanted day, month and year, such as %d.%m.%Y or %m/%d/%y, or %s");
  }
  if (has("p") && !has("Ilr")) {
    return Invalid(
        "--time-format", format,
        "wanted %I, the hour of a clock of twelve hours, beside %p: %H would not heed it");
  }
  if (has("Il") && !has("pr")) {
    return Invalid("--time-format", format,
                   "wanted %p beside the hour of a clock of twelve hours, or %H");
  }
  return absl::OkStatus();
}

}  // namespace

TimeReader::TimeReader(absl::TimeZone zone, absl::string_view format)
    : zone_(zone), format_(format), is_epoch_ms_(format == kEpochMs) {
  const std::string conversions = Split(format_).conversions;
  is_instant_ = conversions.find_first_of("zs") != std::string::npos;
  has_time_of_day_ = conversions.find_first_of("HIkTRrXcS") != std::string::npos;
}

absl::StatusOr<TimeReader> TimeReader::Create(absl::TimeZone zone, absl::string_view format) {
  if (format.empty() || format == kEpochMs) {
    return TimeReader(zone, format);
  }
  const FormatParts parts = Split(format);
  const std::string literals = absl::AsciiStrToUpper(parts.literals);
  if (parts.conversions.find('Z') != std::string::npos || absl::StrContains(literals, "Z") ||
      absl::StrContains(literals, "UTC") || absl::StrContains(literals, "GMT")) {
    return Invalid("--time-format", format,
                   "a zone that is written there would not be heeded. Leave it out: an offset, Z, "
                   "UTC, GMT or GMT+1 behind the time is read without it; or use %z, and "
                   "--time-zone for times without an offset");
  }
  if (parts.conversions.empty()) {
    return Invalid("--time-format", format, "wanted epoch-ms, or a format such as %d.%m.%Y %H:%M");
  }
  RETURN_IF_ERROR(CheckIsWhole(format, parts.conversions));
  return TimeReader(zone, format);
}

absl::StatusOr<absl::Time> TimeReader::Read(absl::string_view field, absl::string_view text) const {
  const absl::string_view trimmed = WithoutBlanks(text);
  if (format_.empty()) {
    return ReadWritten(field, trimmed);
  }
  if (is_epoch_ms_) {
    int64_t millis = 0;
    if (!absl::SimpleAtoi(trimmed, &millis)) {
      return Invalid(field, text, "wanted milliseconds since 1970");
    }
    return Checked(field, text,
                   absl::FromUnixMillis(std::clamp(millis, kMillisMin - 1, kMillisMax + 1)));
  }
  return ReadByFormat(field, trimmed);
}

absl::StatusOr<absl::Time> TimeReader::ReadWritten(absl::string_view field,
                                                   absl::string_view text) const {
  ASSIGN_OR_RETURN(const WrittenTime time, ParseWrittenTime(field, WithoutBlanks(text)));
  return Checked(field, text, InZone(time, zone_));
}

bool TimeReader::ParseLocal(absl::string_view text, absl::TimeZone zone, absl::Time& time) const {
  std::string error;
  return absl::ParseTime(format_, text, zone, &time, &error) && time != absl::InfiniteFuture() &&
         time != absl::InfinitePast();
}

absl::StatusOr<absl::Time> TimeReader::ReadByFormat(absl::string_view field,
                                                    absl::string_view text) const {
  const absl::TimeZone utc = absl::UTCTimeZone();
  absl::Time time;
  if (ParseLocal(text, utc, time)) {
    if (is_instant_) {
      return Checked(field, text, time);
    }
    const absl::TimeZone::CivilInfo local = utc.At(time);
    return Checked(field, text, InZone(LocalTime{local.cs, local.subsecond}, zone_));
  }
  absl::Duration offset;
  absl::string_view rest = text;
  if (!is_instant_ && has_time_of_day_ && ConsumeOffsetSuffix(rest, offset) &&
      ParseLocal(rest, utc, time)) {
    return Checked(field, text, time - offset);
  }
  return Invalid(field, text, absl::StrCat("wanted a time of the format ", Quoted(format_)));
}

}  // namespace emptychair
