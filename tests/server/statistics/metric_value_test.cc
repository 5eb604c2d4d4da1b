#include "server/statistics/metric_value.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/statistics/values.h"

namespace emptychair::statistics {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr double kFourDecimals = 0.5001e-4;

constexpr auto kNps = v1::SURVEY_KIND_NPS;
constexpr auto kCsat = v1::SURVEY_KIND_CSAT;
constexpr auto kCes = v1::SURVEY_KIND_CES;
constexpr auto kRating = v1::SURVEY_KIND_RATING;

void ExpectNothingComputedFromScores(const MetricValue& value) {
  EXPECT_FALSE(value.estimate.has_value());
  EXPECT_EQ(value.grade, v1::GRADE_UNSPECIFIED);
  EXPECT_FALSE(value.grade_is_certain);
  EXPECT_FALSE(value.numerator.has_value());
  EXPECT_FALSE(value.denominator.has_value());
  EXPECT_FALSE(value.classes.has_value());
}

TEST(EvaluateMetric, SaysHowManyCustomersUnlessThatIsNotKnownOrSuppressed) {
  const ScoreMethod nps = MakeMethod(kNps, 0, 10);
  const std::vector<int64_t> histogram = NpsHistogram(3, 1, 1);
  const std::vector<int64_t> nothing(11);
  MetricValue value;
  EvaluateMetric(nps, {histogram, 0, {}, 4}, {}, value);
  EXPECT_EQ(value.customers, 4);
  EvaluateMetric(nps, {nothing, 0, {}, 0}, {}, value);
  EXPECT_EQ(value.customers, 0);
  EvaluateMetric(nps, {histogram, 0, {}, 4}, {.min_sample = 6}, value);
  EXPECT_EQ(value.customers, std::nullopt);
  EXPECT_EQ(Evaluate(nps, histogram).customers, std::nullopt);
}

TEST(EvaluateMetric, FillsInEveryFieldOfAnNps) {
  const MetricValue value = Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(32, 13, 6));
  EXPECT_NEAR(value.estimate->value, 50.9804, kFourDecimals);
  EXPECT_NEAR(value.estimate->interval->low, 29.2949, kFourDecimals);
  EXPECT_NEAR(value.estimate->interval->high, 67.0014, kFourDecimals);
  EXPECT_NEAR(*value.estimate->standard_error * 1.959964, 19.1171, kFourDecimals);
  EXPECT_EQ(value.grade, v1::GRADE_EXCELLENT);
  EXPECT_FALSE(value.grade_is_certain);
  EXPECT_EQ(value.answers, 51);
  EXPECT_EQ(value.unscored, 0);
  EXPECT_EQ(value.numerator, 26);
  EXPECT_EQ(value.denominator, 51);
  EXPECT_EQ(value.classes->promoters, 32);
  EXPECT_EQ(value.classes->passives, 13);
  EXPECT_EQ(value.classes->detractors, 6);
  EXPECT_THAT(value.excluded, Each(0));
  EXPECT_THAT(value.histogram, IsEmpty());
  EXPECT_FALSE(value.suppressed);
}

TEST(EvaluateMetric, PutsEveryNpsScoreIntoItsClass) {
  for (int score = 0; score <= 10; ++score) {
    std::vector<int64_t> histogram(11, 0);
    histogram[score] = 1;
    const MetricValue value = Evaluate(MakeMethod(kNps, 0, 10), histogram);
    EXPECT_EQ(value.classes->promoters, score >= 9) << score;
    EXPECT_EQ(value.classes->passives, score == 7 || score == 8) << score;
    EXPECT_EQ(value.classes->detractors, score <= 6) << score;
  }
}

