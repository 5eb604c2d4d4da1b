#include "tests/service/model/metric_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

double Quantile(double confidence) {
  return confidence == 0.80   ? 1.2815515655446004
         : confidence == 0.90 ? 1.6448536269514722
         : confidence == 0.99 ? 2.5758293035489004
                              : 1.959963984540054;
}

// The adjusted score of an NPS or NET and its variance, as fractions.
struct Adjusted {
  double score;
  double variance;
};

Adjusted AdjustedOf(const ModelMethod& method, const ModelPoint& model) {
  const int64_t p = model.Count(method.good_low, method.good_high);
  const int64_t d = model.Count(method.bad_low, method.bad_high);
  const int64_t n = model.scored();
  const double score = static_cast<double>(p - d) / (n + 3);
  return {score, ((p + d + 1.5) / (n + 3) - score * score) / (n + 3)};
}

void ExpectNet(const ModelMethod& method, double quantile, const ModelPoint& model,
               const v1::MetricValue& point) {
  const int64_t p = model.Count(method.good_low, method.good_high);
  const int64_t d = model.Count(method.bad_low, method.bad_high);
  const int64_t n = model.scored();
  ASSERT_EQ(point.promoters(), p);
  ASSERT_EQ(point.passives(), n - p - d);
  ASSERT_EQ(point.detractors(), d);
  ASSERT_EQ(point.numerator(), p - d);
  const double net = static_cast<double>(p - d) / n;
  ASSERT_NEAR(point.value(), 100 * net, 1e-9);
  ASSERT_NEAR(point.standard_error(),
              100 * std::sqrt(std::max(0.0, (static_cast<double>(p + d) / n - net * net) / n)),
              1e-5);
  const Adjusted adjusted = AdjustedOf(method, model);
  const double reach = quantile * std::sqrt(adjusted.variance);
  ASSERT_NEAR(point.low(), std::max(-100.0, 100 * (adjusted.score - reach)), 1e-3);
  ASSERT_NEAR(point.high(), std::min(100.0, 100 * (adjusted.score + reach)), 1e-3);
}

// With the interval of Wilson.
void ExpectShare(const ModelMethod& method, double quantile, const ModelPoint& model,
                 const v1::MetricValue& point) {
  const int64_t successes = model.Count(method.good_low, method.good_high);
  const auto n = static_cast<double>(model.scored());
  const double share = static_cast<double>(successes) / n;
  ASSERT_EQ(point.numerator(), successes);
  ASSERT_NEAR(point.value(), 100 * share, 1e-9);
  ASSERT_NEAR(point.standard_error(), 100 * std::sqrt(share * (1 - share) / n), 1e-6);
  const double square = quantile * quantile;
  const double middle = (share + square / (2 * n)) / (1 + square / n);
  const double reach =
      quantile / (1 + square / n) * std::sqrt(share * (1 - share) / n + square / (4 * n * n));
  ASSERT_NEAR(point.low(), 100 * (middle - reach), 1e-6);
  ASSERT_NEAR(point.high(), 100 * (middle + reach), 1e-6);
}

// With the deviations from the mean, where the server has sums of squares.
void ExpectMean(const ModelMethod& method, double quantile, const ModelPoint& model,
                const v1::MetricValue& point) {
  const auto n = static_cast<double>(model.scored());
  int64_t sum = 0;
  for (const auto& [score, count] : model.histogram) {
    sum += score * count;
  }
  const double mean = static_cast<double>(sum) / n;
  ASSERT_EQ(point.numerator(), sum);
  ASSERT_NEAR(point.value(), mean, 1e-9);
  ASSERT_EQ(point.has_standard_error(), n > 1);
  ASSERT_EQ(point.has_low(), n > 1);
  ASSERT_EQ(point.has_high(), n > 1);
  if (n < 2) {
    return;
  }
  double squares = 0;
  for (const auto& [score, count] : model.histogram) {
    squares += static_cast<double>(count) * (score - mean) * (score - mean);
  }
  const double error = std::sqrt(squares / (n - 1) / n);
  ASSERT_NEAR(point.standard_error(), error, 1e-6);
  ASSERT_NEAR(point.low(), std::max<double>(method.low, mean - quantile * error), 1e-6);
  ASSERT_NEAR(point.high(), std::min<double>(method.high, mean + quantile * error), 1e-6);
}

