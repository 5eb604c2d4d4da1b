#include "tools/chairctl/base/amount_text.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace emptychair {
namespace {

v1::Amount Amount(int64_t units, int32_t nanos) {
  v1::Amount amount;
  amount.set_units(units);
  amount.set_nanos(nanos);
  amount.set_currency_code("EUR");
  return amount;
}

TEST(AmountText, DigitsAreExactAndNoMoreThanNeeded) {
  EXPECT_EQ(AmountDigits(Amount(20, 0)), "20");
  EXPECT_EQ(AmountDigits(Amount(0, 0)), "0");
  EXPECT_EQ(AmountDigits(Amount(12, 500'000'000)), "12.5");
  EXPECT_EQ(AmountDigits(Amount(-12, -50'000'000)), "-12.05");
  EXPECT_EQ(AmountDigits(Amount(0, -1)), "-0.000000001");
  EXPECT_EQ(AmountDigits(Amount(-1'000'000'000'000, 0)), "-1000000000000");
}

TEST(AmountText, ForPeopleHasTwoDecimalsAtLeast) {
  EXPECT_EQ(AmountNumber(Amount(20, 0)), "20.00");
  EXPECT_EQ(AmountNumber(Amount(12, 500'000'000)), "12.50");
  EXPECT_EQ(AmountNumber(Amount(0, 125'000'000)), "0.125");
  EXPECT_EQ(AmountText(Amount(-12, -50'000'000)), "−12.05 EUR");
}

}  // namespace
}  // namespace emptychair
