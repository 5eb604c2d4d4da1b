#include "server/loyalty/periods.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/request/validation.h"
#include "server/statistics/calendar.h"

namespace emptychair {
namespace {

using storage::CubeUnit;
using storage::UnitSpan;

constexpr absl::CivilDay kDayZero(1970, 1, 1);
constexpr absl::CivilMonth kMonthZero(1970, 1);

Period MakePeriod(const absl::TimeZone& zone, absl::Time start, absl::Time end) {
  const DaySpan days{LocalDayOf(zone, start), LocalDayOf(zone, end)};
  return {start, end, days, CoverDays(days)};
}

absl::Status NoEdge(absl::string_view field, absl::Time edge, const KindQuery& query,
                    absl::string_view unit) {
  return FieldError(
      v1::ERROR_REASON_FIELD_INVALID, field,
      absl::StrCat("got ", absl::FormatTime(edge, query.zone), ", wanted the start of a ", unit,
                   " in the time zone ", query.kind->definition->time_zone()));
}

// The unit of the calendar that edges of the interval are edges of.
v1::Granularity EdgeUnit(const PeriodLength& length) {
  return length.rolling_days > 0 ? v1::GRANULARITY_DAY : length.granularity;
}

absl::string_view NameOf(v1::Granularity unit) {
  switch (unit) {
    case v1::GRANULARITY_DAY:
      return "day";
    case v1::GRANULARITY_WEEK:
      return "week";
    case v1::GRANULARITY_MONTH:
      return "month";
    case v1::GRANULARITY_QUARTER:
      return "quarter";
    default:
      return "year";
  }
}

absl::Status CheckEdge(absl::string_view field, const std::optional<absl::Time>& edge,
                       const KindQuery& query, const PeriodLength& length) {
  if (!edge.has_value()) {
    return absl::OkStatus();
  }
  const v1::Granularity unit = EdgeUnit(length);
  ASSIGN_OR_RETURN(const statistics::Bucket bucket,
                   statistics::UnitContaining(query.zone, unit, length.week_start, *edge));
  return bucket.start == *edge ? absl::OkStatus() : NoEdge(field, *edge, query, NameOf(unit));
}

absl::StatusOr<Periods> MakeRollingPeriods(const KindQuery& query, int32_t rolling_days,
                                           const std::optional<UnitSpan>& extent) {
  Periods periods;
  const int32_t end =
      LocalDayOf(query.zone, query.interval.end.has_value() ? *query.interval.end : query.as_of);
  int32_t start = 0;
  if (query.interval.start.has_value()) {
    start = LocalDayOf(query.zone, *query.interval.start);
  } else if (extent.has_value()) {
    // As many as have an activity.
    start =
        end - (std::max(end - extent->first, 0) + rolling_days - 1) / rolling_days * rolling_days;
  } else {
    return periods;
  }
  const int64_t count = (end - start) / rolling_days;
  if (count > kPointsMax) {
    return TooManyPeriods(count);
  }
  for (int64_t i = count; i >= 0; --i) {
    const auto first = static_cast<int32_t>(end - (i + 1) * rolling_days);
    const DaySpan days{first, first + rolling_days};
    Period period{StartOfDay(query.zone, days.first), StartOfDay(query.zone, days.end), days,
                  CoverDays(days)};
    if (i == count) {
      periods.before = std::move(period);
    } else {
      periods.all.push_back(std::move(period));
    }
  }
  return periods;
}

// The end of the unit of the calendar that the local day is in.
absl::StatusOr<statistics::Bucket> UnitOfDay(const KindQuery& query, const PeriodLength& length,
                                             int32_t local_day) {
  return statistics::UnitContaining(query.zone, length.granularity, length.week_start,
                                    StartOfDay(query.zone, local_day));
}

// The interval with its open edges filled in; nothing when there is nothing in it.
absl::StatusOr<std::optional<statistics::Bucket>> CloseInterval(
    const KindQuery& query, const PeriodLength& length, const std::optional<UnitSpan>& extent) {
  const TimeSpan& interval = query.interval;
  if ((!interval.start.has_value() || !interval.end.has_value()) && !extent.has_value()) {
    return std::nullopt;
  }
  statistics::Bucket closed;
  if (interval.start.has_value()) {
    closed.start = *interval.start;
  } else {
    ASSIGN_OR_RETURN(const statistics::Bucket first, UnitOfDay(query, length, extent->first));
    closed.start = first.start;
  }
  if (interval.end.has_value()) {
    closed.end = *interval.end;
  } else {
    ASSIGN_OR_RETURN(const statistics::Bucket last, UnitOfDay(query, length, extent->end - 1));
    ASSIGN_OR_RETURN(
        const statistics::Bucket incomplete,
        statistics::UnitContaining(query.zone, length.granularity, length.week_start, query.as_of));
    closed.end = std::min(last.end, incomplete.start);
  }
  return closed.start < closed.end ? std::make_optional(closed) : std::nullopt;
}

}  // namespace

v1::TimeInterval Period::ToApi() const {
  v1::TimeInterval interval;
  *interval.mutable_start_time() = ToTimestamp(start);
  *interval.mutable_end_time() = ToTimestamp(end);
  return interval;
}

void PeriodLength::WriteTo(v1::LoyaltyMethodInfo& info) const {
  info.set_rolling_days(rolling_days);
  if (rolling_days == 0) {
    info.set_granularity(granularity);
    info.set_week_start(week_start);
  }
}

absl::StatusOr<PeriodLength> CheckPeriodLength(v1::Granularity granularity,
                                               v1::WeekStart week_start, int32_t rolling_days) {
  RETURN_IF_ERROR(CheckEnum("granularity", granularity, v1::Granularity_IsValid));
  RETURN_IF_ERROR(CheckEnum("week_start", week_start, v1::WeekStart_IsValid));
  RETURN_IF_ERROR(CheckRange("rolling_days", rolling_days, 0, kRollingDaysMax));
  if (granularity == v1::GRANULARITY_NONE || granularity == v1::GRANULARITY_HOUR) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "granularity",
                      absl::StrCat("got ", v1::Granularity_Name(granularity),
                                   ", wanted DAY, WEEK, MONTH, QUARTER or YEAR"));
  }
  if (rolling_days > 0 && granularity != v1::GRANULARITY_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "rolling_days",
                      absl::StrCat("got ", rolling_days, ", wanted none with a granularity"));
  }
  PeriodLength length;
  length.rolling_days = rolling_days;
  if (granularity != v1::GRANULARITY_UNSPECIFIED) {
    length.granularity = granularity;
  }
  if (length.granularity == v1::GRANULARITY_WEEK) {
    length.week_start =
        week_start == v1::WEEK_START_UNSPECIFIED ? v1::WEEK_START_MONDAY : week_start;
  }
  return length;
}

