#include "tools/chairbench/records/windows.h"

#include <algorithm>

#include "absl/time/civil_time.h"

namespace emptychair::bench {
namespace {

constexpr int kMonths = 36;
constexpr int kMonthsMin = 12;
constexpr int kDaysMin = 365;

absl::CivilMonth MonthOf(absl::Time time) { return absl::ToCivilMonth(time, absl::UTCTimeZone()); }

template <typename Civil>
absl::Time StartOf(Civil civil) {
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

// From one unit to a later one, both among the `count` from `first` on; `length_min` or more long.
template <typename Civil>
Window RandomWindow(Civil first, int count, int length_min, Random& random) {
  const int start = random.Below(count - length_min);
  const int length = length_min + random.Below(count - length_min - start);
  return {StartOf(first + start), StartOf(first + start + length)};
}

}  // namespace

absl::Time StartOfMonth(absl::Time time) { return StartOf(MonthOf(time)); }

Window ThreeYearsUpTo(absl::Time now) { return {StartOf(MonthOf(now) - (kMonths - 1)), now}; }

int64_t AnswerTimeMs(const Window& period, int64_t index, int64_t count, Random& random) {
  constexpr int64_t kDayMs = 24 * 3'600 * 1'000;
  const int64_t start = absl::ToUnixMillis(period.start);
  const int64_t length = absl::ToUnixMillis(period.end) - start;
  const auto place = static_cast<int64_t>(static_cast<double>(length) * static_cast<double>(index) /
                                          static_cast<double>(count));
  const int64_t shift = random.Below(static_cast<int>(2 * kDayMs)) - kDayMs;
  return start + std::clamp<int64_t>(place + shift, 0, length - 1);
}

std::vector<Window> QueryWindows(const Window& period, size_t count, Random& random) {
  const absl::CivilMonth month = MonthOf(period.start);
  const absl::CivilDay day(month);
  const auto days = static_cast<int>(absl::ToCivilDay(period.end, absl::UTCTimeZone()) - day);
  std::vector<Window> windows;
  while (windows.size() < count) {
    const Window window = windows.size() % 2 == 0 ? RandomWindow(month, kMonths, kMonthsMin, random)
                                                  : RandomWindow(day, days, kDaysMin, random);
    if (std::find(windows.begin(), windows.end(), window) == windows.end()) {
      windows.push_back(window);
    }
  }
  return windows;
}

}  // namespace emptychair::bench
