#include "common/base/zone_rules.h"

#include <algorithm>

namespace emptychair {
namespace {

// Records are of these times.
constexpr absl::Time kFirst = absl::UnixEpoch();
constexpr absl::Time kLast = absl::FromUnixSeconds(7'258'118'400);  // 2200-01-01T00:00:00Z

// The next instant at which the zone's rules may change.
absl::Time NextChange(const absl::TimeZone& zone, absl::Time time) {
  absl::TimeZone::CivilTransition change;
  return zone.NextTransition(time, &change) ? zone.At(change.to).trans : absl::InfiniteFuture();
}

}  // namespace

std::optional<absl::TimeZone> LoadZone(const std::string& name) {
  absl::TimeZone zone;
  return absl::LoadTimeZone(name, &zone) ? std::optional(zone) : std::nullopt;
}

bool HaveSameRules(const absl::TimeZone& a, const absl::TimeZone& b) {
  if (a == b) {
    return true;
  }
  for (absl::Time time = kFirst; time < kLast;
       time = std::min(NextChange(a, time), NextChange(b, time))) {
    if (a.At(time).offset != b.At(time).offset) {
      return false;
    }
  }
  return true;
}

bool HasOffset(const absl::TimeZone& zone, int32_t offset_seconds) {
  for (absl::Time time = kFirst; time < kLast; time = NextChange(zone, time)) {
    if (zone.At(time).offset == offset_seconds) {
      return true;
    }
  }
  return false;
}

}  // namespace emptychair