TEST(EvaluateMetric, CountsZeroAsAScoreAndBlankAsNone) {
  const MetricValue value =
      Evaluate(MakeMethod(kNps, 0, 10), {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, {}, 5);
  EXPECT_EQ(value.estimate->value, 0);
  EXPECT_EQ(value.answers, 2);
  EXPECT_EQ(value.unscored, 5);
}

TEST(EvaluateMetric, GivesTheThreeNumbersOfATenPointSample) {
  const std::vector<int64_t> histogram = {30, 25, 15, 60, 110, 125, 170, 255, 130, 80};
  const MetricValue mean = Evaluate(MakeMethod(kCsat, 1, 10, v1::METRIC_METHOD_MEAN), histogram);
  EXPECT_DOUBLE_EQ(mean.estimate->value, 6.865);
  EXPECT_NEAR(mean.estimate->interval->low, 6.7317, kFourDecimals);
  EXPECT_NEAR(mean.estimate->interval->high, 6.9956, kFourDecimals);
  EXPECT_NEAR(*mean.estimate->standard_error, 0.067315, 0.5001e-6);
  EXPECT_EQ(mean.numerator, 6865);
  EXPECT_EQ(mean.denominator, 1000);
  EXPECT_FALSE(mean.classes.has_value());

  const MetricValue top_two = Evaluate(MakeMethod(kCsat, 1, 10), histogram);
  EXPECT_DOUBLE_EQ(top_two.estimate->value, 21.0);
  EXPECT_NEAR(top_two.estimate->interval->low, 18.5889, kFourDecimals);
  EXPECT_NEAR(top_two.estimate->interval->high, 23.6331, kFourDecimals);
  EXPECT_EQ(top_two.numerator, 210);
  EXPECT_EQ(top_two.denominator, 1000);
  EXPECT_EQ(top_two.grade, v1::GRADE_UNSPECIFIED);
  EXPECT_FALSE(top_two.classes.has_value());

  const MetricValue top_three =
      Evaluate(MakeMethod(kCsat, 1, 10, v1::METRIC_METHOD_TOP_THREE), histogram);
  EXPECT_DOUBLE_EQ(top_three.estimate->value, 46.5);
  EXPECT_NEAR(top_three.estimate->interval->low, 43.4279, kFourDecimals);
  EXPECT_NEAR(top_three.estimate->interval->high, 49.5989, kFourDecimals);
}

TEST(EvaluateMetric, ReadsAnEffortSampleFromEitherEnd) {
  const std::vector<int64_t> histogram = {80, 210, 140, 110, 160, 180, 120};
  const auto evaluate = [&](v1::MetricMethod method, v1::ScaleDirection direction) {
    return Evaluate(MakeMethod(kCes, 1, 7, method, direction), histogram);
  };
  const auto ease = v1::SCALE_DIRECTION_EASE;
  const auto effort = v1::SCALE_DIRECTION_EFFORT;

  const MetricValue agree = evaluate(v1::METRIC_METHOD_AGREE, ease);
  EXPECT_DOUBLE_EQ(agree.estimate->value, 46.0);
  EXPECT_NEAR(agree.estimate->interval->low, 42.9321, kFourDecimals);
  EXPECT_NEAR(agree.estimate->interval->high, 49.0985, kFourDecimals);

  const MetricValue net = evaluate(v1::METRIC_METHOD_NET, ease);
  EXPECT_DOUBLE_EQ(net.estimate->value, -13.0);
  EXPECT_NEAR(net.estimate->interval->low, -18.1850, kFourDecimals);
  EXPECT_NEAR(net.estimate->interval->high, -7.7372, kFourDecimals);
  EXPECT_EQ(net.classes->promoters, 300);
  EXPECT_EQ(net.classes->passives, 270);
  EXPECT_EQ(net.classes->detractors, 430);
  EXPECT_EQ(net.numerator, -130);
  EXPECT_EQ(net.grade, v1::GRADE_UNSPECIFIED);

  for (auto direction : {ease, effort}) {
    const MetricValue mean = evaluate(v1::METRIC_METHOD_MEAN, direction);
    EXPECT_DOUBLE_EQ(mean.estimate->value, 4.08);
    EXPECT_NEAR(mean.estimate->interval->low, 3.9614, kFourDecimals);
    EXPECT_NEAR(mean.estimate->interval->high, 4.1984, kFourDecimals);
  }
  EXPECT_DOUBLE_EQ(evaluate(v1::METRIC_METHOD_AGREE, effort).estimate->value, 43.0);
  EXPECT_DOUBLE_EQ(evaluate(v1::METRIC_METHOD_NET, effort).estimate->value, -17.0);
}

TEST(EvaluateMetric, TakesRatingsOnAnyScale) {
  const std::vector<int64_t> histogram = {1, 0, 2, 0, 1};
  const MetricValue mean = Evaluate(MakeMethod(kRating, -2, 2), histogram);
  EXPECT_EQ(mean.estimate->value, 0);
  EXPECT_EQ(mean.numerator, 0);
  const MetricValue share = Evaluate(
      MakeMethod(kRating, -2, 2, v1::METRIC_METHOD_TOP_BOX, v1::SCALE_DIRECTION_UNSPECIFIED, 0),
      histogram);
  EXPECT_EQ(share.estimate->value, 75);
  EXPECT_EQ(share.numerator, 3);
}

TEST(EvaluateMetric, LeavesOutASumThatDoesNotFit) {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  const MetricValue value =
      Evaluate(MakeMethod(kRating, lowest, lowest + 1), {int64_t{1} << 40, 0});
  EXPECT_FALSE(value.numerator.has_value());
  EXPECT_EQ(value.estimate->value, lowest);
  EXPECT_EQ(Evaluate(MakeMethod(kRating, lowest, lowest + 1), {int64_t{1} << 32, 0}).numerator,
            std::numeric_limits<int64_t>::min());
}

TEST(EvaluateMetric, HasNoValueWithoutAnswers) {
  const ScoreMethod methods[] = {MakeMethod(kNps, 0, 10), MakeMethod(kCsat, 1, 5),
                                 MakeMethod(kCes, 1, 7, v1::METRIC_METHOD_NET),
                                 MakeMethod(kRating, 0, 100)};
  for (const ScoreMethod& method : methods) {
    SCOPED_TRACE(v1::MetricMethod_Name(method.method()));
    const MetricValue value = Evaluate(method, std::vector<int64_t>(method.scale_size(), 0), {}, 3);
    ExpectNothingComputedFromScores(value);
    EXPECT_EQ(value.answers, 0);
    EXPECT_EQ(value.unscored, 3);
    EXPECT_FALSE(value.suppressed);
  }
}

TEST(EvaluateMetric, HasNoStandardErrorForTheMeanOfOneAnswer) {
  const MetricValue value =
      Evaluate(MakeMethod(kCsat, 1, 5, v1::METRIC_METHOD_MEAN), {0, 0, 0, 1, 0});
  EXPECT_EQ(value.estimate->value, 4);
  EXPECT_FALSE(value.estimate->standard_error.has_value());
  EXPECT_NEAR(value.estimate->interval->low, 1.3087, 0.5001e-4);
  EXPECT_EQ(value.estimate->interval->high, 5);
}

TEST(EvaluateMetric, UsesTheConfidenceAsked) {
  const EvaluateOptions options = {.confidence = Confidence::Of(0.80).value()};
  const MetricValue value = Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(10, 0, 0), options);
  EXPECT_EQ(value.estimate->value, 100);
  EXPECT_LT(value.estimate->interval->high, 100);
}