void ExpectNoEstimate(const v1::MetricValue& point) {
  ASSERT_FALSE(point.has_low() || point.has_high() || point.has_standard_error() ||
               point.has_numerator() || point.has_denominator());
}

// Fails the test unless `point` says what `model` counted.
void ExpectPoint(const v1::QueryMetricRequest& query, const ModelMethod& method, int min_sample,
                 const ModelPoint& model, const v1::MetricValue& point) {
  using Value = ModelMethod::Value;
  const int64_t n = model.scored();
  ASSERT_EQ(point.answers(), n);
  ASSERT_EQ(point.unscored(), model.unscored);
  std::map<v1::ExclusionReason, int64_t> excluded;
  for (const v1::ExcludedCount& count : point.excluded()) {
    ASSERT_TRUE(excluded.empty() || excluded.rbegin()->first < count.reason());
    excluded[count.reason()] = count.count();
  }
  ASSERT_EQ(excluded, model.excluded);
  if (method.value == Value::kCount) {
    ASSERT_TRUE(point.has_value());
    ASSERT_EQ(point.value(), static_cast<double>(model.unscored));
    ASSERT_FALSE(point.suppressed());
    ExpectNoEstimate(point);
    return;
  }
  ASSERT_EQ(point.suppressed(), n < min_sample);
  ASSERT_EQ(point.has_customers(),
            query.respondent_rule() > v1::RESPONDENT_RULE_ALL && n >= min_sample);
  ASSERT_EQ(point.customers(), point.has_customers() ? model.customers : 0);
  ASSERT_EQ(point.has_value(), n > 0 && n >= min_sample);
  std::vector<int64_t> histogram;
  if (query.include_histogram() && n >= min_sample) {
    for (int score = method.low; score <= method.high; ++score) {
      histogram.push_back(model.Count(score, score));
    }
  }
  ASSERT_EQ(std::vector<int64_t>(point.histogram().begin(), point.histogram().end()), histogram);
  ASSERT_EQ(point.has_promoters(), point.has_value() && method.value == Value::kNet);
  if (!point.has_value()) {
    ExpectNoEstimate(point);
    return;
  }
  ASSERT_EQ(point.denominator(), n);
  const double quantile = Quantile(query.confidence());
  switch (method.value) {
    case Value::kNet:
      return ExpectNet(method, quantile, model, point);
    case Value::kShare:
      return ExpectShare(method, quantile, model, point);
    case Value::kMean:
      return ExpectMean(method, quantile, model, point);
    case Value::kCount:
      return;
  }
}

// Of an NPS.
void ExpectPoint(const v1::QueryMetricRequest& query, int min_sample, const ModelPoint& model,
                 const v1::MetricValue& point) {
  ExpectPoint(query, ModelMethod(), min_sample, model, point);
}

void ExpectPoints(const v1::QueryMetricRequest& query, const ModelMethod& method, int min_sample,
                  const std::vector<ModelPoint>& model, const v1::MetricSeries& series) {
  ASSERT_EQ(series.points_size(), model.size());
  for (size_t i = 0; i < model.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("bucket ", i));
    ASSERT_NO_FATAL_FAILURE(
        ExpectPoint(query, method, min_sample, model[i], series.points(static_cast<int>(i))));
  }
}

// The order of groups: by bytes, none and other last.
std::vector<std::pair<int, std::string>> SortKey(const std::vector<std::string>& group) {
  std::vector<std::pair<int, std::string>> key;
  for (const std::string& value : group) {
    key.emplace_back(value == "(none)" ? 1 : value == "(other)" ? 2 : 0, value);
  }
  return key;
}

void ExpectFound(const v1::QueryMetricRequest& query, const ModelMethod& method,
                 const ModelResult& model, const v1::QueryMetricResponse& response) {
  ASSERT_EQ(response.buckets_size(), model.buckets.size());
  for (int i = 0; i < response.buckets_size(); ++i) {
    const ModelSpan& span = model.buckets[i];
    const v1::MetricBucket& bucket = response.buckets(i);
    ASSERT_EQ(bucket.has_start_time(), span.start != absl::InfinitePast());
    ASSERT_EQ(bucket.has_end_time(), span.end != absl::InfiniteFuture());
    if (bucket.has_start_time()) {
      ASSERT_EQ(FromTimestamp(bucket.start_time()), span.start) << "bucket " << i;
    }
    if (bucket.has_end_time()) {
      ASSERT_EQ(FromTimestamp(bucket.end_time()), span.end) << "bucket " << i;
    }
  }
  ASSERT_EQ(response.series_size(), model.groups.size());
  std::vector<std::pair<int, std::string>> before;
  for (int i = 0; i < response.series_size(); ++i) {
    const std::vector<std::string> group = GroupTexts(response.series(i));
    SCOPED_TRACE(::testing::PrintToString(group));
    if (i > 0) {
      ASSERT_LT(before, SortKey(group));
    }
    before = SortKey(group);
    const auto expected = model.groups.find(group);
    ASSERT_NE(expected, model.groups.end());
    ASSERT_NO_FATAL_FAILURE(
        ExpectPoints(query, method, model.min_sample, expected->second, response.series(i)));
  }
  SCOPED_TRACE("total");
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoints(query, method, model.min_sample, model.total, response.total()));
}

