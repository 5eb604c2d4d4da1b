#include "tools/demo/purchases.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/demo/answers.h"

namespace emptychair::demo {
namespace {

TEST(Purchases, AreInOrderOfTimeInTheDemonstrationsWindowWithIdsOfTheirOwn) {
  const std::vector<v1::Activity> purchases = Purchases();
  ASSERT_GT(purchases.size(), 20'000u);
  std::set<std::string> ids;
  absl::Time before = FromTimestamp(DemoInterval().start_time());
  for (const v1::Activity& purchase : purchases) {
    const absl::Time time = FromTimestamp(purchase.occur_time());
    ASSERT_GE(time, before);
    before = time;
    ASSERT_TRUE(ids.insert(purchase.activity_id()).second);
    ASSERT_GT(purchase.amount().units(), 0);
    ASSERT_EQ(purchase.amount().currency_code(), "EUR");
    ASSERT_FALSE(purchase.customer_id().empty());
  }
  EXPECT_LT(before, FromTimestamp(DemoInterval().end_time()));
}

// FNV-1a, 64 bits, of every field.
TEST(Purchases, AreTheSameOnEveryMachine) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const v1::Activity& purchase : Purchases()) {
    const std::string text =
        absl::StrCat(purchase.activity_id(), "|", purchase.customer_id(), "|",
                     purchase.occur_time().seconds(), ".", purchase.occur_time().nanos(), "|",
                     purchase.amount().units(), ".", purchase.amount().nanos());
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  EXPECT_EQ(hash, 5295657965961789190u);
}

}  // namespace
}  // namespace emptychair::demo
