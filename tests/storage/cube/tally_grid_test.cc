#include "storage/cube/tally_grid.h"

#include <map>
#include <random>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;

TEST(TallyGrid, LaysOutUnscoredThenScoresThenExcludedByReason) {
  TallyGrid grid({.buckets = 2, .score_count = 3, .groups_max = 1}, 1);
  EXPECT_EQ(grid.stride(), 1u + 3 + 7);
  EXPECT_TRUE(grid.Add(0, 1, kCountedDisposition, kUnscoredBin, 4));
  EXPECT_TRUE(grid.Add(0, 1, kCountedDisposition, 3, 5));
  EXPECT_TRUE(grid.Add(0, 1, kCountedDisposition, 3, -1));
  EXPECT_TRUE(grid.Add(0, 1, /*disposition=*/2, 1, 7));
  EXPECT_TRUE(grid.Add(0, 1, /*disposition=*/6, 0, 9));
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(grid.At(0, 1), ElementsAre(4, 0, 0, 4, 0, 0, 7, 0, 0, 0, 9));
}

TEST(TallyGrid, CountsExcludedAnswersTwiceWhenTheyAreIncluded) {
  TallyGrid grid({.buckets = 1, .score_count = 2, .groups_max = 1, .include_excluded = true}, 1);
  EXPECT_TRUE(grid.Add(0, 0, /*disposition=*/1, 2, 3));
  EXPECT_TRUE(grid.Add(0, 0, kCountedDisposition, 2, 10));
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 0, 13, 0, 3, 0, 0, 0, 0, 0));
}

TEST(TallyGrid, KeepsCustomersBetweenScoresAndExcluded) {
  TallyGrid grid({.buckets = 1, .score_count = 2, .groups_max = 1}, 2);
  EXPECT_TRUE(grid.AddCustomers(0, 0, 5));
  EXPECT_TRUE(grid.AddCustomers(0, 0, -2));
  EXPECT_TRUE(grid.Add(0, 0, kCountedDisposition, 2, 7));
  EXPECT_TRUE(grid.Add(0, 0, /*disposition=*/1, 2, 4));
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 0, 7, 3, 4, 0, 0, 0, 0, 0));
  EXPECT_FALSE(grid.AddCustomers(1, 0, 1));
  EXPECT_TRUE(grid.is_full());
}

TEST(TallyGrid, TakesNoMoreGroupsThanAllowed) {
  TallyGrid grid({.buckets = 1, .score_count = 1, .groups_max = 2}, 4);
  EXPECT_EQ(grid.touched_group_count(), 0u);
  EXPECT_TRUE(grid.Add(3, 0, kCountedDisposition, 1, 1));
  EXPECT_TRUE(grid.Add(1, 0, kCountedDisposition, 1, 2));
  EXPECT_FALSE(grid.is_full());
  EXPECT_FALSE(grid.Add(0, 0, kCountedDisposition, 1, 3));
  EXPECT_TRUE(grid.is_full());
  EXPECT_TRUE(grid.Add(3, 0, kCountedDisposition, 1, 4));
  EXPECT_EQ(grid.touched_group_count(), 2u);
  EXPECT_EQ(grid.group_count(), 4u);
  EXPECT_FALSE(grid.IsUsed(0));
  EXPECT_TRUE(grid.IsUsed(1));
  EXPECT_FALSE(grid.IsUsed(2));
  EXPECT_TRUE(grid.IsUsed(3));
  EXPECT_EQ(grid.At(3, 0)[1], 5);
  EXPECT_EQ(grid.At(1, 0)[1], 2);
}

TEST(TallyGrid, DoesNotUseAGroupWhoseAnswersWereAllTakenAway) {
  TallyGrid grid({.buckets = 2, .score_count = 1, .groups_max = 2}, 2);
  EXPECT_TRUE(grid.Add(1, 1, kCountedDisposition, 1, 3));
  EXPECT_TRUE(grid.Add(1, 1, kCountedDisposition, 1, -3));
  EXPECT_FALSE(grid.IsUsed(1));
  EXPECT_TRUE(grid.Add(1, 0, /*disposition=*/2, 1, 1));
  EXPECT_TRUE(grid.IsUsed(1));
}

TEST(TallyGrid, AddsAndTakesAwayPiecesOfRows) {
  const CubeCounts counts = {{0, 0, 1, 2}, {0, 0, 3, 300}, {0, 2, 1, 5}, {0, 2, 4, 7}};
  const std::string row = EncodeCubeRow(counts);
  for (const bool include_excluded : {false, true}) {
    const TallyGrid::Options options = {
        .buckets = 2, .score_count = 3, .groups_max = 2, .include_excluded = include_excluded};
    TallyGrid by_count(options, 2);
    TallyGrid by_piece(options, 2);
    for (const int64_t sign : {1, 1, -1, -1, -1}) {
      CubeRowReader piece(row);
      while (piece.NextPiece()) {
        EXPECT_TRUE(by_piece.Add(1, 1, piece, sign));
      }
      for (const CubeCount& count : counts) {
        EXPECT_TRUE(by_count.Add(1, 1, count.disposition, count.bin, sign * count.count));
      }
      EXPECT_EQ(by_piece.At(1, 1), by_count.At(1, 1));
    }
  }
}

TEST(TallyGrid, LeavesOutBinsPastTheScaleAndCountsThem) {
  TallyGrid grid({.buckets = 1, .score_count = 2, .groups_max = 1}, 1);
  EXPECT_TRUE(grid.Add(0, 0, kCountedDisposition, 2, 1));
  EXPECT_EQ(grid.bins_past_scale(), 0);
  EXPECT_TRUE(grid.Add(0, 0, kCountedDisposition, 3, 1));
  EXPECT_TRUE(grid.Add(0, 0, /*disposition=*/1, 255, 1));
  EXPECT_EQ(grid.bins_past_scale(), 2);
  const std::string row =
      EncodeCubeRow({{0, kCountedDisposition, 2, 1}, {0, kCountedDisposition, 3, 1}});
  CubeRowReader piece(row);
  ASSERT_TRUE(piece.NextPiece());
  EXPECT_TRUE(grid.Add(0, 0, piece, 1));
  EXPECT_EQ(grid.bins_past_scale(), 3);
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
}

TEST(TallyGrid, AddsUpLikeAMap) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  const auto uniform = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  TallyGrid grid({.buckets = 5, .score_count = 11, .groups_max = 20}, 20);
  std::map<std::tuple<uint32_t, uint32_t, size_t>, int64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const uint32_t group = uniform(20);
    const uint32_t bucket = uniform(5);
    const auto disposition = static_cast<uint8_t>(uniform(3) == 0 ? uniform(7) : 0);
    const auto bin = static_cast<uint8_t>(uniform(12));
    const int64_t count = static_cast<int64_t>(uniform(9)) - 2;
    ASSERT_TRUE(grid.Add(group, bucket, disposition, bin, count));
    model[{group, bucket, disposition == 0 ? bin : size_t{12} + disposition}] += count;
  }
  for (uint32_t group = 0; group < 20; ++group) {
    for (uint32_t bucket = 0; bucket < 5; ++bucket) {
      for (size_t i = 0; i < grid.stride(); ++i) {
        EXPECT_EQ(grid.At(group, bucket)[i], (model[{group, bucket, i}]));
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
