#include "storage/state/customer_cache.h"

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
  cache.Put(HashOf(1), {7});
  cache.Put(HashOf(2), {8});
  EXPECT_EQ(cache.Find(HashOf(1))->ordinal, 7u);
  EXPECT_EQ(cache.Find(HashOf(2))->ordinal, 8u);
  EXPECT_EQ(cache.Find(HashOf(3)), std::nullopt);
}

TEST(CustomerCache, TellsHashesApartThatBeginAlike) {
  CustomerCache cache(100);
  IdHash hash = HashOf(1);
  cache.Put(hash, {7});
  hash.back() = 1;
  EXPECT_EQ(cache.Find(hash), std::nullopt);
}

TEST(CustomerCache, ForgetsWhoWasNotMetForLongAndNobodyElse) {
  CustomerCache cache(20);
  cache.Put(HashOf(0), {100});
  for (int i = 1; i <= 1'000; ++i) {
    cache.Put(HashOf(i), {static_cast<uint32_t>(100 + i), i % 2 == 0});
    EXPECT_EQ(cache.Find(HashOf(0)), KnownCustomer{100}) << i;
  }
  int known = 0;
  for (int i = 1; i <= 1'000; ++i) {
    const KnownCustomer wanted{static_cast<uint32_t>(100 + i), i % 2 == 0};
    const std::optional<KnownCustomer> customer = cache.Find(HashOf(i));
    known += customer.has_value() ? 1 : 0;
    EXPECT_EQ(customer.value_or(wanted), wanted);
  }
  EXPECT_GE(known, 8);
  EXPECT_LE(known, 20);
}

}  // namespace
}  // namespace emptychair::storage
