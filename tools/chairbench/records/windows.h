// The times that answers are given at, and the windows that are asked for.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_WINDOWS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_WINDOWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "common/base/random.h"

namespace emptychair::bench {

// [start, end).
struct Window {
  absl::Time start;
  absl::Time end;

  friend bool operator==(const Window&, const Window&) = default;
};

// 36 months of UTC: the one of `now`, up to `now`, and the 35 before it.
Window ThreeYearsUpTo(absl::Time now);

// The first instant of the month of `time`, in UTC.
absl::Time StartOfMonth(absl::Time time);

// The time of answer `index` of `count`, in milliseconds since 1970: about in order, as answers
// come in, each up to a day off its place, and all in `period`.
int64_t AnswerTimeMs(const Window& period, int64_t index, int64_t count, Random& random);

// `count` windows inside `period` (of three years), no two alike, each of a year or more. By turns
// they start and end with months of UTC and with days. `count` is at most 500.
std::vector<Window> QueryWindows(const Window& period, size_t count, Random& random);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_WINDOWS_H_
