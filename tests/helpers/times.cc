#include "tests/helpers/times.h"

#include <cstdlib>
#include <iostream>
#include <string>

namespace emptychair::testing {

absl::Time At(absl::string_view rfc3339) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) {
    std::cerr << "not a time: " << rfc3339 << ": " << error << std::endl;
    std::abort();
  }
  return time;
}

absl::TimeZone Zone(absl::string_view name) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) {
    std::cerr << "not a time zone: " << name << std::endl;
    std::abort();
  }
  return zone;
}

}  // namespace emptychair::testing
