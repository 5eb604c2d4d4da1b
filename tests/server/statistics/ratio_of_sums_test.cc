#include "server/statistics/ratio_of_sums.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::statistics {
namespace {

// Half a unit of the last decimal to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;

constexpr int64_t kUnit = 1'000'000'000;

Confidence Level(double level) { return Confidence::Of(level).value(); }

// Pairs of amounts before and now.
using Amounts = std::vector<std::pair<absl::int128, absl::int128>>;

Amounts EightCustomers() {
  Amounts amounts = {{40, 0},   {60, 60}, {80, 120}, {20, 25},
                     {100, 70}, {55, 0},  {45, 45},  {30, 60}};
  for (auto& [before, now] : amounts) {
    before *= kUnit;
    now *= kUnit;
  }
  return amounts;
}

AmountRetention RetentionOf(const Amounts& amounts) {
  AmountRetention retention;
  for (const auto& [before, now] : amounts) {
    retention.Add(before, now);
  }
  return retention;
}

void ExpectEstimate(const std::optional<Estimate>& estimate, double value, double standard_error,
                    double low, double high) {
  ASSERT_TRUE(estimate.has_value());
  EXPECT_NEAR(estimate->value, value, kFourDecimals);
  ASSERT_TRUE(estimate->standard_error.has_value());
  EXPECT_NEAR(*estimate->standard_error, standard_error, kFourDecimals);
  ASSERT_TRUE(estimate->interval.has_value());
  EXPECT_NEAR(estimate->interval->low, low, kFourDecimals);
  EXPECT_NEAR(estimate->interval->high, high, kFourDecimals);
}

TEST(AmountRetention, GivesTheReferences) {
  const AmountRetention retention = RetentionOf(EightCustomers());
  EXPECT_EQ(retention.customers(), 8);
  EXPECT_EQ(retention.before(), absl::int128(430) * kUnit);
  EXPECT_EQ(retention.now(), absl::int128(380) * kUnit);
  ExpectEstimate(retention.Net(Confidence()), 88.3721, 21.7185, 45.8046, 130.9395);
  ExpectEstimate(retention.Gross(Confidence()), 70.9302, 14.6108, 42.2935, 99.5669);
  ExpectEstimate(retention.Net(Level(0.80)), 88.3721, 21.7185, 60.5387, 116.2054);
  ExpectEstimate(retention.Gross(Level(0.99)), 70.9302, 14.6108, 33.2952, 108.5652);
}

TEST(AmountRetention, OfNobodyIsAbsent) {
  const AmountRetention retention;
  EXPECT_EQ(retention.customers(), 0);
  EXPECT_EQ(retention.before(), 0);
  EXPECT_FALSE(retention.Net(Confidence()).has_value());
  EXPECT_FALSE(retention.Gross(Confidence()).has_value());
}

TEST(AmountRetention, OfOneCustomerHasNoInterval) {
  const AmountRetention retention = RetentionOf({{80 * kUnit, 120 * kUnit}});
  for (const auto& [estimate, value] : {std::pair(retention.Net(Confidence()), 150.0),
                                        std::pair(retention.Gross(Confidence()), 100.0)}) {
    ASSERT_TRUE(estimate.has_value());
    EXPECT_DOUBLE_EQ(estimate->value, value);
    EXPECT_FALSE(estimate->standard_error.has_value());
    EXPECT_FALSE(estimate->interval.has_value());
  }
}

TEST(AmountRetention, IsAbsentUnlessSomethingWasSpentBefore) {
  for (const Amounts& amounts : {Amounts{{0, 50}}, Amounts{{0, 50}, {0, 0}},
                                 Amounts{{70, 10}, {-70, 10}}, Amounts{{70, 10}, {-71, 10}}}) {
    const AmountRetention retention = RetentionOf(amounts);
    EXPECT_FALSE(retention.Net(Confidence()).has_value());
    EXPECT_FALSE(retention.Gross(Confidence()).has_value());
    EXPECT_GT(retention.now(), 0);
  }
  // One nano is something.
  EXPECT_TRUE(RetentionOf({{70, 10}, {-69, 10}}).Net(Confidence()).has_value());
}

TEST(AmountRetention, TakesRefunds) {
  const AmountRetention retention =
      RetentionOf({{100, -20}, {-30, 10}, {50, -5}, {0, 40}, {80, 90}});
  ExpectEstimate(retention.Net(Confidence()), 57.5, 59.7492, -59.6062, 174.6062);
  // Of the five only the last kept anything: 80 of 200.
  ExpectEstimate(retention.Gross(Confidence()), 40, 37.2827, -33.0728, 113.0728);
}

TEST(AmountRetention, OfLessThanNothingNowIsNegativeNetAndZeroGross) {
  const AmountRetention retention = RetentionOf({{100, -20}, {50, -10}});
  EXPECT_DOUBLE_EQ(retention.Net(Confidence())->value, -20);
  EXPECT_EQ(retention.Gross(Confidence())->value, 0);
  EXPECT_EQ(retention.Gross(Confidence())->interval, (Interval{0, 0}));
}

TEST(AmountRetention, OfTheSameAmountsHasNoSpreadAtAll) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  AmountRetention same;
  for (int i = 0; i < 10'000; ++i) {
    const absl::int128 amount = absl::int128(random() >> 10) * 1'000'003;
    same.Add(amount, amount);
  }
  EXPECT_EQ(same.Net(Confidence()), (Estimate{100, 0, Interval{100, 100}}));
  EXPECT_EQ(same.Gross(Confidence()), same.Net(Confidence()));
}

