#include "storage/state/recent_ids.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::storage {
namespace {

Uuid IdAt(int64_t time_ms, uint8_t number = 0) { return Uuid::MakeV7(time_ms, {number}); }

TEST(RecentIds, KnowsWhatIsTakenAndWhatIsNew) {
  RecentIds ids(100);
  EXPECT_FALSE(ids.MayBeTaken(1, IdAt(0)));
  ids.Add(1, IdAt(1'000));
  EXPECT_TRUE(ids.MayBeTaken(1, IdAt(1'000)));
  EXPECT_FALSE(ids.MayBeTaken(1, IdAt(1'000, 1)));
  EXPECT_FALSE(ids.MayBeTaken(2, IdAt(1'000)));
  EXPECT_FALSE(ids.MayBeTaken(1, IdAt(999)));
}

TEST(RecentIds, KnowsNothingOfWhatASurveyHadAtTheStart) {
  RecentIds ids(100);
  ids.SetHorizon(1, 1'000);
  EXPECT_TRUE(ids.MayBeTaken(1, IdAt(999)));
  EXPECT_TRUE(ids.MayBeTaken(1, IdAt(1'000)));
  EXPECT_FALSE(ids.MayBeTaken(1, IdAt(1'001)));
  EXPECT_FALSE(ids.MayBeTaken(2, IdAt(999)));
}

// Ids that come about in order, some much later, in numbers many times those that are kept.
TEST(RecentIds, NeverTakesATakenIdForANewOne) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 20; ++round) {
    const size_t ids_max = 1 + random() % 200;
    RecentIds ids(ids_max);
    std::vector<std::pair<uint32_t, Uuid>> taken;
    std::set<std::pair<uint32_t, Uuid>> all;
    int64_t known_as_new = 0;
    for (int64_t i = 0; i < 3'000; ++i) {
      const int64_t late_max = random() % 10 == 0 ? 3'000 : 10;
      const int64_t time_ms = std::max<int64_t>(0, i - static_cast<int64_t>(random() % late_max));
      const uint32_t survey = 1 + random() % 2;
      const Uuid id = IdAt(time_ms, static_cast<uint8_t>(random() % 3));
      const bool is_taken = all.contains({survey, id});
      const bool may_be_taken = ids.MayBeTaken(survey, id);
      ASSERT_TRUE(may_be_taken || !is_taken) << "of " << ids_max << ", number " << i;
      known_as_new += may_be_taken ? 0 : 1;
      if (!is_taken) {
        ids.Add(survey, id);
        all.insert({survey, id});
        taken.emplace_back(survey, id);
      }
      const auto& [old_survey, old_id] = taken[random() % taken.size()];
      ASSERT_TRUE(ids.MayBeTaken(old_survey, old_id)) << "of " << ids_max << ", number " << i;
    }
    if (ids_max >= 100) {
      EXPECT_GT(known_as_new, 1'000) << ids_max;
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
