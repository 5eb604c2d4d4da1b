#include "tools/chairctl/base/written_time.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

// The part of a time after its date.
struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
  absl::Duration subsecond;
  std::optional<absl::Duration> offset;
};

bool ConsumeChar(absl::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

// Two digits at the front of `text`, at most `max`.
bool ConsumeTwoDigits(absl::string_view& text, int max, int& number) {
  const std::optional<int> read = ParseDigits(text.substr(0, 2), 2);
  if (!read.has_value() || *read > max) {
    return false;
  }
  text.remove_prefix(2);
  number = *read;
  return true;
}

// The digits of a fraction; those past nanoseconds are dropped.
bool ConsumeFraction(absl::string_view& text, absl::Duration& fraction) {
  size_t count = 0;
  int64_t nanos = 0;
  for (; count < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[count]));
       ++count) {
    if (count < 9) {
      nanos = 10 * nanos + (text[count] - '0');
    }
  }
  for (size_t i = count; i < 9; ++i) {
    nanos *= 10;
  }
  text.remove_prefix(count);
  fraction = absl::Nanoseconds(nanos);
  return count > 0;
}

void AppendDigits(int number, int digits, std::string& out) {
  const size_t end = out.size() + static_cast<size_t>(digits);
  out.resize(end);
  for (size_t i = 1; i <= static_cast<size_t>(digits); ++i, number /= 10) {
    out[end - i] = static_cast<char>('0' + number % 10);
  }
}

// The hours and minutes of an offset behind its sign: `05:30`, `0530`, `05`, and after a name `5`
// and `5:30` as well.
bool ConsumeHoursAndMinutes(absl::string_view& text, bool has_name, absl::Duration& offset) {
  int hours = 0;
  int minutes = 0;
  if (!ConsumeTwoDigits(text, 23, hours)) {
    const std::optional<int> digit = ParseDigits(text.substr(0, 1), 1);
    if (!has_name || !digit.has_value()) {
      return false;
    }
    hours = *digit;
    text.remove_prefix(1);
  }
  const bool has_colon = ConsumeChar(text, ':');
  if ((has_colon || !text.empty()) && !ConsumeTwoDigits(text, 59, minutes)) {
    return false;
  }
  offset = absl::Hours(hours) + absl::Minutes(minutes);
  return true;
}

// `text` as a whole: `Z`, `UTC`, `GMT`, `+01:00`, `+0100`, `+01`, `GMT+1`, `UTC-05:30`, in any
// case.
bool ParseOffset(absl::string_view text, absl::Duration& offset) {
  offset = absl::ZeroDuration();
  const bool has_name =
      absl::StartsWithIgnoreCase(text, "UTC") || absl::StartsWithIgnoreCase(text, "GMT");
  if (has_name) {
    text.remove_prefix(3);
  }
  if (text.empty() || absl::EqualsIgnoreCase(text, "Z")) {
    return has_name == text.empty();
  }
  const bool west = ConsumeChar(text, '-');
  if ((!west && !ConsumeChar(text, '+')) || !ConsumeHoursAndMinutes(text, has_name, offset) ||
      !text.empty()) {
    return false;
  }
  offset = west ? -offset : offset;
  return true;
}

std::optional<TimeOfDay> ParseTimeOfDay(absl::string_view text) {
  TimeOfDay time;
  if (!ConsumeTwoDigits(text, 23, time.hour) || !ConsumeChar(text, ':') ||
      !ConsumeTwoDigits(text, 59, time.minute)) {
    return std::nullopt;
  }
  if (ConsumeChar(text, ':')) {
    if (!ConsumeTwoDigits(text, 59, time.second) ||
        (ConsumeChar(text, '.') && !ConsumeFraction(text, time.subsecond))) {
      return std::nullopt;
    }
  }
  if (!text.empty()) {
    absl::Duration offset;
    ConsumeChar(text, ' ');
    if (!ParseOffset(text, offset)) {
      return std::nullopt;
    }
    time.offset = offset;
  }
  return time;
}

std::optional<WrittenTime> Parse(absl::string_view text) {
  constexpr size_t kDaySize = 10;
  const std::optional<absl::CivilDay> day = ParseDay(text.substr(0, kDaySize));
  if (!day.has_value()) {
    return std::nullopt;
  }
  if (text.size() == kDaySize) {
    return *day;
  }
  const char separator = text[kDaySize];
  if (separator != ' ' && separator != 'T' && separator != 't') {
    return std::nullopt;
  }
  const std::optional<TimeOfDay> time = ParseTimeOfDay(text.substr(kDaySize + 1));
  if (!time.has_value()) {
    return std::nullopt;
  }
  const absl::CivilSecond second(day->year(), day->month(), day->day(), time->hour, time->minute,
                                 time->second);
  if (!time->offset.has_value()) {
    return LocalTime{second, time->subsecond};
  }
  return absl::FromCivil(second, absl::UTCTimeZone()) + time->subsecond - *time->offset;
}

}  // namespace