absl::Status CheckPeriodEdges(const KindQuery& query, const PeriodLength& length) {
  RETURN_IF_ERROR(CheckEdge("interval.start_time", query.interval.start, query, length));
  return CheckEdge("interval.end_time", query.interval.end, query, length);
}

UnitSpan Periods::Months() const {
  const Period& first = before.has_value() ? *before : all.front();
  return MonthsOf({first.days.first, all.back().days.end});
}

absl::StatusOr<Periods> MakePeriods(const KindQuery& query, const PeriodLength& length,
                                    const std::optional<UnitSpan>& extent) {
  if (length.rolling_days > 0) {
    return MakeRollingPeriods(query, length.rolling_days, extent);
  }
  Periods periods;
  ASSIGN_OR_RETURN(const std::optional<statistics::Bucket> interval,
                   CloseInterval(query, length, extent));
  if (!interval.has_value()) {
    return periods;
  }
  ASSIGN_OR_RETURN(const std::vector<statistics::Bucket> buckets,
                   statistics::MakeBuckets(query.zone, length.granularity, length.week_start,
                                           interval->start, interval->end,
                                           /*lookback_buckets=*/1, kPointsMax));
  periods.before = MakePeriod(query.zone, buckets.front().start, buckets.front().end);
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].end > query.as_of) {
      periods.is_cut_off = true;
      break;
    }
    periods.all.push_back(MakePeriod(query.zone, buckets[i].start, buckets[i].end));
  }
  return periods;
}

absl::StatusOr<storage::CustomerSetRow> ReadSet(storage::CustomerSetCursor& rows,
                                                storage::CustomerSet set, const Period& period,
                                                uint16_t chunk) {
  storage::CustomerSetRow members;
  for (const UnitSpan& part : period.parts) {
    RETURN_IF_ERROR(rows.Add(set, part, chunk, members));
  }
  return members;
}

absl::Status TooManyPeriods(int64_t points) {
  const std::string got = absl::StrCat(points);
  const std::string limit = absl::StrCat(kPointsMax);
  return Error(v1::ERROR_REASON_TOO_MANY_POINTS,
               absl::StrCat("interval: the answer would have ", got, " points, wanted at most ",
                            limit, "; ask for longer periods or a shorter interval"),
               {{"points", got}, {"limit", limit}});
}

std::vector<UnitSpan> CoverDays(const DaySpan& days) {
  std::vector<UnitSpan> parts;
  const auto add = [&](CubeUnit unit, int64_t first, int64_t end) {
    if (first < end) {
      parts.push_back({unit, static_cast<int32_t>(first), static_cast<int32_t>(end)});
    }
  };
  // The first month that begins in the days, and the one that they end in or before.
  const absl::CivilMonth first(kDayZero + days.first - 1);
  const int64_t first_month = first + 1 - kMonthZero;
  const int64_t end_month = absl::CivilMonth(kDayZero + days.end) - kMonthZero;
  if (first_month >= end_month) {
    add(CubeUnit::kDay, days.first, days.end);
    return parts;
  }
  add(CubeUnit::kDay, days.first, absl::CivilDay(kMonthZero + first_month) - kDayZero);
  add(CubeUnit::kMonth, first_month, end_month);
  add(CubeUnit::kDay, absl::CivilDay(kMonthZero + end_month) - kDayZero, days.end);
  return parts;
}

UnitSpan MonthsOf(const DaySpan& days) {
  const absl::CivilMonth first(kDayZero + days.first);
  const absl::CivilMonth last(kDayZero + (days.end - 1));
  return {CubeUnit::kMonth, static_cast<int32_t>(first - kMonthZero),
          static_cast<int32_t>(last + 1 - kMonthZero)};
}

}  // namespace emptychair
