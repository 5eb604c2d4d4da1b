#include "server/statistics/rhythm.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::statistics {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

int32_t DayNumber(int year, int month, int day) {
  return static_cast<int32_t>(absl::CivilDay(year, month, day) - absl::CivilDay(1970, 1, 1));
}

// The days of a customer who was active on `first` and then after each of `gaps`.
std::vector<int32_t> DaysAfter(int32_t first, const std::vector<int32_t>& gaps) {
  std::vector<int32_t> days = {first};
  for (const int32_t gap : gaps) {
    days.push_back(days.back() + gap);
  }
  return days;
}

// Of gaps alone, one day after the last active day.
Rhythm RhythmOfGaps(const std::vector<int32_t>& gaps) {
  const std::vector<int32_t> days = DaysAfter(-3, gaps);
  return RhythmOf(days, days.back() + 1);
}

// Customer 118 of the public data set that lies beside the project.
TEST(RhythmOf, GivesTheReference) {
  const std::vector<int32_t> days = {
      DayNumber(2014, 7, 28), DayNumber(2014, 7, 29), DayNumber(2014, 8, 6),
      DayNumber(2014, 8, 10), DayNumber(2014, 8, 11), DayNumber(2014, 8, 12),
      DayNumber(2014, 8, 14), DayNumber(2014, 8, 19), DayNumber(2014, 8, 20),
      DayNumber(2014, 8, 26), DayNumber(2014, 9, 7),  DayNumber(2014, 9, 21)};
  EXPECT_THAT(GapsBetween(days), ElementsAreArray({1, 8, 4, 1, 1, 2, 5, 1, 6, 12, 14}));
  EXPECT_EQ(RhythmOf(days, DayNumber(2014, 11, 1)), (Rhythm{.active_days = 12,
                                                            .usual_days = 4,
                                                            .limit_days = 12,
                                                            .silence_days = 41,
                                                            .is_past_limit = true}));
}

TEST(RhythmOf, IsPastTheLimitOnlyAfterIt) {
  const std::vector<int32_t> days = DaysAfter(100, {7, 7, 7, 7, 7});
  EXPECT_FALSE(RhythmOf(days, days.back() + 7).is_past_limit);
  EXPECT_TRUE(RhythmOf(days, days.back() + 8).is_past_limit);
}

TEST(RhythmOf, OfNobodyIsAbsent) {
  EXPECT_THAT(GapsBetween({}), IsEmpty());
  EXPECT_EQ(RhythmOf({}, 16'000), Rhythm());
}

TEST(RhythmOf, OfOneDayIsSilenceAlone) {
  EXPECT_THAT(GapsBetween({16'000}), IsEmpty());
  EXPECT_EQ(RhythmOf({16'000}, 16'400), (Rhythm{.active_days = 1, .silence_days = 400}));
}

TEST(RhythmOf, TakesFiveGaps) {
  const Rhythm four = RhythmOf(DaysAfter(0, {1, 1, 1, 1}), 1'000);
  EXPECT_EQ(four, (Rhythm{.active_days = 5, .silence_days = 996}));
  const Rhythm five = RhythmOf(DaysAfter(0, {1, 1, 1, 1, 3}), 1'000);
  EXPECT_EQ(five, (Rhythm{.active_days = 6,
                          .usual_days = 1,
                          .limit_days = 3,
                          .silence_days = 993,
                          .is_past_limit = true}));
}

TEST(RhythmOf, TakesTheMeanOfTwoInTheMiddle) {
  EXPECT_EQ(RhythmOfGaps({9, 1, 3, 2, 8, 4}).usual_days, 3.5);
  EXPECT_EQ(RhythmOfGaps({9, 1, 4, 2, 8, 4}).usual_days, 4);
}

TEST(RhythmOf, TakesTheNearestRankForItsLimit) {
  const struct {
    int32_t gaps, limit;
  } rows[] = {{5, 5},   {9, 9},   {10, 9},   {11, 10}, {19, 18},
              {20, 18}, {21, 19}, {100, 90}, {101, 91}};
  for (const auto& row : rows) {
    std::vector<int32_t> gaps(static_cast<size_t>(row.gaps));
    std::iota(gaps.rbegin(), gaps.rend(), 1);
    EXPECT_EQ(RhythmOfGaps(gaps).limit_days, row.limit) << row.gaps;
  }
}

TEST(RhythmOf, KnowsDaysBefore1970) {
  const std::vector<int32_t> days = {-40, -30, -20, -10, 0, 10};
  EXPECT_EQ(RhythmOf(days, 15), (Rhythm{.active_days = 6,
                                        .usual_days = 10,
                                        .limit_days = 10,
                                        .silence_days = 5,
                                        .is_past_limit = false}));
}

// By what the two numbers promise: how many gaps lie on either side of them.
TEST(RhythmOf, DividesTheGapsAsItSays) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 500; ++round) {
    std::vector<int32_t> gaps(std::uniform_int_distribution<size_t>(5, 60)(random));
    for (int32_t& gap : gaps) {
      gap = std::uniform_int_distribution<int32_t>(1, 30)(random);
    }
    const Rhythm rhythm = RhythmOfGaps(gaps);
    ASSERT_TRUE(rhythm.usual_days.has_value());
    ASSERT_TRUE(rhythm.limit_days.has_value());
    const auto below = [&](double days) {
      return std::count_if(gaps.begin(), gaps.end(), [=](int32_t gap) { return gap < days; });
    };
    const auto above = [&](double days) {
      return std::count_if(gaps.begin(), gaps.end(), [=](int32_t gap) { return gap > days; });
    };
    const auto n = static_cast<int64_t>(gaps.size());
    ASSERT_LE(2 * below(*rhythm.usual_days), n) << round;
    ASSERT_LE(2 * above(*rhythm.usual_days), n) << round;
    // At most a tenth is above the limit, and that is so of no shorter gap.
    ASSERT_EQ(std::count(gaps.begin(), gaps.end(), *rhythm.limit_days) > 0, true) << round;
    ASSERT_LE(10 * above(*rhythm.limit_days), n) << round;
    ASSERT_GT(10 * (n - below(*rhythm.limit_days)), n) << round;
  }
}

}  // namespace
}  // namespace emptychair::statistics