// Of pairs that are all in one ratio nothing but rounding is left, which may be below 0.
TEST(AmountRetention, OfOneRatioHasNextToNoSpread) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 100; ++round) {
    const int64_t factor = std::uniform_int_distribution<int64_t>(1, 999)(random);
    AmountRetention scaled;
    for (int i = 0; i < 100; ++i) {
      const absl::int128 part = std::uniform_int_distribution<int64_t>(1, kUnit)(random);
      scaled.Add(part * 1'000, part * factor);
    }
    const auto net = scaled.Net(Confidence());
    EXPECT_NEAR(net->value, static_cast<double>(factor) / 10, 1e-12);
    EXPECT_NEAR(*net->standard_error, 0, 1e-7);
  }
}

// Two passes, with residuals of amounts that were made around one, so that nothing is lost.
struct PlainRatio {
  long double value = 0;
  long double standard_error = 0;
};
PlainRatio PlainRatioOf(const Amounts& amounts) {
  absl::int128 sum_x = 0;
  absl::int128 sum_y = 0;
  for (const auto& [x, y] : amounts) {
    sum_x += x;
    sum_y += y;
  }
  const auto before = static_cast<long double>(sum_x);
  // r - 1, and y - r x = (y - x) - (r - 1) x.
  const long double above = static_cast<long double>(sum_y - sum_x) / before;
  long double squares = 0;
  for (const auto& [x, y] : amounts) {
    const long double residual =
        static_cast<long double>(y - x) - above * static_cast<long double>(x);
    squares += residual * residual;
  }
  const auto n = static_cast<long double>(amounts.size());
  return {.value = 100 * (1 + above),
          .standard_error = 100 * std::sqrt(n / (n - 1) * squares) / before};
}

Amounts Kept(Amounts amounts) {
  for (auto& [x, y] : amounts) {
    y = std::max(absl::int128(0), std::min(x, y));
  }
  return amounts;
}

TEST(AmountRetention, AgreesWithAPlainModel) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 300; ++round) {
    const int customers = std::uniform_int_distribution<int>(2, 200)(random);
    // From nanos to the largest amounts of an activity.
    const absl::int128 scale = absl::int128(1) << std::uniform_int_distribution<int>(0, 50)(random);
    std::uniform_int_distribution<int64_t> draw(-200'000, 1'000'000);
    Amounts amounts;
    absl::int128 before = 0;
    for (int i = 0; i < customers; ++i) {
      amounts.emplace_back(draw(random) * scale, draw(random) % 3 == 0 ? 0 : draw(random) * scale);
      before += amounts.back().first;
    }
    if (before <= 0) {
      continue;
    }
    const AmountRetention retention = RetentionOf(amounts);
    for (const auto& [estimate, plain] :
         {std::pair(retention.Net(Confidence()), PlainRatioOf(amounts)),
          std::pair(retention.Gross(Confidence()), PlainRatioOf(Kept(amounts)))}) {
      ASSERT_TRUE(estimate.has_value());
      const auto value = static_cast<double>(plain.value);
      const auto error = static_cast<double>(plain.standard_error);
      const double margin = Confidence().z() * error;
      const double tolerance = 1e-11 * (std::abs(value) + margin + 1);
      ASSERT_NEAR(estimate->value, value, tolerance) << round;
      ASSERT_NEAR(*estimate->standard_error, error, tolerance) << round;
      ASSERT_NEAR(estimate->interval->low, value - margin, tolerance) << round;
      ASSERT_NEAR(estimate->interval->high, value + margin, tolerance) << round;
    }
  }
}

// Spreads of a unit around 10^12 of them, whose squares agree in 24 digits.
TEST(AmountRetention, KeepsASmallSpreadOfLargeAmounts) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  std::uniform_int_distribution<int64_t> spread(-kUnit, kUnit);
  const absl::int128 large = absl::int128(1'000'000'000'000) * kUnit;
  Amounts amounts;
  for (int i = 0; i < 100'000; ++i) {
    amounts.emplace_back(large + spread(random), large + spread(random));
  }
  const auto net = RetentionOf(amounts).Net(Confidence());
  const PlainRatio plain = PlainRatioOf(amounts);
  EXPECT_NEAR(net->value, 100, 1e-9);
  EXPECT_NEAR(*net->standard_error / static_cast<double>(plain.standard_error), 1, 1e-4);
}

