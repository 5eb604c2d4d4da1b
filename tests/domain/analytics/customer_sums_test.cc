#include "server/analytics/customer_sums.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {

void PrintTo(const CustomerSums& sums, std::ostream* out) {
  *out << sums.customers << " customers, n " << sums.answers << ", X " << sums.sum << ", nn "
       << sums.squared_answers << ", nX " << sums.products << ", XX " << sums.squared_sums;
}

namespace testing {
namespace {

using ::testing::ElementsAre;

statistics::ScoreMethod MethodOf(v1::SurveyKind kind, v1::MetricMethod method) {
  const auto scale = statistics::ResolveScale(kind, nullptr, "scale");
  EXPECT_OK(scale);
  const auto resolved = statistics::ScoreMethod::Resolve(kind, **scale, method, std::nullopt);
  EXPECT_OK(resolved);
  return *resolved;
}

TEST(ValuesOfBins, AreWhatAnAnswerAddsToTheMetric) {
  EXPECT_THAT(ValuesOfBins(MethodOf(v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_NET_PROMOTER)),
              ElementsAre(0, -1, -1, -1, -1, -1, -1, -1, 0, 0, 1, 1));
  EXPECT_THAT(ValuesOfBins(MethodOf(v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_TOP_BOX)),
              ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(ValuesOfBins(MethodOf(v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_MEAN)),
              ElementsAre(0, 1, 2, 3, 4, 5));
}

// Scores by customer, the last two anonymous.
TEST(CustomerSumsCounter, TakesTheAnswersOfACustomerTogether) {
  const std::vector<std::vector<uint8_t>> customers = {{10, 10, 9}, {9, 10},     {6, 5, 6},
                                                       {8},         {10, 9, 10}, {3, 7}};
  CustomerSumsCounter counter(
      1, 1, 7, ValuesOfBins(MethodOf(v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_NET_PROMOTER)));
  for (uint32_t i = 0; i < customers.size(); ++i) {
    for (const uint8_t score : customers[i]) {
      counter.Add(0, 0, i + 1, static_cast<uint8_t>(score + 1));
    }
  }
  counter.Add(0, 0, 0, 9 + 1);
  counter.Add(0, 0, 0, 8 + 1);
  EXPECT_THAT(counter.Finish(), ElementsAre(ElementsAre(CustomerSums{.customers = 8,
                                                                     .answers = 16,
                                                                     .sum = 5,
                                                                     .squared_answers = 38,
                                                                     .products = 12,
                                                                     .squared_sums = 33})));
}

TEST(CustomerSumsCounter, EqualsARecountOfEachPoint) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 50; ++round) {
    const size_t buckets = 1 + random() % 12;
    const size_t trailing = 1 + random() % (buckets + 2);
    const auto groups = static_cast<uint32_t>(1 + random() % 3);
    constexpr uint32_t kCustomers = 12;
    const std::vector<int32_t> values = {0, -3, 0, 1, 7};
    struct Added {
      uint32_t group;
      uint32_t bucket;
      uint32_t customer;
      int32_t value;
    };
    std::vector<Added> all;
    CustomerSumsCounter counter(buckets, trailing, kCustomers, values);
    // The last group has an answer, so that all are there.
    counter.Add(groups - 1, 0, 1, 1);
    all.push_back({groups - 1, 0, 1, values[1]});
    for (uint64_t i = random() % 200; i > 0; --i) {
      const auto bin = static_cast<uint8_t>(1 + random() % 4);
      all.push_back({static_cast<uint32_t>(random() % groups),
                     static_cast<uint32_t>(random() % buckets),
                     static_cast<uint32_t>(random() % kCustomers), values[bin]});
      counter.Add(all.back().group, all.back().bucket, all.back().customer, bin);
    }
    const auto sums = counter.Finish();
    ASSERT_EQ(sums.size(), groups);
    for (uint32_t group = 0; group < groups; ++group) {
      const bool has_answers = std::any_of(
          all.begin(), all.end(), [group](const Added& added) { return added.group == group; });
      ASSERT_EQ(sums[group].size(), has_answers ? buckets : 0);
      if (!has_answers) {
        continue;
      }
      for (size_t bucket = 0; bucket < buckets; ++bucket) {
        CustomerSums expected;
        std::map<std::pair<uint32_t, size_t>, std::pair<int64_t, int64_t>> customers;
        for (size_t i = 0; i < all.size() && bucket + 1 >= trailing; ++i) {
          if (all[i].group == group && all[i].bucket <= bucket &&
              all[i].bucket + trailing > bucket) {
            auto& [n, x] = customers[{all[i].customer, all[i].customer == 0 ? i : 0}];
            ++n;
            x += all[i].value;
          }
        }
        for (const auto& [customer, share] : customers) {
          const auto [n, x] = share;
          ++expected.customers;
          expected.answers += n;
          expected.sum += x;
          expected.squared_answers += n * n;
          expected.products += n * x;
          expected.squared_sums += x * x;
        }
        EXPECT_EQ(sums[group][bucket], expected)
            << "group " << group << ", bucket " << bucket << ", trailing " << trailing;
      }
    }
  }
}

}  // namespace
}  // namespace testing
}  // namespace emptychair
