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
  EXPECT_TRUE(grid.AddChosen(0, 0, /*bin=*/1, 5));
  EXPECT_TRUE(grid.AddChosen(0, 0, /*bin=*/2, -2));
  EXPECT_TRUE(grid.Add(0, 0, kCountedDisposition, 2, 9));
  EXPECT_TRUE(grid.Add(0, 0, /*disposition=*/1, 2, 4));
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 5, 7, 3, 4, 0, 0, 0, 0, 0));
  EXPECT_FALSE(grid.AddChosen(1, 0, 1, 1));
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

TEST(TallyGrid, NamesTheCountsOfATally) {
  TallyGrid grid({.buckets = 1, .score_count = 3, .groups_max = 1}, 1);
  grid.AddCounted(0, 0, kUnscoredBin, 4);
  grid.AddCounted(0, 0, 3, 5);
  grid.AddExcluded(0, 0, /*reason=*/1, 6);
  grid.AddExcluded(0, 0, /*reason=*/6, 7);
  grid.AddChosen(0, 0, 3, 8);
  const TallyView view = grid.View(grid.At(0, 0));
  EXPECT_EQ(view.unscored, 4);
  EXPECT_THAT(view.histogram, ElementsAre(0, 0, 13));
  EXPECT_THAT(view.excluded, ElementsAre(6, 0, 0, 0, 0, 7));
  EXPECT_EQ(view.customers, 8);
}

TEST(TallyGrid, AddsWhatIsExcludedToNothingElseWhenThatIsAskedFor) {
  TallyGrid grid({.buckets = 1, .score_count = 1, .groups_max = 1, .include_excluded = true}, 1);
  grid.AddExcluded(0, 0, /*reason=*/2, 3);
  EXPECT_THAT(grid.At(0, 0), ElementsAre(0, 0, 0, 0, 3, 0, 0, 0, 0));
}

// Fills a grid of two groups at random; what it holds by group, bucket and position.
using Cells = std::map<std::tuple<uint32_t, size_t, size_t>, int64_t>;
Cells FillAtRandom(std::mt19937_64& random, TallyGrid& grid) {
  Cells cells;
  for (int i = 0; i < 60; ++i) {
    const auto group = static_cast<uint32_t>(random() % 2);
    const auto bucket = static_cast<uint32_t>(random() % grid.bucket_count());
    const auto bin = static_cast<uint8_t>(random() % 4);
    const auto count = static_cast<int64_t>(random() % 20) - 10;
    grid.AddCounted(group, bucket, bin, count);
    cells[{group, bucket, bin}] += count;
  }
  return cells;
}

TEST(TallyGrid, SumsUpPrefixesAndTrailingBucketsLikeAPlainSum) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 60; ++round) {
    const size_t buckets = 1 + random() % 9;
    // 0: all up to the bucket.
    const size_t trailing = random() % (buckets + 2);
    TallyGrid grid({.buckets = buckets, .score_count = 3, .groups_max = 2}, 2);
    Cells cells = FillAtRandom(random, grid);
    if (trailing == 0) {
      grid.PrefixSum();
    } else {
      grid.TrailingSum(trailing);
    }
    for (uint32_t group = 0; group < 2; ++group) {
      for (size_t bucket = 0; bucket < buckets && grid.IsUsed(group); ++bucket) {
        for (size_t bin = 0; bin < 4; ++bin) {
          int64_t wanted = 0;
          for (size_t i = 0; i <= bucket; ++i) {
            if (trailing == 0 || i + trailing > bucket) {
              wanted += cells[{group, i, bin}];
            }
          }
          EXPECT_EQ(grid.At(group, static_cast<uint32_t>(bucket))[bin], wanted)
              << trailing << " of " << buckets << ": " << group << " " << bucket << " " << bin;
        }
      }
    }
  }
}

TEST(DifferenceArrays, AddInEveryBucketOfTheirRange) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 60; ++round) {
    const size_t buckets = 1 + random() % 9;
    const TallyGrid::Options options = {
        .buckets = buckets, .score_count = 2, .groups_max = 2, .include_excluded = true};
    TallyGrid by_range(options, 2);
    TallyGrid by_bucket(options, 2);
    DifferenceArrays arrays(by_range);
    for (int i = 0; i < 40; ++i) {
      const auto group = static_cast<uint32_t>(random() % 2);
      const auto bin = static_cast<uint8_t>(random() % 3);
      const auto reason = static_cast<uint8_t>(1 + random() % 6);
      const auto count = static_cast<int64_t>(random() % 9) - 4;
      // Some are empty.
      const DifferenceArrays::Range range{static_cast<int64_t>(random() % buckets),
                                          static_cast<int64_t>(random() % buckets)};
      const uint64_t what = random() % 3;
      if (what == 0) {
        arrays.AddCounted(group, range, bin, count);
      } else if (what == 1) {
        arrays.AddExcluded(group, range, reason, count);
      } else {
        arrays.AddChosen(group, range, bin, count);
      }
      for (int64_t at = range.first; at <= range.last; ++at) {
        const auto bucket = static_cast<uint32_t>(at);
        if (what == 0) {
          by_bucket.AddCounted(group, bucket, bin, count);
        } else if (what == 1) {
          by_bucket.AddExcluded(group, bucket, reason, count);
        } else {
          by_bucket.AddChosen(group, bucket, bin, count);
        }
      }
    }
    arrays.Finish();
    for (uint32_t group = 0; group < 2; ++group) {
      ASSERT_EQ(by_range.IsUsed(group), by_bucket.IsUsed(group));
      for (uint32_t bucket = 0; bucket < buckets && by_range.IsUsed(group); ++bucket) {
        EXPECT_EQ(by_range.At(group, bucket), by_bucket.At(group, bucket));
      }
    }
  }
}

TEST(DifferenceArrays, TouchNoGroupForAnEmptyRange) {
  TallyGrid grid({.buckets = 3, .score_count = 1, .groups_max = 1}, 1);
  DifferenceArrays(grid).AddCounted(0, {2, 1}, 1, 5);
  EXPECT_EQ(grid.touched_group_count(), 0u);
}

}  // namespace
}  // namespace emptychair::storage