TEST(EvaluateMetric, SuppressesSmallGroups) {
  const std::vector<int64_t> excluded = {2, 0, 0, 1, 0, 4};
  const EvaluateOptions options = {.min_sample = 10, .include_histogram = true};
  const MetricValue few =
      Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(5, 3, 1), options, 7, excluded);
  EXPECT_TRUE(few.suppressed);
  ExpectNothingComputedFromScores(few);
  EXPECT_THAT(few.histogram, IsEmpty());
  EXPECT_EQ(few.answers, 9);
  EXPECT_EQ(few.unscored, 7);
  EXPECT_THAT(few.excluded, ElementsAreArray(excluded));

  const MetricValue enough =
      Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(5, 3, 2), options, 7, excluded);
  EXPECT_FALSE(enough.suppressed);
  EXPECT_NEAR(enough.estimate->interval->low, -19.0506, kFourDecimals);

  const MetricValue none =
      Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(0, 0, 0), {.min_sample = 1});
  EXPECT_TRUE(none.suppressed);
  ExpectNothingComputedFromScores(none);
}

TEST(EvaluateMetric, ShowsOnlyReasonsThatOccurInOrder) {
  const MetricValue value =
      Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(1, 0, 0), {}, 0, {2, 0, 1, 0, 0, 4});
  EXPECT_THAT(value.excluded, ElementsAre(2, 0, 1, 0, 0, 4));
}

TEST(EvaluateMetric, AnswersTheHistogramWhenAsked) {
  const std::vector<int64_t> histogram = {0, 2, 0, 1, 5};
  const EvaluateOptions options = {.include_histogram = true};
  EXPECT_THAT(Evaluate(MakeMethod(kCsat, 1, 5), histogram, options).histogram,
              ElementsAreArray(histogram));
  EXPECT_THAT(Evaluate(MakeMethod(kCsat, 1, 5), {0, 0, 0, 0, 0}, options).histogram,
              ElementsAre(0, 0, 0, 0, 0));
}

TEST(EvaluateMetric, CountsTextWithoutErrorBars) {
  const ScoreMethod count = MakeMethod(v1::SURVEY_KIND_TEXT, 0, 0);
  for (int64_t comments : {0, 12}) {
    const MetricValue value =
        Evaluate(count, {}, {.min_sample = 20, .include_histogram = true}, comments, {3});
    EXPECT_TRUE(value.estimate.has_value());
    EXPECT_EQ(value.estimate->value, comments);
    EXPECT_EQ(value.answers, 0);
    EXPECT_EQ(value.unscored, comments);
    EXPECT_FALSE(value.estimate->interval.has_value() ||
                 value.estimate->standard_error.has_value());
    EXPECT_FALSE(value.numerator.has_value() || value.denominator.has_value() ||
                 value.classes.has_value());
    EXPECT_FALSE(value.suppressed);
    EXPECT_THAT(value.excluded, ElementsAre(3, 0, 0, 0, 0, 0));
    EXPECT_THAT(value.histogram, IsEmpty());
  }
}

