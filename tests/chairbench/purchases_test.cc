#include "tools/chairbench/records/purchases.h"

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair::bench {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

constexpr int kCustomersHere = 5'000;

absl::CivilDay DayOf(const Purchase& purchase) {
  return absl::ToCivilDay(absl::FromUnixMillis(purchase.time_ms), absl::UTCTimeZone());
}

std::vector<Purchase> AllOf5000() {
  const PurchaseHistory history({.seed = 7, .customers = kCustomersHere});
  std::vector<Purchase> purchases;
  for (size_t i = 0; i < history.size(); ++i) {
    purchases.push_back(history.Get(i));
  }
  return purchases;
}

TEST(Purchases, AreAboutTwelveForEachCustomerInTwoYears) {
  const Window period = PurchasePeriod();
  std::map<uint32_t, int> by_customer;
  std::set<std::string> ids;
  const std::vector<Purchase> purchases = AllOf5000();
  for (const Purchase& purchase : purchases) {
    ++by_customer[purchase.customer];
    ids.insert(purchase.activity_id);
    EXPECT_GE(purchase.time_ms, absl::ToUnixMillis(period.start));
    EXPECT_LT(purchase.time_ms, absl::ToUnixMillis(period.end));
    EXPECT_FALSE(purchase.cents.has_value());
  }
  EXPECT_THAT(by_customer, SizeIs(kCustomersHere));
  EXPECT_EQ(by_customer.rbegin()->first, kCustomersHere - 1);
  EXPECT_THAT(ids, SizeIs(purchases.size()));
  EXPECT_THAT(purchases.size(), AllOf(Ge(11U * kCustomersHere), Le(13U * kCustomersHere)));
}

TEST(Purchases, HaveNewCustomersInEachMonthAndThoseWhoLapse) {
  std::map<uint32_t, absl::CivilDay> first;
  std::map<uint32_t, absl::CivilDay> last;
  for (const Purchase& purchase : AllOf5000()) {
    const absl::CivilDay day = DayOf(purchase);
    first[purchase.customer] =
        std::min(first.try_emplace(purchase.customer, day).first->second, day);
    last[purchase.customer] = std::max(last.try_emplace(purchase.customer, day).first->second, day);
  }
  std::map<absl::CivilMonth, int> begun;
  int silent = 0;
  for (const auto& [customer, day] : first) {
    ++begun[absl::CivilMonth(day)];
    silent += last[customer] < absl::CivilDay(2023, 7, 1) ? 1 : 0;
  }
  EXPECT_THAT(begun, SizeIs(kPurchaseMonths));
  EXPECT_THAT(begun[absl::CivilMonth(2022, 1)],
              AllOf(Ge(kCustomersHere * 2 / 5), Le(kCustomersHere / 2)));
  EXPECT_THAT(begun[absl::CivilMonth(2023, 12)], Ge(kCustomersHere / 80));
  EXPECT_THAT(silent, AllOf(Ge(kCustomersHere / 5), Le(kCustomersHere / 2)));
}

TEST(Purchases, ComeByDayButForSomeLateOnes) {
  const std::vector<Purchase> purchases = AllOf5000();
  absl::CivilDay newest = DayOf(purchases.front());
  size_t late = 0;
  std::vector<int> delays;
  size_t falling = 0;
  for (size_t i = 0; i < purchases.size(); ++i) {
    const absl::CivilDay day = DayOf(purchases[i]);
    late += day < newest ? 1 : 0;
    delays.push_back(std::max(0, static_cast<int>(newest - day)));
    newest = std::max(newest, day);
    falling += i > 0 && purchases[i].customer < purchases[i - 1].customer ? 1 : 0;
  }
  EXPECT_THAT(late, AllOf(Ge(purchases.size() / 100), Le(purchases.size() / 33)));
  EXPECT_THAT(delays, Each(Le(30)));
  // In no order of customers.
  EXPECT_THAT(falling, AllOf(Ge(purchases.size() * 2 / 5), Le(purchases.size() * 3 / 5)));
}

TEST(Purchases, AreTheSameForTheSameOptions) {
  const PurchaseHistory one({.seed = 3, .customers = 50, .with_amounts = true});
  const PurchaseHistory same({.seed = 3, .customers = 50, .with_amounts = true});
  const PurchaseHistory other({.seed = 4, .customers = 50, .with_amounts = true});
  std::string lines;
  std::string same_lines;
  std::string other_lines;
  for (size_t i = 0; i < 100; ++i) {
    AppendCsvLine(one.Get(i), lines);
    AppendCsvLine(same.Get(i), same_lines);
    AppendCsvLine(other.Get(i), other_lines);
  }
  EXPECT_EQ(lines, same_lines);
  EXPECT_NE(lines, other_lines);
}

TEST(Purchases, GoIntoTheMessageAndTheLineWhole) {
  const Purchase purchase = {
      .activity_id = "order-17", .customer = 42, .time_ms = 1'709'294'400'007, .cents = 1'205};
  v1::Activity activity;
  FillActivity(purchase, activity);
  EXPECT_EQ(activity.kind(), "purchase");
  EXPECT_EQ(activity.activity_id(), "order-17");
  EXPECT_EQ(activity.customer_id(), CustomerId(42));
  EXPECT_EQ(activity.occur_time().seconds(), 1'709'294'400);
  EXPECT_EQ(activity.occur_time().nanos(), 7'000'000);
  EXPECT_EQ(activity.amount().units(), 12);
  EXPECT_EQ(activity.amount().nanos(), 50'000'000);
  EXPECT_EQ(activity.amount().currency_code(), "EUR");
  std::string line;
  AppendCsvLine(purchase, line);
  EXPECT_EQ(line, "order-17,customer-00000042,2024-03-01T12:00:00.007Z,12.05\n");
}

TEST(Purchases, HaveNoAmountUnlessAskedFor) {
  v1::Activity activity;
  FillActivity({.activity_id = "order-1", .customer = 1, .time_ms = 0, .cents = {}}, activity);
  EXPECT_FALSE(activity.has_amount());
  std::string line;
  AppendCsvLine({.activity_id = "order-1", .customer = 1, .time_ms = 0, .cents = {}}, line);
  EXPECT_EQ(line, "order-1,customer-00000001,1970-01-01T00:00:00.000Z,\n");
}

}  // namespace
}  // namespace emptychair::bench
