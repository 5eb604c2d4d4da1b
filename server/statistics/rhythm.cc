#include "server/statistics/rhythm.h"

#include <algorithm>
#include <cassert>

namespace emptychair::statistics {
namespace {

// Of values in ascending order, at least one.
double MedianOf(absl::Span<const int32_t> ascending) {
  const size_t middle = ascending.size() / 2;
  const double upper = ascending[middle];
  return ascending.size() % 2 == 1 ? upper : (ascending[middle - 1] + upper) / 2;
}

// In integers: in doubles, 0.9 times 10 need not be 9.
int32_t NinetiethPercentile(absl::Span<const int32_t> ascending) {
  const size_t rank = (9 * ascending.size() + 9) / 10;
  return ascending[rank - 1];
}

}  // namespace

std::vector<int32_t> GapsBetween(absl::Span<const int32_t> days) {
  std::vector<int32_t> gaps;
  for (size_t i = 1; i < days.size(); ++i) {
    assert(days[i - 1] < days[i]);
    gaps.push_back(days[i] - days[i - 1]);
  }
  return gaps;
}

Rhythm RhythmOf(absl::Span<const int32_t> days, int32_t as_of) {
  Rhythm rhythm{.active_days = static_cast<int64_t>(days.size())};
  if (days.empty()) {
    return rhythm;
  }
  assert(days.back() < as_of);
  rhythm.silence_days = as_of - days.back();
  std::vector<int32_t> gaps = GapsBetween(days);
  if (gaps.size() < kRhythmGapsMin) {
    return rhythm;
  }
  std::sort(gaps.begin(), gaps.end());
  rhythm.usual_days = MedianOf(gaps);
  rhythm.limit_days = NinetiethPercentile(gaps);
  rhythm.is_past_limit = *rhythm.silence_days > *rhythm.limit_days;
  return rhythm;
}

}  // namespace emptychair::statistics