TEST(EvaluateMetric, LeavesNothingOfWhatTheMessageHeldBefore) {
  MetricValue value = Evaluate(MakeMethod(kNps, 0, 10), NpsHistogram(50, 30, 20),
                               {.include_histogram = true}, 4, {1, 1, 1, 1, 1, 1});
  const std::vector<int64_t> histogram = {0, 0, 0, 1, 2};
  EvaluateMetric(MakeMethod(kCsat, 1, 5), {.histogram = histogram}, {}, value);
  EXPECT_EQ(value, Evaluate(MakeMethod(kCsat, 1, 5), histogram));
}

TEST(Grade, ComparesAsIntegers) {
  const struct {
    int64_t promoters, detractors, answers;
    v1::Grade grade;
  } cases[] = {
      {100, 0, 100, v1::GRADE_TOP},
      {81, 0, 100, v1::GRADE_TOP},
      {80, 0, 100, v1::GRADE_EXCELLENT},  // exactly 80
      {4, 0, 5, v1::GRADE_EXCELLENT},
      {801, 0, 1000, v1::GRADE_TOP},
      {51, 0, 100, v1::GRADE_EXCELLENT},
      {50, 0, 100, v1::GRADE_GOOD},  // exactly 50
      {1, 0, 1'000'000'000, v1::GRADE_GOOD},
      {50, 50, 100, v1::GRADE_NEEDS_WORK},  // exactly 0
      {0, 0, 1, v1::GRADE_NEEDS_WORK},
      {0, 1, 1, v1::GRADE_NEEDS_WORK},
      {int64_t{1} << 62, 0, int64_t{1} << 62, v1::GRADE_TOP},  // no overflow
  };
  for (const auto& c : cases) {
    EXPECT_EQ(GradeOf(c.promoters, c.detractors, c.answers), c.grade)
        << c.promoters << " - " << c.detractors << " of " << c.answers;
  }
}

TEST(Grade, IsCertainWhenTheWholeIntervalLiesInItsBand) {
  const double above_eighty = 80.0000001;
  const struct {
    v1::Grade grade;
    double low, high;
    bool certain;
  } cases[] = {
      {v1::GRADE_TOP, above_eighty, 100, true},
      {v1::GRADE_TOP, 80, 100, false},
      {v1::GRADE_EXCELLENT, 50.1, 80, true},
      {v1::GRADE_EXCELLENT, 50, 80, false},
      {v1::GRADE_EXCELLENT, 60, above_eighty, false},
      {v1::GRADE_GOOD, 0.1, 50, true},
      {v1::GRADE_GOOD, 0, 50, false},
      {v1::GRADE_GOOD, 1, 50.1, false},
      {v1::GRADE_NEEDS_WORK, -100, 0, true},
      {v1::GRADE_NEEDS_WORK, -100, 0.1, false},
      // The value may lie outside its own interval, which then is in another band.
      {v1::GRADE_TOP, -48.5, 98.5, false},
      {v1::GRADE_UNSPECIFIED, -10, -5, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(GradeIsCertain(c.grade, {c.low, c.high}), c.certain)
        << v1::Grade_Name(c.grade) << " " << c.low << " … " << c.high;
  }
}

TEST(Grade, TravelsWithTheNps) {
  const ScoreMethod nps = MakeMethod(kNps, 0, 10);
  const MetricValue small = Evaluate(nps, NpsHistogram(5, 3, 2));
  EXPECT_EQ(small.grade, v1::GRADE_GOOD);
  EXPECT_FALSE(small.grade_is_certain);
  const MetricValue large = Evaluate(nps, NpsHistogram(500, 300, 200));
  EXPECT_EQ(large.grade, v1::GRADE_GOOD);
  EXPECT_TRUE(large.grade_is_certain);
  EXPECT_EQ(Evaluate(nps, NpsHistogram(80, 20, 0)).grade, v1::GRADE_EXCELLENT);
  EXPECT_EQ(Evaluate(nps, NpsHistogram(40, 20, 40)).grade, v1::GRADE_NEEDS_WORK);
}

}  // namespace
}  // namespace emptychair::statistics
