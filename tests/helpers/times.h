// Times and zones written in tests.
#ifndef EMPTYCHAIR_TESTS_HELPERS_TIMES_H_
#define EMPTYCHAIR_TESTS_HELPERS_TIMES_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace emptychair::testing {

// The time written in RFC 3339, for example "2024-03-10T00:00:00-05:00". Aborts when it is none.
absl::Time At(absl::string_view rfc3339);

// The zone of the IANA name. Aborts when there is none.
absl::TimeZone Zone(absl::string_view name);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_TIMES_H_
