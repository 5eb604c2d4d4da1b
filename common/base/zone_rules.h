// Time zones by their rules instead of their names.
#ifndef EMPTYCHAIR_COMMON_BASE_ZONE_RULES_H_
#define EMPTYCHAIR_COMMON_BASE_ZONE_RULES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace emptychair {

// Loads a zone of the machine's time-zone database; nothing for a name that is not there. What was
// not there once stays so until the process ends, because the library remembers. Thread-safe.
std::optional<absl::TimeZone> LoadZone(const std::string& name);

// Whether both zones add the same to UTC at every instant from 1970 to 2200, as names of one zone
// do: answers of one fall into the days of the other.
bool HaveSameRules(const absl::TimeZone& a, const absl::TimeZone& b);

// Whether the zone adds this to UTC at any instant from 1970 to 2200.
bool HasOffset(const absl::TimeZone& zone, int32_t offset_seconds);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_ZONE_RULES_H_
