#include "server/statistics/calendar.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"

namespace emptychair::statistics {
namespace {

// No zone has skipped more than one date since 1970.
constexpr int64_t kSkippedDatesMax = 1;

constexpr absl::CivilDay kEpochMonday(1970, 1, 5);
constexpr absl::CivilDay kEpochSunday(1970, 1, 4);
constexpr absl::CivilMonth kEpochMonth(1970, 1);

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The units of one granularity, numbered in the order of time.
class Units {
 public:
  // `granularity` is not NONE.
  static absl::StatusOr<Units> Of(const absl::TimeZone& zone, v1::Granularity granularity,
                                  v1::WeekStart week_start) {
    switch (granularity) {
      case v1::GRANULARITY_HOUR:
        return Units(zone, Base::kHour, 1, {});
      case v1::GRANULARITY_DAY:
        return Units(zone, Base::kDay, 1, kEpochMonday);
      case v1::GRANULARITY_WEEK:
        switch (week_start) {
          case v1::WEEK_START_UNSPECIFIED:
          case v1::WEEK_START_MONDAY:
            return Units(zone, Base::kDay, 7, kEpochMonday);
          case v1::WEEK_START_SUNDAY:
            return Units(zone, Base::kDay, 7, kEpochSunday);
          default:
            return FieldError(v1::ERROR_REASON_FIELD_INVALID, "week_start",
                              absl::StrCat("got ", static_cast<int>(week_start),
                                           "; it must be MONDAY or SUNDAY"));
        }
      case v1::GRANULARITY_MONTH:
        return Units(zone, Base::kMonth, 1, {});
      case v1::GRANULARITY_QUARTER:
        return Units(zone, Base::kMonth, 3, {});
      case v1::GRANULARITY_YEAR:
        return Units(zone, Base::kMonth, 12, {});
      default:
        return FieldError(v1::ERROR_REASON_FIELD_INVALID, "granularity",
                          absl::StrCat("got ", static_cast<int>(granularity),
                                       "; it must be NONE, HOUR, DAY, WEEK, MONTH, QUARTER or "
                                       "YEAR"));
    }
  }

  // A unit of no time, such as a skipped date, starts where the next one does.
  absl::Time StartOf(int64_t unit) const {
    switch (base_) {
      case Base::kHour:
        return absl::FromUnixSeconds(unit * 3600);
      case Base::kDay:
        return FirstInstantOf(zone_, origin_ + unit * length_);
      case Base::kMonth:
        return FirstInstantOf(zone_, absl::CivilDay(kEpochMonth + unit * length_));
    }
    return absl::InfinitePast();
  }

  int64_t Containing(absl::Time time) const {
    if (base_ == Base::kHour) {
      return FloorDiv(absl::ToUnixSeconds(time), 3600);
    }
    const absl::CivilSecond civil = zone_.At(time).cs;
    const int64_t unit = FloorDiv(base_ == Base::kDay ? absl::CivilDay(civil) - origin_
                                                      : absl::CivilMonth(civil) - kEpochMonth,
                                  length_);
    // Where a clock is put back across midnight, the end of the old date comes again when the new
    // one has already begun.
    return StartOf(unit + 1) <= time ? unit + 1 : unit;
  }

 private:
  enum class Base { kHour, kDay, kMonth };

  Units(const absl::TimeZone& zone, Base base, int64_t length, absl::CivilDay origin)
      : zone_(zone), base_(base), length_(length), origin_(origin) {}

  absl::TimeZone zone_;
  Base base_;
  int64_t length_;  // of a unit, in days or months
  absl::CivilDay origin_;
};

// The unit that is `lookback` units before `unit`, not counting those of no time.
int64_t LookBack(const Units& units, int64_t unit, int lookback) {
  absl::Time next = units.StartOf(unit);
  while (lookback > 0) {
    --unit;
    const absl::Time start = units.StartOf(unit);
    lookback -= start < next ? 1 : 0;
    next = start;
  }
  return unit;
}

absl::Status TooManyPoints(int64_t points, size_t buckets_max) {
  const std::string got = absl::StrCat(points);
  const std::string limit = absl::StrCat(buckets_max);
  return Error(v1::ERROR_REASON_TOO_MANY_POINTS,
               absl::StrCat("interval: got ", got, " buckets at this granularity; at most ", limit,
                            " are allowed, so ask for a shorter interval or longer buckets"),
               {{"points", got}, {"limit", limit}});
}

}  // namespace

absl::StatusOr<Bucket> UnitContaining(const absl::TimeZone& zone, v1::Granularity granularity,
                                      v1::WeekStart week_start, absl::Time time) {
  ASSIGN_OR_RETURN(const Units units, Units::Of(zone, granularity, week_start));
  const int64_t unit = units.Containing(time);
  return Bucket{units.StartOf(unit), units.StartOf(unit + 1)};
}

absl::StatusOr<std::vector<Bucket>> MakeBuckets(const absl::TimeZone& zone,
                                                v1::Granularity granularity,
                                                v1::WeekStart week_start, absl::Time start,
                                                absl::Time end, int lookback_buckets,
                                                size_t buckets_max) {
  assert(start <= end && lookback_buckets >= 0);
  if (granularity == v1::GRANULARITY_NONE || granularity == v1::GRANULARITY_UNSPECIFIED) {
    return std::vector<Bucket>{{start, end}};
  }
  assert(start != absl::InfinitePast() && end != absl::InfiniteFuture());
  ASSIGN_OR_RETURN(const Units units, Units::Of(zone, granularity, week_start));
  std::vector<Bucket> buckets;
  if (start == end) {
    return buckets;
  }

  const int64_t first = units.Containing(start);
  const int64_t last = units.Containing(end);
  const int64_t units_max = static_cast<int64_t>(buckets_max);
  const int64_t points = last - first + (units.StartOf(last) < end ? 1 : 0);
  if (points > units_max + kSkippedDatesMax) {
    return TooManyPoints(points, buckets_max);
  }
  buckets.reserve(points + lookback_buckets);
  int64_t unit = LookBack(units, first, lookback_buckets);
  absl::Time unit_start = units.StartOf(unit);
  if (lookback_buckets == 0) {
    unit_start = std::max(unit_start, start);
  }
  while (unit_start < end) {
    const absl::Time next = units.StartOf(++unit);
    if (unit_start < next) {
      buckets.push_back({unit_start, std::min(next, end)});
    }
    unit_start = next;
  }
  if (buckets.size() - lookback_buckets > buckets_max) {
    return TooManyPoints(points, buckets_max);
  }
  return buckets;
}

}  // namespace emptychair::statistics
