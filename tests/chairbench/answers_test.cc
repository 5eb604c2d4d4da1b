#include "tools/chairbench/records/answers.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::bench {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

TEST(BenchAnswers, HaveExactly500CombinationsOfFiveDimensions) {
  std::set<std::vector<std::string>> combinations;
  std::map<std::string, std::set<std::string>> values;
  for (uint32_t i = 0; i < kCombinations; ++i) {
    std::vector<std::string> combination;
    for (const auto& [key, value] : CombinationOf(i)) {
      combination.emplace_back(value);
      values[std::string(key)].emplace(value);
    }
    combinations.insert(combination);
  }
  EXPECT_EQ(kCombinations, 500);
  EXPECT_THAT(combinations, SizeIs(500));
  EXPECT_THAT(values, SizeIs(5));
  EXPECT_THAT(values.at(std::string(kTenValues)), SizeIs(10));
  const v1::Survey survey = BenchSurvey();
  EXPECT_THAT(survey.dimensions(), SizeIs(5));
  for (const std::string& dimension : survey.dimensions()) {
    EXPECT_TRUE(values.contains(dimension)) << dimension;
  }
}

TEST(BenchAnswers, HaveTheirLabelsInTheOrderInWhichTheyAreStored) {
  for (uint32_t i = 0; i < kCombinations; ++i) {
    const auto combination = CombinationOf(i);
    EXPECT_TRUE(std::is_sorted(combination.begin(), combination.end(),
                               [](const auto& a, const auto& b) { return a.key < b.key; }));
  }
}

TEST(BenchAnswers, EachHaveAnIdAndACustomerAndSpreadOverAllCombinations) {
  constexpr int64_t kTime = 1'709'294'400'000;
  Random random(1);
  std::set<Uuid> ids;
  std::set<uint32_t> combinations;
  std::set<int32_t> scores;
  int unscored = 0;
  int commented = 0;
  for (int i = 0; i < 20'000; ++i) {
    const BenchAnswer answer = RandomAnswer(kTime, random);
    EXPECT_TRUE(answer.feedback_id.IsV7());
    EXPECT_EQ(answer.feedback_id.UnixMs(), kTime);
    EXPECT_LT(answer.customer, kCustomers);
    ids.insert(answer.feedback_id);
    combinations.insert(answer.combination);
    unscored += answer.score.has_value() ? 0 : 1;
    scores.insert(answer.score.value_or(0));
    commented += answer.comment.empty() ? 0 : 1;
  }
  EXPECT_THAT(ids, SizeIs(20'000));
  EXPECT_THAT(combinations, SizeIs(500));
  EXPECT_EQ(*combinations.rbegin(), 499);
  EXPECT_THAT(scores, SizeIs(11));
  EXPECT_THAT(unscored, AllOf(Ge(500), Le(850)));
  EXPECT_THAT(commented, AllOf(Ge(3'600), Le(4'400)));
}

TEST(BenchAnswers, GoIntoTheMessageWhole) {
  Random random(2);
  BenchAnswer answer = RandomAnswer(1'709'294'400'000, random);
  answer.combination = 499;
  answer.customer = 42;
  answer.score = 7;
  answer.comment = "Fine.";
  v1::Feedback feedback;
  FillFeedback(answer, feedback);
  EXPECT_EQ(feedback.survey_id(), BenchSurvey().survey_id());
  EXPECT_EQ(feedback.feedback_id(), answer.feedback_id.ToString());
  EXPECT_EQ(feedback.customer_id(), "customer-00000042");
  EXPECT_EQ(feedback.score(), 7);
  EXPECT_EQ(feedback.comment(), "Fine.");
  EXPECT_THAT(feedback.labels(), SizeIs(5));
  EXPECT_EQ(feedback.labels().at("touchpoint"), "support");
  EXPECT_EQ(feedback.labels().at("channel"), "phone");
  EXPECT_EQ(feedback.labels().at("tenure"), "new");
}

TEST(BenchAnswers, AreTheSameForTheSameSeed) {
  Random one(3);
  Random other(3);
  EXPECT_EQ(RandomAnswer(0, one).feedback_id, RandomAnswer(0, other).feedback_id);
  EXPECT_NE(RandomAnswer(0, one).feedback_id, RandomAnswer(1, one).feedback_id);
}

}  // namespace
}  // namespace emptychair::bench