// What is tested of two sides of ten answers and more.
void ExpectTested(const ModelPoint& base, const ModelPoint& candidate, double confidence,
                  const v1::CompareMetricResponse& response) {
  const Adjusted from = AdjustedOf(ModelMethod(), base);
  const Adjusted to = AdjustedOf(ModelMethod(), candidate);
  const double difference = 100 * (to.score - from.score);
  const double error = 100 * std::sqrt(from.variance + to.variance);
  const double z = difference / error;
  const double quantile = Quantile(confidence);
  ASSERT_NEAR(response.z(), z, 1e-9);
  ASSERT_NEAR(response.p_value(), 1 - std::erf(std::abs(z) / std::sqrt(2.0)), 1e-9);
  ASSERT_NEAR(response.delta_low(), difference - quantile * error, 1e-9);
  ASSERT_NEAR(response.delta_high(), difference + quantile * error, 1e-9);
  const bool is_clear = std::abs(z) > quantile;
  ASSERT_EQ(response.verdict(), !is_clear        ? v1::VERDICT_NO_CLEAR_CHANGE
                                : difference > 0 ? v1::VERDICT_HIGHER
                                                 : v1::VERDICT_LOWER);
  ASSERT_EQ(response.direction(), !is_clear        ? v1::CHANGE_DIRECTION_NEITHER
                                  : difference > 0 ? v1::CHANGE_DIRECTION_BETTER
                                                   : v1::CHANGE_DIRECTION_WORSE);
}

// Of sides that can share an answer.
void ExpectRefused(const absl::Status& status) {
  ASSERT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  ASSERT_THAT(status,
              ::testing::AnyOf(HasField("candidate.interval"), HasField("candidate.filters")));
}

double ScoreOf(const ModelPoint& model) {
  return 100.0 * static_cast<double>(model.Count(9, 10) - model.Count(0, 6)) /
         static_cast<double>(model.Count(0, 10));
}

// The sum of (x - `middle`) to the power of `exponent`, over each answer and its x of an NPS.
double PowerSum(const ModelPoint& model, double middle, int exponent) {
  double sum = 0;
  for (int score = 0; score <= 10; ++score) {
    for (int64_t i = 0; i < model.Count(score, score); ++i) {
      sum += std::pow((score >= 9 ? 100 : score <= 6 ? -100 : 0) - middle, exponent);
    }
  }
  return sum;
}

// A group beside the whole, before (0) and after (1).
struct ModelChange {
  ModelPoint whole[2];
  ModelPoint group[2];

  double Share(int side) const {
    return static_cast<double>(group[side].Count(0, 10)) /
           static_cast<double>(whole[side].Count(0, 10));
  }
  // A group that has none takes the mean of the other side.
  double Mean(int side) const {
    return ScoreOf(group[group[side].Count(0, 10) > 0 ? side : 1 - side]);
  }
  double Middle() const { return (ScoreOf(whole[0]) + ScoreOf(whole[1])) / 2; }
  double Variance(int side) const {
    const auto n = static_cast<double>(whole[side].Count(0, 10));
    const double first = PowerSum(group[side], Middle(), 1) / n;
    return std::max(0.0, PowerSum(group[side], Middle(), 2) / n - first * first) / n;
  }
  bool IsTooSmall(int side, int min_sample) const {
    return group[side].Count(0, 10) > 0 && group[side].Count(0, 10) < min_sample;
  }
};

