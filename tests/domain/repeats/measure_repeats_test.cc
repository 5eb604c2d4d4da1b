// Design effects as they are measured over a store, against their definition over single customers.
#include "server/repeats/measure_repeats.h"

#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using storage::Answer;
using storage::kNoonMs;
using storage::StoreHarness;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDayMs = 86'400'000;

class MeasureRepeatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(store(), storage::NpsSurvey("nps", {"channel", "region"})).error);
  }

  // `days_ago` counts from today, the day of kNoonMs; the test's days are those of UTC.
  void Add(const std::string& customer, std::optional<int> score, int64_t days_ago,
           const std::string& channel = "",
           v1::ExclusionReason exclusion = v1::EXCLUSION_REASON_UNSPECIFIED) {
    Answer answer;
    answer.id = ++ids_;
    answer.time_ms = kNoonMs - days_ago * kDayMs + static_cast<int64_t>(ids_ % 1'000);
    answer.score = score;
    answer.customer_id = customer;
    answer.exclusion = exclusion;
    if (!channel.empty()) {
      answer.labels = {{"channel", channel}};
    }
    answers_.push_back(std::move(answer));
  }

  absl::StatusOr<store::v1::PutRepeatEffects> Measure(size_t bytes_max = kRepeatBytesMax,
                                                      int64_t as_of_ms = kNoonMs) {
    Submit(store(), std::exchange(answers_, {}));
    const auto view = store().view();
    return MeasureRepeats({.store = store(),
                           .view = *view,
                           .survey = *view->FindSurvey("nps"),
                           .as_of = absl::FromUnixMillis(as_of_ms),
                           .stop = stop_,
                           .bytes_max = bytes_max});
  }

  storage::Store& store() { return harness_.store(); }

  StoreHarness harness_{storage::Place::kMemory};
  std::vector<Answer> answers_;
  uint64_t ids_ = 0;
  std::atomic<bool> stop_ = false;
};

TEST_F(MeasureRepeatsTest, TakesTheAnswersOfACustomerInAWindowTogether) {
  // Forty customers with two answers in one month that are alike, ten promoters for each detractor;
  // the oldest day is that of a customer who answers once.
  for (int i = 0; i < 40; ++i) {
    const int score = i % 4 == 0 ? 3 : 9;
    Add(absl::StrCat("c", i), score, 1 + i % 5);
    Add(absl::StrCat("c", i), score, 10 + i % 5);
  }
  Add("first", 8, 40);
  ASSERT_OK_AND_ASSIGN(const auto effects, Measure());
  EXPECT_EQ(effects.all().days(), 40u);
  EXPECT_EQ(effects.all().answers(), 81);
  EXPECT_THAT(effects.all().methods(), ElementsAre(v1::METRIC_METHOD_NET_PROMOTER));
  ASSERT_EQ(effects.all().groups_size(), 1);
  const store::v1::StoredGroupEffects& group = effects.all().groups(0);
  EXPECT_EQ(group.customers(), 41);
  ASSERT_EQ(group.windows_size(), 3);
  EXPECT_EQ(group.windows(0).days(), 1u);
  EXPECT_DOUBLE_EQ(group.windows(0).design_effects(0), 1);
  EXPECT_EQ(group.windows(0).answers_per_customer(), 1);
  EXPECT_EQ(group.windows(1).days(), 30u);
  EXPECT_DOUBLE_EQ(group.windows(1).design_effects(0), 2);
  EXPECT_DOUBLE_EQ(group.windows(1).answers_per_customer(), 2);
  EXPECT_EQ(group.windows(2).days(), 40u);
  EXPECT_DOUBLE_EQ(group.windows(2).answers_per_customer(), 161.0 / 81);
  // Half of the answers of the one whole month are second ones.
  EXPECT_DOUBLE_EQ(effects.all().repeat_share(), 0.5);
}

TEST_F(MeasureRepeatsTest, CountsNobodyTwiceWhereNobodyIs) {
  for (int i = 0; i < 50; ++i) {
    Add(i % 2 == 0 ? absl::StrCat("c", i) : "", i % 11, 1 + i % 40);
  }
  ASSERT_OK_AND_ASSIGN(const auto effects, Measure());
  EXPECT_EQ(effects.all().groups(0).customers(), 50);
  for (const auto& windows : effects.all().groups(0).windows()) {
    EXPECT_DOUBLE_EQ(windows.design_effects(0), 1) << windows.days();
    EXPECT_EQ(windows.answers_per_customer(), 1);
  }
  EXPECT_EQ(effects.all().repeat_share(), 0);
}

TEST_F(MeasureRepeatsTest, TakesCustomersWhoAreAllAlikeForWhatTheyAre) {
  for (int i = 0; i < 40; ++i) {
    for (int n = 0; n < 3; ++n) {
      Add(absl::StrCat("c", i), 10, 1 + n);
    }
  }
  Add("c0", 10, 35);
  ASSERT_OK_AND_ASSIGN(const auto effects, Measure());
  EXPECT_DOUBLE_EQ(effects.all().groups(0).windows(1).design_effects(0), 3);
}

TEST_F(MeasureRepeatsTest, NeedsThirtyDaysAndThirtyCustomers) {
  for (int i = 0; i < 40; ++i) {
    Add(absl::StrCat("c", i), 9, 1 + i % 29, i < 29 ? "web" : "app");
  }
  ASSERT_OK_AND_ASSIGN(auto effects, Measure());
  EXPECT_THAT(effects.all().groups(), IsEmpty());
  Add("c0", 9, 30, "web");
  Add("c0", 9, 29, "web");
  ASSERT_OK_AND_ASSIGN(effects, Measure());
  EXPECT_EQ(effects.all().days(), 30u);
  EXPECT_EQ(effects.all().groups_size(), 1);
  EXPECT_THAT(effects.dimensions(0).groups(), IsEmpty());
  Add("c40", 9, 1, "web");
  ASSERT_OK_AND_ASSIGN(effects, Measure());
  ASSERT_EQ(effects.dimensions(0).groups_size(), 1);
  EXPECT_EQ(effects.dimensions(0).groups(0).value(), "web");
}