bool ConsumeOffsetSuffix(absl::string_view& text, absl::Duration& offset) {
  constexpr size_t kOffsetBytesMax = 9;  // UTC+05:30
  for (size_t size = std::min(text.size(), kOffsetBytesMax); size > 0; --size) {
    if (ParseOffset(text.substr(text.size() - size), offset)) {
      text = absl::StripTrailingAsciiWhitespace(text.substr(0, text.size() - size));
      return true;
    }
  }
  return false;
}

std::optional<int> ParseDigits(absl::string_view text, size_t digits) {
  if (text.size() != digits) {
    return std::nullopt;
  }
  int number = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    number = 10 * number + (c - '0');
  }
  return number;
}

std::optional<absl::CivilDay> ParseDay(absl::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const std::optional<int> year = ParseDigits(text.substr(0, 4), 4);
  const std::optional<int> month = ParseDigits(text.substr(5, 2), 2);
  const std::optional<int> day = ParseDigits(text.substr(8, 2), 2);
  if (!year.has_value() || !month.has_value() || !day.has_value()) {
    return std::nullopt;
  }
  // CivilDay turns February 30 into March 1; such a day is not accepted.
  const absl::CivilDay read(*year, *month, *day);
  if (read.month() != *month || read.day() != *day) {
    return std::nullopt;
  }
  return read;
}

absl::StatusOr<WrittenTime> ParseWrittenTime(absl::string_view field, absl::string_view text) {
  std::optional<WrittenTime> time = Parse(absl::StripAsciiWhitespace(text));
  if (!time.has_value()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("is ", Quoted(text),
                                   "; wanted a time, YYYY-MM-DD[ HH:MM[:SS[.fff]]] or RFC 3339"));
  }
  return *time;
}

bool NeedsZone(const WrittenTime& time) { return !std::holds_alternative<absl::Time>(time); }

absl::Time InZone(const WrittenTime& time, absl::TimeZone zone) {
  if (const auto* instant = std::get_if<absl::Time>(&time)) {
    return *instant;
  }
  if (const auto* day = std::get_if<absl::CivilDay>(&time)) {
    return FirstInstantOf(zone, *day);
  }
  const LocalTime& local = std::get<LocalTime>(time);
  const absl::TimeZone::TimeInfo info = zone.At(local.second);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre + local.subsecond;
}

absl::StatusOr<absl::TimeZone> FindZone(absl::string_view name) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "time_zone",
                      absl::StrCat("is ", Quoted(name), ", which this machine's time-zone ",
                                   "database does not have; is tzdata installed?"));
  }
  return zone;
}

absl::TimeZone ZoneOrUtc(const std::string& name) {
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::LoadTimeZone(name, &zone);  // Leaves it at UTC when it fails.
  return zone;
}

std::string FormatInstant(absl::Time time, absl::TimeZone zone) {
  return zone == absl::UTCTimeZone() ? absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", time, zone)
                                     : absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*S%Ez", time, zone);
}

std::string TimestampText(bool present, const google::protobuf::Timestamp& timestamp) {
  return present ? absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", FromTimestamp(timestamp),
                                    absl::UTCTimeZone())
                 : "";
}

std::string LocalTimeText(bool present, const google::protobuf::Timestamp& timestamp,
                          absl::TimeZone zone) {
  return present ? FormatInstant(FromTimestamp(timestamp), zone) : std::string(kAbsent);
}

void AppendTimestampText(const google::protobuf::Timestamp& timestamp, std::string& out) {
  const absl::CivilSecond second = absl::CivilSecond(1970) + timestamp.seconds();
  AppendDigits(static_cast<int>(second.year()), 4, out);
  out += '-';
  AppendDigits(second.month(), 2, out);
  out += '-';
  AppendDigits(second.day(), 2, out);
  out += 'T';
  AppendDigits(second.hour(), 2, out);
  out += ':';
  AppendDigits(second.minute(), 2, out);
  out += ':';
  AppendDigits(second.second(), 2, out);
  out += '.';
  AppendDigits(timestamp.nanos() / 1'000'000, 3, out);
  out += 'Z';
}

void AppendTimestampText(const google::protobuf::Timestamp& timestamp, absl::TimeZone zone,
                         std::string& out) {
  if (zone == absl::UTCTimeZone()) {
    AppendTimestampText(timestamp, out);
  } else {
    out += absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3S%Ez", FromTimestamp(timestamp), zone);
  }
}

}  // namespace emptychair
