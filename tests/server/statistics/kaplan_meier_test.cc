#include "server/statistics/kaplan_meier.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::statistics {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Half a unit of the last decimal to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;

Confidence Level(double level) { return Confidence::Of(level).value(); }

struct Subject {
  int64_t duration;
  bool is_censored = false;
};

std::vector<DurationCount> CountsOf(const std::vector<Subject>& subjects) {
  std::map<int64_t, DurationCount> counts;
  for (const Subject& subject : subjects) {
    DurationCount& count = counts[subject.duration];
    count.duration = subject.duration;
    ++(subject.is_censored ? count.censored : count.events);
  }
  std::vector<DurationCount> ascending;
  for (const auto& [duration, count] : counts) {
    ascending.push_back(count);
  }
  return ascending;
}

SurvivalCurve CurveOf(const std::vector<Subject>& subjects, Confidence confidence = {}) {
  return EstimateSurvival(CountsOf(subjects), confidence);
}

DurationQuantile Quantile(std::optional<int64_t> value, std::optional<int64_t> low,
                          std::optional<int64_t> high) {
  return {.value = value, .low = low, .high = high};
}

const std::vector<Subject>& TenSubjects() {
  static const auto* const kTen = new std::vector<Subject>{
      {1}, {2}, {2}, {3, true}, {4}, {6}, {8, true}, {9}, {12, true}, {24, true}};
  return *kTen;
}

TEST(EstimateSurvival, GivesTheReferences) {
  const SurvivalCurve curve = CurveOf(TenSubjects());
  EXPECT_EQ(curve.subjects, 10);
  EXPECT_EQ(curve.events, 6);
  const struct {
    int64_t duration, at_risk, events;
    double survival, low, high;
  } steps[] = {{1, 10, 1, 0.9, 0.4730, 0.9853},
               {2, 9, 2, 0.7, 0.3287, 0.8919},
               {4, 6, 1, 0.5833, 0.2298, 0.8207},
               {6, 5, 1, 0.4667, 0.1496, 0.7366},
               {9, 3, 1, 0.3111, 0.0552, 0.6245}};
  ASSERT_EQ(curve.steps.size(), std::size(steps));
  for (size_t i = 0; i < curve.steps.size(); ++i) {
    const SurvivalStep& step = curve.steps[i];
    SCOPED_TRACE(step.duration);
    EXPECT_EQ(step.duration, steps[i].duration);
    EXPECT_EQ(step.at_risk, steps[i].at_risk);
    EXPECT_EQ(step.events, steps[i].events);
    EXPECT_NEAR(step.survival, steps[i].survival, kFourDecimals);
    ASSERT_TRUE(step.interval.has_value());
    EXPECT_NEAR(step.interval->low, steps[i].low, kFourDecimals);
    EXPECT_NEAR(step.interval->high, steps[i].high, kFourDecimals);
  }
}

TEST(QuantileOf, GivesTheReferences) {
  const SurvivalCurve ten = CurveOf(TenSubjects());
  EXPECT_EQ(QuantileOf(ten, 0.5), Quantile(6, 1, std::nullopt));
  EXPECT_EQ(QuantileOf(ten, 0.25), Quantile(2, 1, 6));
  EXPECT_EQ(QuantileOf(ten, 0.75), Quantile(std::nullopt, 4, std::nullopt));
  const SurvivalCurve four = CurveOf({{1}, {2}, {3}, {4}});
  EXPECT_EQ(QuantileOf(four, 0.5), Quantile(2, 1, std::nullopt));
  EXPECT_EQ(QuantileOf(four, 0.25), Quantile(1, 1, 3));
  const SurvivalCurve one_of_five = CurveOf({{5}, {7, true}, {30, true}, {40, true}, {50, true}});
  EXPECT_EQ(QuantileOf(one_of_five, 0.5), Quantile(std::nullopt, 5, std::nullopt));
}

TEST(EstimateSurvival, OfNobodyHasNoSteps) {
  for (const auto& counts : {std::vector<DurationCount>{}, std::vector<DurationCount>{{}, {7}}}) {
    const SurvivalCurve curve = EstimateSurvival(counts, Confidence());
    EXPECT_EQ(curve.subjects, 0);
    EXPECT_EQ(curve.events, 0);
    EXPECT_THAT(curve.steps, IsEmpty());
    EXPECT_EQ(QuantileOf(curve, 0.5), DurationQuantile());
  }
}

TEST(EstimateSurvival, OfCensoredOnesHasNoSteps) {
  const SurvivalCurve curve = CurveOf({{0, true}, {3, true}, {3, true}, {90, true}});
  EXPECT_EQ(curve.subjects, 4);
  EXPECT_EQ(curve.events, 0);
  EXPECT_THAT(curve.steps, IsEmpty());
  EXPECT_EQ(QuantileOf(curve, 0.25), DurationQuantile());
}

TEST(EstimateSurvival, HasNoIntervalWhereNobodyIsLeft) {
  const SurvivalCurve curve = CurveOf({{5}});
  EXPECT_THAT(curve.steps,
              ElementsAre(SurvivalStep{.duration = 5, .at_risk = 1, .events = 1, .survival = 0}));
  EXPECT_EQ(QuantileOf(curve, 0.5), Quantile(5, std::nullopt, std::nullopt));
}

