#include "server/counting/customer_answers.h"

#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/counting/group_summer.h"
#include "storage/format/values.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace statistics {

void PrintTo(const CustomerSums& sums, std::ostream* out) {
  *out << sums.customers << " customers, " << sums.anonymous << " anonymous, n " << sums.answers
       << ", X " << sums.sum << ", nn " << sums.squared_answers << ", nX " << sums.products
       << ", XX " << sums.squared_sums;
}

}  // namespace statistics

namespace testing {
namespace {

using statistics::CustomerSums;
using ::testing::ElementsAre;

statistics::ScoreMethod MethodOf(v1::SurveyKind kind, v1::MetricMethod method) {
  const auto scale = statistics::ResolveScale(kind, nullptr, "scale");
  EXPECT_OK(scale);
  const auto resolved = statistics::ScoreMethod::Resolve(kind, **scale, method, std::nullopt);
  EXPECT_OK(resolved);
  return *resolved;
}

TEST(PointsOfBins, AreWhatAnAnswerAddsToTheMetric) {
  EXPECT_THAT(PointsOfBins(MethodOf(v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_NET_PROMOTER)),
              ElementsAre(0, -1, -1, -1, -1, -1, -1, -1, 0, 0, 1, 1));
  EXPECT_THAT(PointsOfBins(MethodOf(v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_TOP_BOX)),
              ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(PointsOfBins(MethodOf(v1::SURVEY_KIND_CSAT, v1::METRIC_METHOD_MEAN)),
              ElementsAre(0, 0, 1, 2, 3, 4));
}

// Scores by customer, the last two anonymous.
TEST(CustomerSummer, TakesTheAnswersOfACustomerTogether) {
  const std::vector<std::vector<uint8_t>> customers = {{10, 10, 9}, {9, 10},     {6, 5, 6},
                                                       {8},         {10, 9, 10}, {3, 7}};
  CustomerAnswers answers(
      1, PointsOfBins(MethodOf(v1::SURVEY_KIND_NPS, v1::METRIC_METHOD_NET_PROMOTER)));
  for (uint32_t i = 0; i < customers.size(); ++i) {
    for (const uint8_t score : customers[i]) {
      answers.Add(0, 0, i + 1, static_cast<uint8_t>(score + 1));
    }
  }
  answers.Add(0, 0, storage::kAnonymous, 9 + 1);
  answers.Add(0, 0, storage::kAnonymous, 8 + 1);
  answers.Sort();
  EXPECT_THAT(CustomerSummer(7, 18).Sum(answers, {0}, 1),
              ElementsAre(CustomerSums{.customers = 8,
                                       .anonymous = 2,
                                       .answers = 16,
                                       .sum = 5,
                                       .squared_answers = 38,
                                       .products = 12,
                                       .squared_sums = 33}));
}

struct Added {
  uint32_t group;
  uint32_t bucket;
  uint32_t customer;
  int32_t points;
};

// What customers have among the answers that `is_in` lets through, by a plain recount. Anonymous
// ones have numbers of their own, from below.
template <typename IsIn>
std::map<int64_t, std::pair<int64_t, int64_t>> SharesOf(const std::vector<Added>& all, IsIn is_in) {
  std::map<int64_t, std::pair<int64_t, int64_t>> shares;
  for (size_t i = 0; i < all.size(); ++i) {
    if (is_in(all[i])) {
      const bool is_known = all[i].customer != storage::kAnonymous;
      auto& [m, x] = shares[is_known ? all[i].customer : -1 - static_cast<int64_t>(i)];
      ++m;
      x += all[i].points;
    }
  }
  return shares;
}

class RandomCustomersTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kCustomers = 12;

  void Draw(uint32_t groups, size_t buckets) {
    const std::vector<int32_t> points = {0, -3, 0, 1, 7};
    all_.clear();
    answers_.emplace(buckets, points);
    for (uint64_t i = random_() % 200; i > 0; --i) {
      const auto bin = static_cast<uint8_t>(1 + random_() % 4);
      all_.push_back({static_cast<uint32_t>(random_() % groups),
                      static_cast<uint32_t>(random_() % buckets),
                      static_cast<uint32_t>(random_() % kCustomers), points[bin]});
      answers_->Add(all_.back().group, all_.back().bucket, all_.back().customer, bin);
    }
    answers_->Sort();
  }

  std::mt19937_64 random_{SeedFromEnvOrRandom()};
  std::vector<Added> all_;
  std::optional<CustomerAnswers> answers_;
};

TEST_F(RandomCustomersTest, SumsEqualARecountOfEachPoint) {
  for (int round = 0; round < 50; ++round) {
    const size_t buckets = 1 + random_() % 12;
    const size_t trailing = 1 + random_() % (buckets + 2);
    const auto groups = static_cast<uint32_t>(1 + random_() % 3);
    Draw(groups, buckets);
    // As an array, and hashed.
    CustomerSummer summer(random_() % 2 == 0 ? kCustomers : 1'000'000, all_.size());
    for (uint32_t last = 0; last < groups; ++last) {
      // One group, and then all up to it.
      for (const uint32_t first : {last, uint32_t{0}}) {
        std::vector<uint32_t> taken(last + 1 - first);
        std::iota(taken.begin(), taken.end(), first);
        const auto sums = summer.Sum(*answers_, taken, trailing);
        ASSERT_EQ(sums.size(), buckets);
        for (size_t bucket = 0; bucket < buckets; ++bucket) {
          CustomerSums expected;
          for (const auto& [customer, share] : SharesOf(all_, [&](const Added& added) {
                 return bucket + 1 >= trailing && added.group >= first && added.group <= last &&
                        added.bucket <= bucket && added.bucket + trailing > bucket;
               })) {
            const auto [m, x] = share;
            ++expected.customers;
            expected.anonymous += customer < 0 ? 1 : 0;
            expected.answers += m;
            expected.sum += x;
            expected.squared_answers += m * m;
            expected.products += m * x;
            expected.squared_sums += x * x;
          }
          EXPECT_EQ(sums[bucket], expected)
              << first << " to " << last << ", bucket " << bucket << ", trailing " << trailing;
        }
      }
    }
  }
}

TEST_F(RandomCustomersTest, SharedSumsEqualARecount) {
  for (int round = 0; round < 50; ++round) {
    Draw(1, 2);
    const auto base = SharesOf(all_, [](const Added& added) { return added.bucket == 0; });
    const auto candidate = SharesOf(all_, [](const Added& added) { return added.bucket == 1; });
    statistics::SharedCustomerSums expected;
    for (const auto& [customer, share] : base) {
      const auto other = candidate.find(customer);
      if (other != candidate.end()) {
        expected.answers += share.first * other->second.first;
        expected.base_sums += share.second * other->second.first;
        expected.candidate_sums += share.first * other->second.second;
        expected.sums += share.second * other->second.second;
      }
    }
    CustomerSummer summer(random_() % 2 == 0 ? kCustomers : 1'000'000, all_.size());
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(summer.SumShared(answers_->Of(0, 0), answers_->Of(0, 1)), expected);
    }
  }
}

// Of a group on each side: every sum by a plain recount over customers.
TEST_F(RandomCustomersTest, GroupSumsEqualARecount) {
  for (int round = 0; round < 50; ++round) {
    Draw(3, 2);
    const auto spans_of = [&](size_t side) {
      return AnswerSpans{answers_->Of(0, side), answers_->Of(1, side), answers_->Of(2, side)};
    };
    GroupSummer summer(random_() % 2 == 0 ? kCustomers : 1'000'000, spans_of(0), spans_of(1));
    for (uint32_t group = 0; group < 3; ++group) {
      const statistics::GroupByCustomer sums =
          summer.Sum({answers_->Of(group, 0)}, {answers_->Of(group, 1)});
      std::array<std::map<int64_t, std::pair<int64_t, int64_t>>, 2> whole;
      std::array<std::map<int64_t, std::pair<int64_t, int64_t>>, 2> part;
      for (uint32_t side = 0; side < 2; ++side) {
        whole[side] = SharesOf(all_, [&](const Added& added) { return added.bucket == side; });
        part[side] = SharesOf(
            all_, [&](const Added& added) { return added.bucket == side && added.group == group; });
      }
      const auto answers = [](auto& shares, int64_t customer) {
        const auto found = shares.find(customer);
        return found == shares.end() ? 0 : found->second.first;
      };
      const auto points = [](auto& shares, int64_t customer) {
        const auto found = shares.find(customer);
        return found == shares.end() ? 0 : found->second.second;
      };
      statistics::GroupByCustomer expected;
      int64_t shared_answers = 0;
      std::set<int64_t> customers;
      for (const auto& side : whole) {
        for (const auto& [customer, share] : side) {
          customers.insert(customer);
        }
      }
      for (const int64_t c : customers) {
        for (uint32_t side = 0; side < 2; ++side) {
          statistics::GroupSums& own = side == 0 ? expected.base : expected.candidate;
          const int64_t m = answers(part[side], c);
          const int64_t x = points(part[side], c);
          own.squared_answers += m * m;
          own.products += m * x;
          own.squared_sums += x * x;
          own.answers_of_all += m * answers(whole[side], c);
          own.sums_of_all += x * answers(whole[side], c);
        }
        const int64_t m0 = answers(part[0], c);
        const int64_t x0 = points(part[0], c);
        const int64_t all0 = answers(whole[0], c);
        const int64_t m1 = answers(part[1], c);
        const int64_t x1 = points(part[1], c);
        const int64_t all1 = answers(whole[1], c);
        shared_answers += all0 * all1;
        expected.shared.sums_sums += x0 * x1;
        expected.shared.sums_answers += x0 * m1;
        expected.shared.sums_all += x0 * all1;
        expected.shared.answers_sums += m0 * x1;
        expected.shared.answers_answers += m0 * m1;
        expected.shared.answers_all += m0 * all1;
        expected.shared.all_sums += all0 * x1;
        expected.shared.all_answers += all0 * m1;
      }
      EXPECT_EQ(summer.shared_answers(), shared_answers);
      EXPECT_EQ(sums, expected) << "group " << group;
    }
  }
}

}  // namespace
}  // namespace testing
}  // namespace emptychair