TEST_F(MeasureRepeatsTest, LeavesOutTodayAndWhatDoesNotCount) {
  for (int i = 0; i < 31; ++i) {
    Add(absl::StrCat("c", i), 9, 1 + i);
    Add(absl::StrCat("c", i), 9, 0);
    Add(absl::StrCat("c", i), std::nullopt, 1 + i);
    Add(absl::StrCat("c", i), 9, 1 + i, "", v1::EXCLUSION_REASON_BOT);
    Add(absl::StrCat("c", i), 9, 370);
  }
  ASSERT_OK_AND_ASSIGN(const auto effects, Measure());
  EXPECT_EQ(effects.all().answers(), 31);
  EXPECT_EQ(effects.all().days(), 365u);
}

TEST_F(MeasureRepeatsTest, EndsEarlyWhenTheServerStops) {
  for (int i = 0; i < 5'000; ++i) {
    Add("", 9, 1 + i % 40);
  }
  stop_ = true;
  EXPECT_THAT(Measure(), HasReason(v1::ERROR_REASON_SHUTTING_DOWN));
}

TEST_F(MeasureRepeatsTest, OfManyMeasuresAPartOfTheCustomers) {
  for (int i = 0; i < 4'000; ++i) {
    for (int n = 0; n < 3; ++n) {
      Add(absl::StrCat("c", i), i % 11, 1 + (i + n) % 40);
    }
  }
  ASSERT_OK_AND_ASSIGN(const auto whole, Measure());
  ASSERT_OK_AND_ASSIGN(const auto part, Measure(/*bytes_max=*/36'000));
  EXPECT_EQ(whole.all().answers(), 12'000);
  // Each customer who is in it has all three.
  const auto& windows = part.all().groups(0).windows(2);
  EXPECT_DOUBLE_EQ(windows.answers_per_customer(), 3);
  EXPECT_NEAR(windows.design_effects(0), whole.all().groups(0).windows(2).design_effects(0), 0.1);
  EXPECT_NEAR(static_cast<double>(part.all().answers()), 12'000, 2'500);
  EXPECT_NEAR(static_cast<double>(part.all().groups(0).customers()), 4'000, 800);
}

// An answer as the plain model has it.
struct Plain {
  std::string customer;  // Of an anonymous answer one of its own.
  double points = 0;
  int days_ago = 0;
};

// D and m* by their definition: customers and windows one by one.
std::pair<double, double> PlainEffects(const std::vector<Plain>& answers, int length, int days) {
  double mean = 0;
  for (const Plain& answer : answers) {
    mean += answer.points / static_cast<double>(answers.size());
  }
  double by_answer = 0;
  double by_customer = 0;
  double squares = 0;
  double count = 0;
  for (int end = 0; end + length <= days; end += length) {
    std::map<std::string, std::vector<double>> customers;
    for (const Plain& answer : answers) {
      if (answer.days_ago > end && answer.days_ago <= end + length) {
        customers[answer.customer].push_back(answer.points);
      }
    }
    for (const auto& [customer, points] : customers) {
      double residual = 0;
      for (const double point : points) {
        residual += point - mean;
        by_answer += (point - mean) * (point - mean);
      }
      by_customer += residual * residual;
      squares += static_cast<double>(points.size() * points.size());
      count += static_cast<double>(points.size());
    }
  }
  return {by_customer / by_answer, squares / count};
}

TEST_F(MeasureRepeatsTest, AgreesWithAPlainCount) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  const auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  std::map<std::string, std::vector<Plain>> answers_by_channel;
  std::vector<Plain> answers;
  int days = 0;
  for (int i = 0; i < 3'000; ++i) {
    const int customer = below(1 + below(400));
    const int days_ago = 1 + below(1 + below(300));
    const int score = below(100) < 60 ? customer % 11 : below(11);
    const std::string name = below(5) == 0 ? "" : absl::StrCat("c", customer);
    const std::string channel = std::vector<std::string>{"web", "app", ""}[below(3)];
    Add(name, score, days_ago, channel);
    const Plain plain{name.empty() ? absl::StrCat("anonymous ", i) : name,
                      score >= 9   ? 1.0
                      : score <= 6 ? -1.0
                                   : 0.0,
                      days_ago};
    answers.push_back(plain);
    answers_by_channel[channel].push_back(plain);
    days = std::max(days, days_ago);
  }
  ASSERT_OK_AND_ASSIGN(const auto effects, Measure());
  ASSERT_EQ(effects.all().days(), static_cast<uint32_t>(days));
  const auto expect = [&](const store::v1::StoredGroupEffects& group,
                          const std::vector<Plain>& plain) {
    for (const auto& windows : group.windows()) {
      const auto [design_effect, per_customer] =
          PlainEffects(plain, static_cast<int>(windows.days()), days);
      EXPECT_NEAR(windows.design_effects(0), design_effect, 1e-9)
          << group.value() << " " << windows.days();
      EXPECT_NEAR(windows.answers_per_customer(), per_customer, 1e-9);
    }
  };
  expect(effects.all().groups(0), answers);
  EXPECT_EQ(effects.all().groups(0).windows_size(), 4);
  ASSERT_EQ(effects.dimensions(0).groups_size(), 3);
  for (const auto& group : effects.dimensions(0).groups()) {
    expect(group, answers_by_channel[group.value()]);
  }
}

}  // namespace
}  // namespace emptychair
