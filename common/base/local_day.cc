#include "common/base/local_day.h"

namespace emptychair {

absl::Time FirstInstantOf(const absl::TimeZone& zone, absl::CivilDay day) {
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(day));
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

int32_t DayOffsetSeconds(const absl::TimeZone& zone, absl::Time time) {
  const absl::TimeZone::CivilInfo info = zone.At(time);
  const absl::Time next_day = FirstInstantOf(zone, absl::CivilDay(info.cs) + 1);
  return time >= next_day ? zone.At(next_day).offset : info.offset;
}

}  // namespace emptychair
