// The periods of a question about an activity kind.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_PERIODS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_PERIODS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/calendar.pb.h"
#include "emptychair/v1/loyalty_metrics.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "server/loyalty/kind_query.h"
#include "storage/format/customer_set.h"
#include "storage/read/customer_sets.h"

namespace emptychair {

inline constexpr int32_t kRollingDaysMax = 1'000;

// A period: whole local days, those of `[start, end)`, and the rows that they are made of.
struct Period {
  absl::Time start;
  absl::Time end;
  DaySpan days;
  // Months inside, days at their edges.
  std::vector<storage::UnitSpan> parts;

  v1::TimeInterval ToApi() const;
};

// The length of periods: a unit of the calendar, or so many days.
struct PeriodLength {
  v1::Granularity granularity = v1::GRANULARITY_MONTH;
  v1::WeekStart week_start = v1::WEEK_START_UNSPECIFIED;
  int32_t rolling_days = 0;  // 0: the unit.

  void WriteTo(v1::LoyaltyMethodInfo& info) const;
};

// Checks the length and fills in its defaults. Errors, on "granularity", "week_start" and
// "rolling_days": FIELD_INVALID.
absl::StatusOr<PeriodLength> CheckPeriodLength(v1::Granularity granularity,
                                               v1::WeekStart week_start, int32_t rolling_days);

// FIELD_INVALID on an edge of the query's interval that is no edge of a period, or with days no
// edge of a local day.
absl::Status CheckPeriodEdges(const KindQuery& query, const PeriodLength& length);

// The periods of the interval that have ended by `as_of`, ascending, without gaps.
struct Periods {
  // The one in front of the first.
  std::optional<Period> before;
  std::vector<Period> all;
  // The interval goes on behind the last of them.
  bool is_cut_off = false;

  bool empty() const { return all.empty(); }
  // The months that the days of all of them, and of the one before, are in.
  storage::UnitSpan Months() const;
};

// Cuts the query's interval, whose edges were checked, into periods. `extent`, the local days that
// have activities, stands for edges that are open; without it such an interval has no periods.
// TOO_MANY_POINTS when there are more than 10,000.
absl::StatusOr<Periods> MakePeriods(const KindQuery& query, const PeriodLength& length,
                                    const std::optional<storage::UnitSpan>& extent);

// Whoever is in the set in the period.
absl::StatusOr<storage::CustomerSetRow> ReadSet(storage::CustomerSetCursor& rows,
                                                storage::CustomerSet set, const Period& period,
                                                uint16_t chunk);

// An answer of so many points is too long.
absl::Status TooManyPeriods(int64_t points);

// Months inside of the days, days at their edges.
std::vector<storage::UnitSpan> CoverDays(const DaySpan& days);

// The months that the days are in.
storage::UnitSpan MonthsOf(const DaySpan& days);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_PERIODS_H_