TEST(AmountRetention, DoesNotOverflowAtItsLimits) {
  // 10^17 activities of 10^12 units.
  const absl::int128 all =
      absl::int128(1'000'000'000'000'000'000) * 100'000'000'000'000'000 * 1'000;
  const AmountRetention retention = RetentionOf({{all / 2, all / 4}, {all / 2, all / 2}});
  ExpectEstimate(retention.Net(Confidence()), 75, 25, 25 * (3 - 1.959964), 25 * (3 + 1.959964));
}

AmountPerCustomer PerCustomer(const std::vector<int64_t>& units) {
  AmountPerCustomer amounts;
  for (const int64_t unit : units) {
    amounts.Add(absl::int128(unit) * kUnit);
  }
  return amounts;
}

TEST(AmountPerCustomer, GivesTheReferences) {
  const AmountPerCustomer amounts = PerCustomer({0, 60, 120, 25, 70, 0, 45, 60});
  EXPECT_EQ(amounts.customers(), 8);
  EXPECT_EQ(amounts.sum(), absl::int128(380) * kUnit);
  ExpectEstimate(amounts.Mean(8, Confidence()), 47.5, 14.0789, 19.9059, 75.0941);
  ExpectEstimate(amounts.Mean(12, Confidence()), 31.6667, 11.3873, 9.3479, 53.9855);
}

TEST(AmountPerCustomer, CountsThoseWithoutAnAmountAsIfTheirsWereZero) {
  AmountPerCustomer with_zeros = PerCustomer({0, 60, 120, -25});
  const auto without = with_zeros.Mean(1'000'000, Confidence());
  for (int64_t i = with_zeros.customers(); i < 1'000'000; ++i) {
    with_zeros.Add(0);
  }
  const auto with = with_zeros.Mean(1'000'000, Confidence());
  EXPECT_DOUBLE_EQ(without->value, with->value);
  EXPECT_NEAR(*without->standard_error / *with->standard_error, 1, 1e-12);
}

TEST(AmountPerCustomer, OfNobodyIsAbsent) {
  EXPECT_FALSE(AmountPerCustomer().Mean(0, Confidence()).has_value());
  EXPECT_EQ(AmountPerCustomer().sum(), 0);
}

TEST(AmountPerCustomer, OfOneHasNoInterval) {
  const auto mean = PerCustomer({5}).Mean(1, Confidence());
  EXPECT_EQ(mean, (Estimate{.value = 5}));
  EXPECT_EQ(AmountPerCustomer().Mean(1, Confidence()), Estimate{.value = 0});
}

TEST(AmountPerCustomer, OfCustomersWhoBoughtNothingIsZeroWithoutSpread) {
  EXPECT_EQ(AmountPerCustomer().Mean(30, Confidence()), (Estimate{0, 0, Interval{0, 0}}));
}

TEST(AmountPerCustomer, MayBeNegative) {
  ExpectEstimate(PerCustomer({-20, 30, -10}).Mean(3, Confidence()), 0, 15.2753, -29.9389, 29.9389);
  EXPECT_DOUBLE_EQ(PerCustomer({-20, 10}).Mean(4, Confidence())->value, -2.5);
}

TEST(AmountPerCustomer, AgreesWithAPlainModel) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 300; ++round) {
    const int added = std::uniform_int_distribution<int>(0, 100)(random);
    const int others = std::uniform_int_distribution<int>(2, 100)(random);
    const int64_t around = std::uniform_int_distribution<int64_t>(-kUnit, kUnit)(random) * 1'000;
    std::vector<int64_t> nanos(static_cast<size_t>(added + others), 0);
    AmountPerCustomer amounts;
    for (int i = 0; i < added; ++i) {
      const int64_t amount = around + std::uniform_int_distribution<int64_t>(-kUnit, kUnit)(random);
      nanos[static_cast<size_t>(i)] = amount;
      amounts.Add(amount);
    }
    long double mean = 0;
    for (const int64_t amount : nanos) {
      mean += static_cast<long double>(amount) / 1e9L / static_cast<long double>(nanos.size());
    }
    long double squares = 0;
    for (const int64_t amount : nanos) {
      const long double from = static_cast<long double>(amount) / 1e9L - mean;
      squares += from * from;
    }
    const auto n = static_cast<long double>(nanos.size());
    const auto error = static_cast<double>(std::sqrt(squares / (n - 1) / n));
    const auto estimate = amounts.Mean(added + others, Confidence());
    ASSERT_TRUE(estimate.has_value());
    ASSERT_NEAR(estimate->value, static_cast<double>(mean), 1e-10) << round;
    ASSERT_NEAR(*estimate->standard_error, error, 1e-10) << round;
    ASSERT_NEAR(estimate->interval->high, estimate->value + Confidence().z() * error, 1e-9);
  }
}

}  // namespace
}  // namespace emptychair::statistics
