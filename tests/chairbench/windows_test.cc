#include "tools/chairbench/records/windows.h"

#include <set>
#include <utility>

#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/times.h"

namespace emptychair::bench {
namespace {

using ::emptychair::testing::At;
using ::testing::Ge;
using ::testing::SizeIs;

TEST(BenchWindows, KnowThreeYearsOfMonths) {
  EXPECT_EQ(ThreeYearsUpTo(At("2026-11-21T10:00:00Z")),
            (Window{At("2023-12-01T00:00:00Z"), At("2026-11-21T10:00:00Z")}));
  EXPECT_EQ(ThreeYearsUpTo(At("2026-01-01T00:00:00Z")).start, At("2023-02-01T00:00:00Z"));
  EXPECT_EQ(StartOfMonth(At("2026-11-21T10:00:00Z")), At("2026-11-01T00:00:00Z"));
}

TEST(BenchWindows, AreAllDifferentInsideThePeriodAndAYearLong) {
  // The last day, the first, and one in the middle of a month.
  for (const char* now : {"2026-11-30T23:59:59Z", "2026-03-01T00:00:00Z", "2026-11-21T10:00:00Z"}) {
    const Window period = ThreeYearsUpTo(At(now));
    Random random(1);
    const std::vector<Window> windows = QueryWindows(period, 250, random);
    ASSERT_THAT(windows, SizeIs(250));
    std::set<std::pair<absl::Time, absl::Time>> different;
    std::set<absl::Time> starts;
    int in_months = 0;
    for (const Window& window : windows) {
      different.emplace(window.start, window.end);
      starts.insert(window.start);
      EXPECT_GE(window.start, period.start);
      EXPECT_LE(window.end, StartOfMonth(period.end) + absl::Hours(24 * 31));
      EXPECT_GE(window.end - window.start, absl::Hours(24 * 365));
      for (const absl::Time edge : {window.start, window.end}) {
        EXPECT_EQ(edge, absl::FromCivil(absl::ToCivilDay(edge, absl::UTCTimeZone()),
                                        absl::UTCTimeZone()));
      }
      in_months +=
          window.start == StartOfMonth(window.start) && window.end == StartOfMonth(window.end) ? 1
                                                                                               : 0;
    }
    EXPECT_THAT(different, SizeIs(250)) << now;
    EXPECT_THAT(starts.size(), Ge(100)) << now;
    EXPECT_GE(in_months, 125) << now;
    EXPECT_LT(in_months, 140) << now;
  }
}

TEST(BenchWindows, SpreadAnswersOverTheWholePeriodAboutInOrder) {
  const Window period = ThreeYearsUpTo(At("2026-11-21T10:00:00Z"));
  constexpr int64_t kCount = 5'000;
  Random random(1);
  std::set<absl::Time> months;
  for (int64_t i = 0; i < kCount; ++i) {
    const absl::Time time = absl::FromUnixMillis(AnswerTimeMs(period, i, kCount, random));
    EXPECT_GE(time, period.start);
    EXPECT_LT(time, period.end);
    const absl::Time place = period.start + (period.end - period.start) * i / kCount;
    EXPECT_LE(absl::AbsDuration(time - place), absl::Hours(24) + absl::Milliseconds(2));
    months.insert(StartOfMonth(time));
  }
  EXPECT_THAT(months, SizeIs(36));
}

}  // namespace
}  // namespace emptychair::bench
