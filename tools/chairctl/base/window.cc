#include "tools/chairctl/base/window.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr absl::string_view kUnitsWanted = "2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31";

// A calendar unit by its first day and the first day after it.
struct DaySpan {
  absl::CivilDay first;
  absl::CivilDay end;
};

// The first day of the week with `day`.
absl::CivilDay WeekStartOf(absl::CivilDay day, absl::Weekday first) {
  return absl::PrevWeekday(day + 1, first);
}

absl::CivilDay MondayOf(absl::CivilDay day) { return WeekStartOf(day, absl::Weekday::monday); }

std::optional<DaySpan> ParseWeek(int year, int week) {
  // Week 1 is the one with January 4; December 28 lies in a year's last.
  const absl::CivilDay first_monday = MondayOf(absl::CivilDay(year, 1, 4));
  const absl::CivilDay last_monday = MondayOf(absl::CivilDay(year, 12, 28));
  const absl::CivilDay monday = first_monday + 7 * (week - 1);
  if (week < 1 || monday > last_monday) {
    return std::nullopt;
  }
  return DaySpan{monday, monday + 7};
}

std::optional<DaySpan> ParseUnit(absl::string_view text) {
  const std::optional<int> year = ParseDigits(text.substr(0, 4), 4);
  if (!year.has_value()) {
    return std::nullopt;
  }
  if (text.size() == 4) {
    return DaySpan{absl::CivilDay(*year), absl::CivilDay(*year + 1)};
  }
  if (const std::optional<absl::CivilDay> day = ParseDay(text)) {
    return DaySpan{*day, *day + 1};
  }
  if (text[4] != '-') {
    return std::nullopt;
  }
  const absl::string_view rest = text.substr(5);
  if (rest.size() == 2 && rest[0] == 'Q' && rest[1] >= '1' && rest[1] <= '4') {
    const absl::CivilMonth first(*year, 1 + 3 * (rest[1] - '1'));
    return DaySpan{absl::CivilDay(first), absl::CivilDay(first + 3)};
  }
  if (rest.size() == 3 && rest[0] == 'W') {
    const std::optional<int> week = ParseDigits(rest.substr(1), 2);
    return week.has_value() ? ParseWeek(*year, *week) : std::nullopt;
  }
  const std::optional<int> month = ParseDigits(rest, 2);
  if (!month.has_value() || *month < 1 || *month > 12) {
    return std::nullopt;
  }
  const absl::CivilMonth first(*year, *month);
  return DaySpan{absl::CivilDay(first), absl::CivilDay(first + 1)};
}

absl::Status Invalid(absl::string_view flag, absl::string_view text, absl::string_view wanted) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                    absl::StrCat("is ", Quoted(text), "; wanted ", wanted));
}

// The first day of the calendar unit that lies `units` after that of `today`.
absl::CivilDay UnitStart(absl::CivilDay today, char unit, absl::Weekday week_start, int units) {
  switch (unit) {
    case 'd':
      return today + units;
    case 'w':
      return WeekStartOf(today, week_start) + 7 * units;
    case 'm':
      return absl::CivilDay(absl::CivilMonth(today) + units);
    case 'q':
      return absl::CivilDay(absl::CivilMonth(today.year(), 3 * ((today.month() - 1) / 3) + 1) +
                            3 * units);
    default:
      return absl::CivilDay(absl::CivilYear(today) + units);
  }
}

absl::Status CheckOneWay(const WindowFlags& flags) {
  const bool edges = flags.from.has_value() || flags.to.has_value();
  if (flags.window.has_value() + flags.last.has_value() + edges > 1) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID,
                      flags.window.has_value() ? flags.window_flag : "--last",
                      "comes with another window; wanted one of --window, --last, or --from and "
                      "--to");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WrittenTime> ParseUnitOrTime(absl::string_view flag, absl::string_view text) {
  if (const std::optional<DaySpan> unit = ParseUnit(text)) {
    return unit->first;
  }
  absl::StatusOr<WrittenTime> time = ParseWrittenTime(flag, text);
  if (!time.ok()) {
    return Invalid(flag, text,
                   absl::StrCat("one of ", kUnitsWanted,
                                " or a time, YYYY-MM-DD HH:MM[:SS[.fff]] or RFC 3339"));
  }
  return time;
}

