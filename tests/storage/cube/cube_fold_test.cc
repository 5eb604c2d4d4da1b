#include "storage/cube/cube_fold.h"

#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

TEST(BucketsOf, CountsUtcHoursAndLocalDaysAndMonths) {
  const struct {
    int64_t ms;
    int32_t offset;
    std::tuple<int, int, int> buckets;
  } cases[] = {
      {0, 0, {0, 0, 0}},
      {kHourMs - 1, 0, {0, 0, 0}},
      {kHourMs, 0, {1, 0, 0}},
      {kDayMs - 1, 0, {23, 0, 0}},
      {kDayMs, 0, {24, 1, 0}},
      // Local times before 1970.
      {0, -1, {0, -1, -1}},
      {0, -3'600, {0, -1, -1}},
      {3'599'999, -3'600, {0, -1, -1}},
      {3'600'000, -3'600, {1, 0, 0}},
      // The offset moves days and months, not hours: midnight in Kolkata is 18:30 UTC.
      {18 * kHourMs + kHourMs / 2 - 1, 19'800, {18, 0, 0}},
      {18 * kHourMs + kHourMs / 2, 19'800, {18, 1, 0}},
      // 1970-02-01 in UTC+14 begins at 1970-01-31 10:00 UTC.
      {30 * kDayMs + 10 * kHourMs - 1, 50'400, {30 * 24 + 9, 30, 0}},
      {30 * kDayMs + 10 * kHourMs, 50'400, {30 * 24 + 10, 31, 1}},
      // 2024-02-29 23:59:59.999 and the next instant, at -03:30.
      {1'709'263'799'999, -12'600, {474'795, 19'782, 649}},
      {1'709'263'800'000, -12'600, {474'795, 19'783, 650}},
      // An offset with seconds, as Monrovia had: -0:44:30.
      {kDayMs + 2'669'999, -2'670, {24, 0, 0}},
      {kDayMs + 2'670'000, -2'670, {24, 1, 0}},
      // The last time that an id can carry: 10889-08-02 05:31:50.655 UTC.
      {(int64_t{1} << 48) - 1, 50'400, {78'187'493, 3'257'812, 107'035}},
  };
  for (const auto& c : cases) {
    const RecordBuckets buckets = BucketsOf(c.ms, c.offset);
    EXPECT_EQ(std::make_tuple(buckets.hour, buckets.day, buckets.month), c.buckets)
        << c.ms << " " << c.offset;
  }
}

TEST(BinOf, IsOneForTheLowestScoreAndZeroForNone) {
  EXPECT_EQ(BinOf(std::nullopt, 0), kUnscoredBin);
  EXPECT_EQ(BinOf(std::nullopt, 5), kUnscoredBin);
  EXPECT_EQ(BinOf(0, 0), 1);
  EXPECT_EQ(BinOf(10, 0), 11);
  EXPECT_EQ(BinOf(1, 1), 1);
  EXPECT_EQ(BinOf(-2, -2), 1);
  EXPECT_EQ(BinOf(3, -2), 6);
}

FeedbackHeader Header(std::optional<int32_t> score, uint32_t series, uint8_t exclusion = 0) {
  FeedbackHeader header;
  header.score = score;
  header.series = series;
  header.exclusion_reason = exclusion;
  return header;
}

TEST(CubeFold, CountsARecordInAnHourADayAndAMonth) {
  CubeFold fold;
  fold.Add(7, 40 * kDayMs + kHourMs, Header(9, 3), 0, 1);
  fold.Add(7, 40 * kDayMs + kHourMs, Header(9, 3), 0, 1);
  fold.Add(7, 40 * kDayMs + kHourMs, Header(std::nullopt, 0, 2), 0, 1);
  const auto cells =
      ElementsAre(CubeCount{0, 2, kUnscoredBin, 1}, CubeCount{3, kCountedDisposition, 10, 2});
  EXPECT_THAT(fold.TakeRows(),
              UnorderedElementsAre(Pair(CubeRowKey{7, CubeUnit::kHour, 961, 0}, cells),
                                   Pair(CubeRowKey{7, CubeUnit::kDay, 40, 0}, cells),
                                   Pair(CubeRowKey{7, CubeUnit::kMonth, 1, 0}, cells)));
  EXPECT_THAT(fold.TakeRows(), IsEmpty());
}

TEST(CubeFold, SplitsSeriesIntoChunks) {
  CubeFold fold;
  for (const uint32_t series : {0u, 1'023u, 1'024u, 2'500u}) {
    fold.Add(1, 0, Header(0, series), 0, 1);
  }
  auto rows = fold.TakeRows();
  EXPECT_EQ(rows.size(), 9u);
  EXPECT_THAT((rows[{1, CubeUnit::kDay, 0, 0}]),
              ElementsAre(CubeCount{0, 0, 1, 1}, CubeCount{1'023, 0, 1, 1}));
  EXPECT_THAT((rows[{1, CubeUnit::kDay, 0, 1}]), ElementsAre(CubeCount{0, 0, 1, 1}));
  EXPECT_THAT((rows[{1, CubeUnit::kDay, 0, 2}]), ElementsAre(CubeCount{452, 0, 1, 1}));
}

TEST(CubeFold, TakesAwayWhatItAdded) {
  CubeFold fold;
  fold.Add(1, 5, Header(4, 1), 0, 1);
  fold.Add(1, 5, Header(4, 1), 0, -1);
  fold.Add(1, 5, Header(4, 1), 0, -1);
  for (const auto& [key, counts] : fold.TakeRows()) {
    EXPECT_THAT(counts, ElementsAre(CubeCount{1, 0, 5, -1}));
  }
}

}  // namespace
}  // namespace emptychair::storage