TEST(EstimateSurvival, TakesEventsOfTheFirstDay) {
  const SurvivalCurve curve = CurveOf({{0}, {0}, {1, true}, {2}});
  ASSERT_EQ(curve.steps.size(), 2);
  EXPECT_EQ(curve.steps[0].duration, 0);
  EXPECT_EQ(curve.steps[0].survival, 0.5);
  EXPECT_EQ(QuantileOf(curve, 0.5).value, 0);
}

TEST(EstimateSurvival, CountsThoseCensoredAtADurationAsAtRiskThere) {
  const SurvivalCurve curve = CurveOf({{3}, {3, true}, {3, true}, {4}, {4, true}});
  ASSERT_EQ(curve.steps.size(), 2);
  EXPECT_EQ(curve.steps[0].at_risk, 5);
  EXPECT_DOUBLE_EQ(curve.steps[0].survival, 0.8);
  EXPECT_EQ(curve.steps[1].at_risk, 2);
  EXPECT_DOUBLE_EQ(curve.steps[1].survival, 0.4);
}

TEST(EstimateSurvival, DoesNotMindDurationsOfNobody) {
  std::vector<DurationCount> every_day;
  for (int64_t day = 0; day <= 30; ++day) {
    every_day.push_back({.duration = day});
  }
  for (const Subject& subject : TenSubjects()) {
    DurationCount& count = every_day[static_cast<size_t>(subject.duration)];
    ++(subject.is_censored ? count.censored : count.events);
  }
  EXPECT_EQ(EstimateSurvival(every_day, Confidence()), CurveOf(TenSubjects()));
}

TEST(EstimateSurvival, WidensWithConfidence) {
  double width = 0;
  for (const Confidence& level : Confidence::All()) {
    const SurvivalStep step = CurveOf(TenSubjects(), level).steps[3];
    EXPECT_GT(step.interval->high - step.interval->low, width);
    width = step.interval->high - step.interval->low;
  }
  EXPECT_EQ(QuantileOf(CurveOf(TenSubjects(), Level(0.80)), 0.5), Quantile(6, 2, std::nullopt));
}

// Products such as 5/6 * 4/5 * 3/4 are half only up to rounding.
TEST(QuantileOf, ReachesAHalfThatRoundingWouldMiss) {
  std::vector<Subject> subjects;
  for (int64_t half = 1; half <= 200; ++half) {
    subjects.push_back({2 * half - 1});
    subjects.push_back({2 * half});
    ASSERT_EQ(QuantileOf(CurveOf(subjects), 0.5).value, half);
  }
}

// A step for each of many durations, as when they are milliseconds. A product of doubles would stay
// above a half by 1.4e-12.
TEST(QuantileOf, ReachesAHalfAfterManySteps) {
  std::vector<DurationCount> counts;
  for (int64_t ms = 1; ms <= 282'000; ++ms) {
    counts.push_back({.duration = ms, .events = 1});
  }
  const SurvivalCurve curve = EstimateSurvival(counts, Confidence());
  EXPECT_EQ(QuantileOf(curve, 0.5).value, 141'000);
  EXPECT_EQ(QuantileOf(curve, 0.25).value, 70'500);
  EXPECT_EQ(curve.steps.back().survival, 0);
}

TEST(EstimateSurvival, OfBillionsDoesNotOverflow) {
  const int64_t many = int64_t{1} << 51;
  const SurvivalCurve curve = EstimateSurvival({{.duration = 1, .events = many, .censored = many},
                                                {.duration = 2, .events = many, .censored = many}},
                                               Confidence());
  EXPECT_EQ(curve.subjects, 4 * many);
  EXPECT_DOUBLE_EQ(curve.steps[0].survival, 0.75);
  EXPECT_DOUBLE_EQ(curve.steps[1].survival, 0.375);
  EXPECT_NEAR(curve.steps[1].interval->low, 0.375, 1e-6);
  EXPECT_NEAR(curve.steps[1].interval->high, 0.375, 1e-6);
}

// One pass over all subjects for each duration, as one would do it by hand.
struct PlainStep {
  int64_t duration;
  double survival;
  std::optional<Interval> interval;
};
std::vector<PlainStep> PlainSteps(const std::vector<Subject>& subjects, double z) {
  std::set<int64_t> durations;
  for (const Subject& subject : subjects) {
    if (!subject.is_censored) {
      durations.insert(subject.duration);
    }
  }
  std::vector<PlainStep> steps;
  double survival = 1;
  double variance = 0;
  for (const int64_t duration : durations) {
    double n = 0;
    double d = 0;
    for (const Subject& subject : subjects) {
      n += subject.duration >= duration ? 1 : 0;
      d += subject.duration == duration && !subject.is_censored ? 1 : 0;
    }
    survival *= 1 - d / n;
    variance += d / (n * (n - d));
    PlainStep step{.duration = duration, .survival = survival};
    if (n > d) {
      const double error = std::sqrt(variance) / std::abs(std::log(survival));
      step.interval = Interval{.low = std::pow(survival, std::exp(z * error)),
                               .high = std::pow(survival, std::exp(-z * error))};
    }
    steps.push_back(step);
  }
  return steps;
}

DurationQuantile PlainQuantile(const std::vector<PlainStep>& steps, double q) {
  DurationQuantile quantile;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->survival <= 1 - q + 1e-12) {
      quantile.value = step->duration;
    }
    if (step->interval.has_value() && step->interval->low <= 1 - q) {
      quantile.low = step->duration;
    }
    if (step->interval.has_value() && step->interval->high <= 1 - q) {
      quantile.high = step->duration;
    }
  }
  return quantile;
}

