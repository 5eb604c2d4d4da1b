// Days of a time zone as contiguous spans of time.
#ifndef EMPTYCHAIR_COMMON_BASE_LOCAL_DAY_H_
#define EMPTYCHAIR_COMMON_BASE_LOCAL_DAY_H_

#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace emptychair {

// The first instant of `day` in `zone`: its midnight, the first of two where a clock is set back
// across it, the moment of the change where a clock skips it. A date that the zone skips starts
// where the next one does.
absl::Time FirstInstantOf(const absl::TimeZone& zone, absl::CivilDay day);

// Returns the seconds to add to UTC for the local time that decides in which day `time` counts.
// This is the zone's offset, but for the stretch after a clock was set back from one day into the
// day before: there it is the offset from before the change, so that every day is one span,
// [FirstInstantOf(day), FirstInstantOf(day + 1)).
int32_t DayOffsetSeconds(const absl::TimeZone& zone, absl::Time time);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_LOCAL_DAY_H_
