// Describes how regularly a customer comes, and whether the silence since then is unusually long.
// Everything here is pure and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_RHYTHM_H_
#define EMPTYCHAIR_SERVER_STATISTICS_RHYTHM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace emptychair::statistics {

// Fewer gaps between active days are no rhythm.
inline constexpr size_t kRhythmGapsMin = 5;

// All in whole days, but for a median.
struct Rhythm {
  int64_t active_days = 0;
  // The median gap: of an even number, the mean of the two in the middle. Absent under
  // kRhythmGapsMin gaps.
  std::optional<double> usual_days;
  // The gap that nine of ten do not exceed: the 90th percentile by nearest rank, which is the k-th
  // smallest of n gaps, k = ⌈0.9 n⌉. It describes what was and is no test: with an unchanged habit
  // 10 to 18 % of the next gaps exceed it. Absent like the median.
  std::optional<int32_t> limit_days;
  // From the last active day to the day asked for; at least 1. Absent without an active day.
  std::optional<int32_t> silence_days;
  // Whether the silence is longer than the limit. False without a limit.
  bool is_past_limit = false;

  friend bool operator==(const Rhythm&, const Rhythm&) = default;
};

// The gaps between the days, which are local days since 1970-01-01 and ascend strictly, in their
// order: one fewer than days, each at least 1.
std::vector<int32_t> GapsBetween(absl::Span<const int32_t> days);

// The rhythm of a customer who was active on `days`, as above, all of them before the day `as_of`.
// Takes memory for the gaps.
Rhythm RhythmOf(absl::Span<const int32_t> days, int32_t as_of);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_RHYTHM_H_