void ExpectContribution(const v1::DecomposeChangeRequest& request, int min_sample,
                        const ModelChange& model, const v1::Contribution& contribution) {
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.base(), min_sample, model.group[0], contribution.base()));
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.candidate(), min_sample, model.group[1], contribution.candidate()));
  const bool suppressed = model.IsTooSmall(0, min_sample) || model.IsTooSmall(1, min_sample);
  ASSERT_EQ(contribution.suppressed(), suppressed);
  ASSERT_EQ(contribution.has_mix(), !suppressed);
  ASSERT_EQ(contribution.has_score(), !suppressed);
  ASSERT_EQ(contribution.has_total(), !suppressed);
  ASSERT_EQ(contribution.has_low(), !suppressed);
  ASSERT_EQ(contribution.has_high(), !suppressed);
  if (suppressed) {
    return;
  }
  const double mix =
      (model.Share(1) - model.Share(0)) * ((model.Mean(0) + model.Mean(1)) / 2 - model.Middle());
  const double score = (model.Share(0) + model.Share(1)) / 2 * (model.Mean(1) - model.Mean(0));
  const double margin =
      Quantile(request.base().confidence()) * std::sqrt(model.Variance(0) + model.Variance(1));
  ASSERT_NEAR(contribution.mix(), mix, 1e-9);
  ASSERT_NEAR(contribution.score(), score, 1e-9);
  ASSERT_NEAR(contribution.total(), mix + score, 1e-9);
  ASSERT_NEAR(contribution.low(), mix + score - margin, 1e-3);
  ASSERT_NEAR(contribution.high(), mix + score + margin, 1e-3);
}

// Whether `a` may stand before `b`.
bool MayComeBefore(const v1::Contribution& a, const v1::Contribution& b) {
  if (a.suppressed() != b.suppressed()) {
    return b.suppressed();
  }
  const auto key = [](const v1::Contribution& contribution) {
    v1::MetricSeries series;
    *series.add_group_values() = contribution.group_value();
    return SortKey(GroupTexts(series));
  };
  return std::abs(a.total()) > std::abs(b.total()) ||
         (std::abs(a.total()) == std::abs(b.total()) && key(a) < key(b));
}

void ExpectDimension(const v1::DecomposeChangeRequest& request, int min_sample,
                     const ModelResult& base, const ModelResult& candidate, double delta,
                     const v1::DimensionContributions& dimension) {
  std::map<std::vector<std::string>, ModelChange> groups;
  const ModelResult* const sides[] = {&base, &candidate};
  for (int side = 0; side < 2; ++side) {
    for (const auto& [group, points] : sides[side]->groups) {
      groups[group].group[side] = points.front();
    }
  }
  double sum = 0;
  bool complete = true;
  for (int i = 0; i < dimension.contributions_size(); ++i) {
    const v1::Contribution& contribution = dimension.contributions(i);
    SCOPED_TRACE(contribution.ShortDebugString());
    v1::MetricSeries series;
    *series.add_group_values() = contribution.group_value();
    const auto found = groups.find(GroupTexts(series));
    ASSERT_NE(found, groups.end());
    ModelChange& model = found->second;
    model.whole[0] = base.total.front();
    model.whole[1] = candidate.total.front();
    ASSERT_GT(model.group[0].Count(0, 10) + model.group[1].Count(0, 10), 0);
    ASSERT_NO_FATAL_FAILURE(ExpectContribution(request, min_sample, model, contribution));
    groups.erase(found);
    sum += contribution.total();
    complete = complete && !contribution.suppressed();
    if (i > 0) {
      ASSERT_TRUE(MayComeBefore(dimension.contributions(i - 1), contribution));
    }
  }
  for (const auto& [group, model] : groups) {
    ASSERT_EQ(model.group[0].Count(0, 10) + model.group[1].Count(0, 10), 0);
  }
  if (complete) {
    ASSERT_NEAR(sum, delta, 1e-9);
  }
}

// The keys that are meant by none.
std::vector<std::string> DefaultKeys(const std::vector<const ModelSurvey*>& base,
                                     const std::vector<const ModelSurvey*>& candidate) {
  std::vector<std::string> keys = base.front()->Dimensions(/*retired=*/false);
  for (const std::vector<const ModelSurvey*>* surveys : {&base, &candidate}) {
    for (const ModelSurvey* survey : *surveys) {
      const std::vector<std::string> in_use = survey->Dimensions(/*retired=*/false);
      keys.erase(std::remove_if(keys.begin(), keys.end(),
                                [&](const std::string& key) {
                                  return std::count(in_use.begin(), in_use.end(), key) == 0;
                                }),
                 keys.end());
    }
  }
  if (std::max(base.size(), candidate.size()) > 1) {
    keys.emplace_back("survey_id");
  }
  return keys;
}

}  // namespace