absl::StatusOr<Window::Last> Window::ParseLast(absl::string_view text, absl::Weekday week_start) {
  constexpr int kCountMax = 10'000;
  Last last{0, text.empty() ? '\0' : text.back(), week_start};
  // Digits alone: a sign is not a number of units.
  const absl::string_view count = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const std::optional<int> read =
      count.size() <= 5 ? ParseDigits(count, count.size()) : std::nullopt;
  if (absl::string_view("dwmqy").find(last.unit) == absl::string_view::npos || !read.has_value() ||
      *read < 1 || *read > kCountMax) {
    return Invalid("--last", text, absl::StrCat("1 to ", kCountMax, " and one of d, w, m, q, y"));
  }
  last.count = *read;
  return last;
}

absl::StatusOr<Window> Window::Parse(const WindowFlags& flags) {
  RETURN_IF_ERROR(CheckOneWay(flags));
  Window window;
  if (flags.last.has_value()) {
    ASSIGN_OR_RETURN(window.last_, ParseLast(*flags.last, flags.week_start));
    return window;
  }
  if (flags.from.has_value()) {
    ASSIGN_OR_RETURN(window.start_, ParseUnitOrTime("--from", *flags.from));
  }
  if (flags.to.has_value()) {
    ASSIGN_OR_RETURN(window.end_, ParseUnitOrTime(flags.to_flag, *flags.to));
  }
  if (flags.window.has_value()) {
    const absl::string_view text = *flags.window;
    if (const size_t dots = text.find(".."); dots != absl::string_view::npos) {
      ASSIGN_OR_RETURN(window.start_, ParseUnitOrTime(flags.window_flag, text.substr(0, dots)));
      ASSIGN_OR_RETURN(window.end_, ParseUnitOrTime(flags.window_flag, text.substr(dots + 2)));
    } else if (const std::optional<DaySpan> unit = ParseUnit(text)) {
      window.start_ = unit->first;
      window.end_ = unit->end;
    } else {
      return Invalid(flags.window_flag, text, absl::StrCat("one of ", kUnitsWanted, " or A..B"));
    }
  }
  // Where both edges are of one sort, their order is the same in every zone.
  if (window.start_.has_value() && window.end_.has_value() &&
      NeedsZone(*window.start_) == NeedsZone(*window.end_)) {
    RETURN_IF_ERROR(window.Resolve(absl::UTCTimeZone(), absl::UnixEpoch()).status());
  }
  return window;
}

bool Window::needs_zone() const {
  return last_.has_value() || (start_.has_value() && NeedsZone(*start_)) ||
         (end_.has_value() && NeedsZone(*end_));
}

absl::StatusOr<Interval> Window::Resolve(absl::TimeZone zone, absl::Time now) const {
  if (last_.has_value()) {
    const absl::CivilDay today = absl::ToCivilDay(now, zone);
    return Interval{
        FirstInstantOf(zone, UnitStart(today, last_->unit, last_->week_start, 1 - last_->count)),
        FirstInstantOf(zone, UnitStart(today, last_->unit, last_->week_start, 1))};
  }
  Interval interval;
  if (start_.has_value()) {
    interval.start = InZone(*start_, zone);
  }
  if (end_.has_value()) {
    interval.end = InZone(*end_, zone);
  }
  if (interval.start.has_value() && interval.end.has_value() && *interval.end <= *interval.start) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "window",
        absl::StrCat("goes from ", FormatInstant(*interval.start, zone), " to ",
                     FormatInstant(*interval.end, zone), "; wanted an end after the start"));
  }
  return interval;
}

}  // namespace emptychair