TEST(EstimateSurvival, AgreesWithAPlainModel) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    const int subjects_max = draw(1, 80);
    const int longest = draw(1, 60);
    const int censored_percent = draw(0, 100);
    std::vector<Subject> subjects;
    for (int i = 0; i < subjects_max; ++i) {
      subjects.push_back({draw(0, longest), draw(1, 100) <= censored_percent});
    }
    const Confidence& confidence = Confidence::All()[static_cast<size_t>(draw(0, 3))];
    const SurvivalCurve curve = CurveOf(subjects, confidence);
    const std::vector<PlainStep> plain = PlainSteps(subjects, confidence.z());
    ASSERT_EQ(curve.steps.size(), plain.size()) << round;
    for (size_t i = 0; i < plain.size(); ++i) {
      const SurvivalStep& step = curve.steps[i];
      ASSERT_EQ(step.duration, plain[i].duration) << round;
      ASSERT_NEAR(step.survival, plain[i].survival, 1e-12) << round;
      ASSERT_EQ(step.interval.has_value(), plain[i].interval.has_value()) << round;
      if (step.interval.has_value()) {
        ASSERT_NEAR(step.interval->low, plain[i].interval->low, 1e-11) << round;
        ASSERT_NEAR(step.interval->high, plain[i].interval->high, 1e-11) << round;
        ASSERT_LE(step.interval->low, step.survival) << round;
        ASSERT_GE(step.interval->high, step.survival) << round;
      }
    }
    for (const double q : {0.1, 0.25, 0.5, 0.75, 0.9}) {
      ASSERT_EQ(QuantileOf(curve, q), PlainQuantile(plain, q)) << round << " " << q;
    }
  }
}

TEST(EstimateSurvival, OfAllEventsIsTheShareThatTakesLonger) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  std::vector<Subject> subjects(1'000);
  for (Subject& subject : subjects) {
    subject.duration = std::geometric_distribution<int64_t>(0.02)(random);
  }
  for (const SurvivalStep& step : CurveOf(subjects).steps) {
    const auto longer = std::count_if(subjects.begin(), subjects.end(), [&](const Subject& other) {
      return other.duration > step.duration;
    });
    ASSERT_NEAR(step.survival, static_cast<double>(longer) / 1'000, 1e-12) << step.duration;
  }
}

// The time to the second purchase of 5,000 customers, from a public data set that lies beside the
// project and is no part of it.
TEST(QuantileOf, TheSecondPurchaseIsAsPublished) {
  const char* directory = std::getenv("EMPTYCHAIR_REAL_INPUT_DIR");
  const std::string path = absl::StrCat(
      directory == nullptr ? EMPTYCHAIR_REAL_INPUT_DIR : directory, "/transactions.csv");
  std::ifstream input(path);
  if (!input) {
    GTEST_SKIP() << path << " is not there";
  }
  std::map<std::string, std::set<absl::CivilDay>> days_of;
  std::string line;
  std::getline(input, line);
  while (std::getline(input, line)) {
    const std::vector<std::string> cells = absl::StrSplit(absl::StripSuffix(line, "\r"), ',');
    absl::CivilDay day;
    ASSERT_TRUE(absl::ParseCivilTime(cells.at(0).substr(0, 10), &day)) << line;
    days_of[cells.at(1)].insert(day);
  }
  const absl::CivilDay as_of(2015, 1, 1);
  std::vector<Subject> subjects;
  for (const auto& [customer, days] : days_of) {
    const absl::CivilDay first = *days.begin();
    subjects.push_back(days.size() > 1 ? Subject{*std::next(days.begin()) - first}
                                       : Subject{as_of - 1 - first, true});
  }
  const SurvivalCurve curve = CurveOf(subjects);
  EXPECT_EQ(curve.subjects, 5'000);
  EXPECT_EQ(curve.events, 2'588);
  EXPECT_EQ(QuantileOf(curve, 0.25), Quantile(6, 5, 6));
  EXPECT_EQ(QuantileOf(curve, 0.5), Quantile(103, 68, 172));
  EXPECT_EQ(QuantileOf(curve, 0.75), DurationQuantile());
  EXPECT_EQ(QuantileOf(CurveOf(subjects, Level(0.99)), 0.5), Quantile(103, 61, 217));
}

}  // namespace
}  // namespace emptychair::statistics
