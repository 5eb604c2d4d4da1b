// What honesty judges by: customers whose opinions are known, and the rule when a row fails.
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairbench/honesty/generator.h"
#include "tools/chairbench/honesty/row.h"

namespace emptychair::bench {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Le;

constexpr uint64_t kSeed = 7;
constexpr double kAlmostOne = 1 - 0x1p-53;

std::vector<DrawnAnswer> Draw(const Side& side, Returning returning, uint64_t seed, int replicate,
                              int index) {
  std::vector<DrawnAnswer> answers;
  DrawAnswers(side, returning, seed, replicate, index,
              [&](const DrawnAnswer& answer) { answers.push_back(answer); });
  return answers;
}

double Correlation(const std::vector<std::pair<double, double>>& pairs) {
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (const auto& [a, b] : pairs) {
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const auto n = static_cast<double>(pairs.size());
  return (n * xy - x * y) / std::sqrt((n * xx - x * x) * (n * yy - y * y));
}

TEST(Distribution, HasTheNumbersOfItsWeights) {
  const Distribution distribution(3, {0, 1, 0, 3, 0});
  EXPECT_EQ(distribution.first(), 3);
  EXPECT_EQ(distribution.last(), 7);
  EXPECT_EQ(distribution.At(0), 4);
  EXPECT_EQ(distribution.At(0.2499), 4);
  EXPECT_EQ(distribution.At(0.25), 6);
  EXPECT_EQ(distribution.At(kAlmostOne), 6);
  EXPECT_DOUBLE_EQ(distribution.Share(6, 99), 0.75);
  EXPECT_DOUBLE_EQ(distribution.Share(-5, 2), 0);
  EXPECT_DOUBLE_EQ(distribution.Mean(), 0.25 * 4 + 0.75 * 6);
}

TEST(Distribution, OfNpsScoresHasItsPercentages) {
  const Distribution scores = NpsScores(55, 30, 15);
  EXPECT_DOUBLE_EQ(NetPromoterOf(scores), 40);
  EXPECT_DOUBLE_EQ(scores.Share(7, 8), 0.3);
  EXPECT_EQ(NpsScores(0, 60, 40).At(kAlmostOne), 8);
}

TEST(Crowd, CountsThoseWhoAnswerOften) {
  EXPECT_EQ((Crowd{.customers = 200, .answers = 5}).CountAnswers(), 1'000);
  EXPECT_EQ((Crowd{.customers = 200, .answers = 1, .often_every = 10, .often = 20}).CountAnswers(),
            580);
  EXPECT_EQ((Crowd{.customers = 50, .answers = 1, .often_every = 2, .often = 6}).CountAnswers(),
            175);
}

TEST(DrawnAnswers, HaveTheSharesThatTheyAreDrawnFrom) {
  const Side side = {{.customers = 40'000, .answers = 2, .rho = 0.6}, NpsScores(50, 30, 20)};
  std::vector<double> counts(11);
  for (const DrawnAnswer& answer : Draw(side, Returning::kNobody, kSeed, 0, 0)) {
    counts[static_cast<size_t>(answer.score)] += 1.0 / 80'000;
  }
  for (int score = 0; score <= 10; ++score) {
    EXPECT_THAT(counts[static_cast<size_t>(score)],
                DoubleNear(side.scores.Share(score, score), 0.008))
        << score;
  }
}

TEST(DrawnAnswers, OfOneCustomerAreAsAlikeAsWished) {
  for (const double rho : {0.0, 0.3, 0.6}) {
    const Side side = {{.customers = 40'000, .answers = 2, .rho = rho}, NpsScores(50, 30, 20)};
    const std::vector<DrawnAnswer> answers = Draw(side, Returning::kNobody, kSeed, 0, 0);
    ASSERT_EQ(answers.size(), 80'000);
    std::vector<std::pair<double, double>> pairs;
    for (size_t i = 0; i < answers.size(); i += 2) {
      ASSERT_EQ(answers[i].customer, answers[i + 1].customer);
      pairs.emplace_back(answers[i].score, answers[i + 1].score);
    }
    EXPECT_THAT(Correlation(pairs), DoubleNear(rho, 0.02));
  }
}

TEST(DrawnAnswers, OfTwoSidesAreAlikeWhereCustomersReturn) {
  const Side side = {{.customers = 40'000, .rho = 0.6}, NpsScores(50, 30, 20)};
  for (const Returning returning : {Returning::kNobody, Returning::kHalf, Returning::kAll}) {
    const std::vector<DrawnAnswer> before = Draw(side, returning, kSeed, 3, 0);
    const std::vector<DrawnAnswer> after = Draw(side, returning, kSeed, 3, 1);
    std::vector<std::pair<double, double>> pairs[2];
    for (size_t i = 0; i < before.size(); ++i) {
      const bool returns =
          returning == Returning::kAll || (returning == Returning::kHalf && i % 2 == 0);
      EXPECT_EQ(before[i].home, 0);
      EXPECT_EQ(after[i].home, returns ? 0 : 1);
      EXPECT_EQ(before[i].customer_seed == after[i].customer_seed, returns);
      pairs[returns ? 1 : 0].emplace_back(before[i].score, after[i].score);
    }
    if (returning != Returning::kAll) {
      EXPECT_THAT(Correlation(pairs[0]), DoubleNear(0, 0.03));
    }
    if (returning != Returning::kNobody) {
      EXPECT_THAT(Correlation(pairs[1]), DoubleNear(0.6, 0.03));
    }
  }
}

TEST(DrawnAnswers, AreTheSameForOneSeedAndOthersForAnother) {
  const Side side = {{.customers = 50, .answers = 3, .rho = 0.6}, NpsScores(50, 30, 20)};
  const auto scores = [&](uint64_t seed, int replicate, int index) {
    std::vector<int> all;
    for (const DrawnAnswer& answer : Draw(side, Returning::kNobody, seed, replicate, index)) {
      all.push_back(answer.score);
    }
    return all;
  };
  EXPECT_EQ(scores(kSeed, 0, 0), scores(kSeed, 0, 0));
  EXPECT_NE(scores(kSeed, 0, 0), scores(kSeed + 1, 0, 0));
  EXPECT_NE(scores(kSeed, 0, 0), scores(kSeed, 1, 0));
  EXPECT_NE(scores(kSeed, 0, 0), scores(kSeed, 0, 1));
  EXPECT_NE(SeedOf(kSeed, "a"), SeedOf(kSeed, "b"));
  EXPECT_NE(SeedOf({1, 2}), SeedOf({2, 1}));
}

TEST(DrawnPlaces, FollowThePaceOfTheWindow) {
  constexpr int kPlaces = 40'000;
  Side side = {{.customers = 1}, NpsScores(50, 30, 20)};
  for (const double first_half : {0.5, 0.9}) {
    if (first_half != 0.5) {
      side.pace = Distribution(0, {first_half, 1 - first_half});
    }
    Random random(kSeed);
    std::vector<double> places;
    double in_first_half = 0;
    for (int i = 0; i < kPlaces; ++i) {
      places.push_back(DrawPlace(side, random));
      in_first_half += places.back() < 0.5 ? 1.0 / kPlaces : 0;
    }
    EXPECT_THAT(places, Each(::testing::AllOf(Ge(0), Le(1))));
    EXPECT_THAT(in_first_half, DoubleNear(first_half, 0.015));
  }
}

TEST(DeviationOfChange, IsThatOfTheFormula) {
  // The variance of one answer of 50/30/20 is 0.7 - 0.3^2.
  const double once_each = 100 * std::sqrt(2 * 0.61 / 100);
  const Side side = {{.customers = 100, .rho = 0.6}, NpsScores(50, 30, 20)};
  EXPECT_THAT(DeviationOfChange(side, side, Returning::kNobody, kSeed, 4'000),
              DoubleNear(once_each, 0.05 * once_each));
  EXPECT_THAT(DeviationOfChange(side, side, Returning::kAll, kSeed, 4'000),
              DoubleNear(once_each * std::sqrt(0.4), 0.05 * once_each));
}

TEST(HonestyRow, HoldsUnlessItIsBeyondItsLimitByMoreThanChance) {
  // 2 sqrt(0.95 * 0.05 / 400) is 0.0218.
  EXPECT_TRUE((HonestyRow{"", 0.95, 400, 0.95, {}}).Holds());
  EXPECT_TRUE((HonestyRow{"", 0.929, 400, 0.95, {}}).Holds());
  EXPECT_FALSE((HonestyRow{"", 0.928, 400, 0.95, {}}).Holds());
  EXPECT_TRUE((HonestyRow{"", 0.071, 400, {}, 0.05}).Holds());
  EXPECT_FALSE((HonestyRow{"", 0.072, 400, {}, 0.05}).Holds());
  EXPECT_TRUE((HonestyRow{"", 0, 400, {}, 0.05}).Holds());
  EXPECT_FALSE((HonestyRow{"", 0.99, 400, 0.94, 0.965}).Holds());
  // What few replicates leave open, many decide.
  EXPECT_TRUE((HonestyRow{"", 0.92, 100, 0.95, {}}).Holds());
  EXPECT_FALSE((HonestyRow{"", 0.92, 10'000, 0.95, {}}).Holds());
}

TEST(HonestyRow, DoesNotHoldWithoutAnythingToJudgeBy) {
  EXPECT_FALSE(RowAtMost("", {}, 0.05).Holds());
  EXPECT_FALSE((HonestyRow{"", std::numeric_limits<double>::infinity(), 10, 0.95, {}}).Holds());
}

TEST(HonestyRow, IsARateOfItsTally) {
  Tally tally;
  tally.Add(true);
  tally.Add(false);
  tally.Add(Tally{.hits = 2, .replicates = 2});
  const HonestyRow row = RowBetween("NPS", tally, 0.5, 0.8);
  EXPECT_EQ(row.rate, 0.75);
  EXPECT_EQ(row.replicates, 4);
  EXPECT_EQ(row.low, 0.5);
  EXPECT_EQ(row.high, 0.8);
  EXPECT_EQ(RowAtLeast("", tally, 0.5).high, std::nullopt);
  EXPECT_EQ(RowAtMost("", tally, 0.8).low, std::nullopt);
}

TEST(HonestyRow, IsOneLineOfJson) {
  EXPECT_EQ(ToJsonLine(HonestyRow{"NPS", 0.95, 400, 0.94, {}}),
            "{\"setting\":\"NPS\",\"rate\":0.95,\"replicates\":400,\"low\":0.94,\"high\":null,"
            "\"holds\":true}\n");
  EXPECT_EQ(ToJsonLine(RowAtMost("none", {}, 0.05)),
            "{\"setting\":\"none\",\"rate\":null,\"replicates\":0,\"low\":null,\"high\":0.05,"
            "\"holds\":false}\n");
}

TEST(HonestyRow, StandsInATableForPeople) {
  std::ostringstream out;
  PrintTable(HonestyRows{{"NPS", 0.95, 400, 0.94, {}}, {"no change", 0.2, 1'000, {}, 0.055}}, out);
  EXPECT_EQ(out.str(),
            "setting    rate %  at least  at most  replicates  holds\n"
            "NPS         95.00      94.0        –         400  yes\n"
            "no change   20.00         –      5.5        1000  NO\n");
}

}  // namespace
}  // namespace emptychair::bench