void ExpectDecomposition(const v1::DecomposeChangeRequest& request, bool can_share,
                         const std::vector<const ModelSurvey*>& base,
                         const std::vector<const ModelSurvey*>& candidate, ModelCalendar& calendar,
                         const absl::StatusOr<v1::DecomposeChangeResponse>& response) {
  if (can_share) {
    ExpectRefused(response.status());
    return;
  }
  ASSERT_OK(response);
  const ModelResult before = Recount(request.base(), base, calendar);
  const ModelResult after = Recount(request.candidate(), candidate, calendar);
  const int min_sample = std::max(before.min_sample, after.min_sample);
  ASSERT_EQ(response->method_info().min_sample(), min_sample);
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.base(), min_sample, before.total.front(), response->base()));
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.candidate(), min_sample, after.total.front(), response->candidate()));
  const bool is_explained = response->base().has_value() && response->candidate().has_value();
  ASSERT_EQ(response->has_delta(), is_explained);
  if (!is_explained) {
    ASSERT_EQ(response->dimensions_size(), 0);
    return;
  }
  ASSERT_NEAR(response->delta(), ScoreOf(after.total.front()) - ScoreOf(before.total.front()),
              1e-9);
  const std::vector<std::string> keys =
      request.keys().empty()
          ? DefaultKeys(base, candidate)
          : std::vector<std::string>(request.keys().begin(), request.keys().end());
  ASSERT_EQ(response->dimensions_size(), keys.size());
  for (int i = 0; i < response->dimensions_size(); ++i) {
    SCOPED_TRACE(keys[i]);
    ASSERT_EQ(response->dimensions(i).key(), keys[i]);
    v1::QueryMetricRequest base_by_key = request.base();
    v1::QueryMetricRequest candidate_by_key = request.candidate();
    base_by_key.add_group_by(keys[i]);
    candidate_by_key.add_group_by(keys[i]);
    ASSERT_NO_FATAL_FAILURE(ExpectDimension(request, min_sample,
                                            Recount(base_by_key, base, calendar),
                                            Recount(candidate_by_key, candidate, calendar),
                                            response->delta(), response->dimensions(i)));
  }
}

void ExpectComparison(const v1::CompareMetricRequest& request, bool can_share,
                      const ModelResult& base, const ModelResult& candidate,
                      const absl::StatusOr<v1::CompareMetricResponse>& response) {
  if (can_share) {
    ExpectRefused(response.status());
    return;
  }
  ASSERT_OK(response);
  const int min_sample = std::max(base.min_sample, candidate.min_sample);
  ASSERT_EQ(response->method_info().min_sample(), min_sample);
  const ModelPoint& from = base.total.front();
  const ModelPoint& to = candidate.total.front();
  ASSERT_NO_FATAL_FAILURE(ExpectPoint(request.base(), min_sample, from, response->base()));
  ASSERT_NO_FATAL_FAILURE(ExpectPoint(request.candidate(), min_sample, to, response->candidate()));
  ASSERT_EQ(response->has_delta(),
            response->base().has_value() && response->candidate().has_value());
  if (response->has_delta()) {
    ASSERT_NEAR(response->delta(), response->candidate().value() - response->base().value(), 1e-9);
  }
  const int64_t fewest = std::min(from.Count(0, 10), to.Count(0, 10));
  const bool is_tested = fewest >= 10 && fewest >= min_sample;
  ASSERT_EQ(response->has_z(), is_tested);
  ASSERT_EQ(response->has_p_value(), is_tested);
  ASSERT_EQ(response->has_delta_low(), is_tested);
  ASSERT_EQ(response->has_delta_high(), is_tested);
  if (!is_tested) {
    ASSERT_EQ(response->verdict(), v1::VERDICT_TOO_FEW);
    ASSERT_EQ(response->direction(), v1::CHANGE_DIRECTION_NEITHER);
    return;
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTested(from, to, request.base().confidence(), *response));
}

void ExpectResponse(const v1::QueryMetricRequest& query, const ModelResult& model,
                    const absl::StatusOr<v1::QueryMetricResponse>& response,
                    const ModelMethod& method) {
  if (model.too_many) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
    return;
  }
  ASSERT_OK(response);
  ASSERT_NO_FATAL_FAILURE(ExpectFound(query, method, model, *response));
}

}  // namespace emptychair::testing
