// Cuts time into the buckets of a query: hours of UTC, and days, weeks, months, quarters and years
// of a time zone.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_CALENDAR_H_
#define EMPTYCHAIR_SERVER_STATISTICS_CALENDAR_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair::statistics {

// A span of time, `[start, end)`.
struct Bucket {
  absl::Time start;
  absl::Time end;
};

// The unit of the calendar, or the hour of UTC, that contains `time`, whole. `granularity` is not
// NONE. FIELD_INVALID as below. Pure and thread-safe.
absl::StatusOr<Bucket> UnitContaining(const absl::TimeZone& zone, v1::Granularity granularity,
                                      v1::WeekStart week_start, absl::Time time);

// The buckets of `[start, end)`: ascending, without gaps, none of them empty, the first and the
// last clipped to the interval. An interval that is empty has none.
//
// A calendar unit begins at the first instant of its first date, so a day can have 23, 23.5 or 25
// hours, and a date that the zone skipped has no bucket. HOUR buckets are hours of UTC, so the
// repeated hour of autumn is two. NONE is a single bucket, always the interval itself.
// UNSPECIFIED means NONE and MONDAY.
//
// With `lookback_buckets` > 0, for windows that trail, so many whole units before the one that
// contains `start` are put in front, and that one is whole too. NONE has no units and ignores it.
//
// TOO_MANY_POINTS, found without allocating, when the interval has more than `buckets_max` buckets;
// those of the lookback are no points and not counted. Metadata: `points` (at most a skipped date
// too high), `limit`. FIELD_INVALID on "granularity" or "week_start" for an unknown value.
//
// `start` <= `end`, both finite unless the granularity is NONE; `lookback_buckets` >= 0.
// Pure and thread-safe.
absl::StatusOr<std::vector<Bucket>> MakeBuckets(const absl::TimeZone& zone,
                                                v1::Granularity granularity,
                                                v1::WeekStart week_start, absl::Time start,
                                                absl::Time end, int lookback_buckets,
                                                size_t buckets_max);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_CALENDAR_H_
