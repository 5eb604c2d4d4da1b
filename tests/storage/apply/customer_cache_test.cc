#include "storage/apply/customer_cache.h"

#include <optional>

#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

IdHash HashOf(int number) {
  IdHash hash{};
  for (size_t i = 0; i < sizeof(number); ++i) {
    hash[i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return hash;
}

TEST(CustomerCache, KnowsWhoWasPut) {
  CustomerCache cache(100);
  EXPECT_EQ(cache.Find(HashOf(1)), std::nullopt);
  cache.Put(HashOf(1), 7);
  cache.Put(HashOf(2), 8);
  EXPECT_EQ(cache.Find(HashOf(1)), 7u);
  EXPECT_EQ(cache.Find(HashOf(2)), 8u);
  EXPECT_EQ(cache.Find(HashOf(3)), std::nullopt);
}

TEST(CustomerCache, TellsHashesApartThatBeginAlike) {
  CustomerCache cache(100);
  IdHash hash = HashOf(1);
  cache.Put(hash, 7);
  hash.back() = 1;
  EXPECT_EQ(cache.Find(hash), std::nullopt);
}

TEST(CustomerCache, ForgetsWhoWasNotMetForLongAndNobodyElse) {
  CustomerCache cache(20);
  cache.Put(HashOf(0), 100);
  for (int i = 1; i <= 1'000; ++i) {
    cache.Put(HashOf(i), 100 + i);
    EXPECT_EQ(cache.Find(HashOf(0)), 100u) << i;
  }
  int known = 0;
  for (int i = 1; i <= 1'000; ++i) {
    const std::optional<uint32_t> ordinal = cache.Find(HashOf(i));
    known += ordinal.has_value() ? 1 : 0;
    EXPECT_EQ(ordinal.value_or(100 + i), 100u + i);
  }
  EXPECT_GE(known, 8);
  EXPECT_LE(known, 20);
}

}  // namespace
}  // namespace emptychair::storage
