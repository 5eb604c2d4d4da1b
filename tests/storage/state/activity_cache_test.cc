#include "storage/state/activity_cache.h"

#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

constexpr KnownActivities kNothing;

KnownActivities Known(int32_t day) {
  return {.first_day = day, .last_day = day, .last_ms = day * int64_t{86'400'000}};
}

TEST(ActivityCacheTest, KeepsCustomersAndKindsApart) {
  ActivityCache cache(10);
  cache.Put(1, 7, Known(100));
  cache.Put(2, 7, Known(200));
  EXPECT_EQ(cache.Find(1, 7), Known(100));
  EXPECT_EQ(cache.Find(2, 7), Known(200));
  EXPECT_EQ(cache.Find(7, 1), kNothing);
  cache.Put(1, 7, Known(101));
  EXPECT_EQ(cache.Find(1, 7), Known(101));
}

TEST(ActivityCacheTest, ForgetsAnEntryInWhateverGenerationItIs) {
  ActivityCache cache(4);
  cache.Put(1, 1, Known(1));
  cache.Put(1, 2, Known(2));
  cache.Put(1, 3, Known(3));  // The two before are old now.
  cache.Put(1, 1, Known(4));  // In both generations.
  cache.Forget(1, 1);
  cache.Forget(1, 2);
  EXPECT_EQ(cache.Find(1, 1), kNothing);
  EXPECT_EQ(cache.Find(1, 2), kNothing);
  EXPECT_EQ(cache.Find(1, 3), Known(3));
}

TEST(ActivityCacheTest, EvictsWhatWasNotPutForLongest) {
  ActivityCache cache(8);
  for (uint32_t customer = 1; customer <= 20; ++customer) {
    cache.Put(1, customer, Known(static_cast<int32_t>(customer)));
    cache.Put(1, 1, Known(static_cast<int32_t>(customer)));
    EXPECT_EQ(cache.Find(1, customer), Known(static_cast<int32_t>(customer)));
    EXPECT_EQ(cache.Find(1, 1), Known(static_cast<int32_t>(customer)));
  }
  EXPECT_EQ(cache.Find(1, 2), kNothing);
  EXPECT_NE(cache.Find(1, 19), kNothing);
}

}  // namespace
}  // namespace emptychair::storage
