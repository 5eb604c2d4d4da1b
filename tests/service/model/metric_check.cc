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
#include "tests/service/model/sample_model.h"

namespace emptychair::testing {
namespace {

void ExpectInterval(double low, double high, double tolerance, const v1::MetricValue& point) {
  ASSERT_NEAR(point.low(), low, tolerance);
  ASSERT_NEAR(point.high(), high, tolerance);
}

void ExpectNet(const ModelMethod& method, double quantile, const ModelPoint& model,
               const ModelSample& sample, const v1::MetricValue& point) {
  const int64_t p = model.Count(method.good_low, method.good_high);
  const int64_t d = model.Count(method.bad_low, method.bad_high);
  const int64_t n = model.scored();
  ASSERT_EQ(point.promoters(), p);
  ASSERT_EQ(point.passives(), n - p - d);
  ASSERT_EQ(point.detractors(), d);
  ASSERT_EQ(point.numerator(), p - d);
  const double net = static_cast<double>(p - d) / n;
  ASSERT_NEAR(point.value(), 100 * net, 1e-9);
  if (!sample.is_known) {
    return;
  }
  const double variance = std::max(0.0, static_cast<double>(p + d) / n - net * net);
  ASSERT_NEAR(point.standard_error(), 100 * std::sqrt(variance / sample.answers), 1e-3);
  const Adjusted adjusted = AdjustedOf(method, model, sample.answers);
  const double reach = quantile * std::sqrt(adjusted.variance);
  ExpectInterval(std::max(-100.0, 100 * (adjusted.score - reach)),
                 std::min(100.0, 100 * (adjusted.score + reach)), 1e-3, point);
}

// With the interval of Wilson.
void ExpectShare(const ModelMethod& method, double quantile, const ModelPoint& model,
                 const ModelSample& sample, const v1::MetricValue& point) {
  const int64_t successes = model.Count(method.good_low, method.good_high);
  const double share = static_cast<double>(successes) / static_cast<double>(model.scored());
  ASSERT_EQ(point.numerator(), successes);
  ASSERT_NEAR(point.value(), 100 * share, 1e-9);
  if (!sample.is_known) {
    return;
  }
  const double n = sample.answers;
  ASSERT_NEAR(point.standard_error(), 100 * std::sqrt(share * (1 - share) / n), 1e-3);
  const double square = quantile * quantile;
  const double middle = (share + square / (2 * n)) / (1 + square / n);
  const double reach =
      quantile / (1 + square / n) * std::sqrt(share * (1 - share) / n + square / (4 * n * n));
  ExpectInterval(100 * (middle - reach), 100 * (middle + reach), 1e-3, point);
}

// With the deviations from the mean, where the server has sums of squares.
void ExpectMean(const ModelMethod& method, double quantile, const ModelPoint& model,
                const ModelSample& sample, const v1::MetricValue& point) {
  const auto n = static_cast<double>(model.scored());
  int64_t sum = 0;
  for (const auto& [score, count] : model.histogram) {
    sum += score * count;
  }
  const double mean = static_cast<double>(sum) / n;
  ASSERT_EQ(point.numerator(), sum);
  ASSERT_NEAR(point.value(), mean, 1e-9);
  ASSERT_EQ(point.has_standard_error(), n > 1 && sample.is_known);
  if (!sample.is_known) {
    return;
  }
  double squares = 0;
  for (const auto& [score, count] : model.histogram) {
    squares += static_cast<double>(count) * (score - mean) * (score - mean);
  }
  if (n > 1) {
    ASSERT_NEAR(point.standard_error(), std::sqrt(squares / (n - 1) / sample.answers), 1e-3);
  }
  const Adjusted adjusted = AdjustedOf(method, model, sample.answers);
  const double reach = quantile * std::sqrt(adjusted.variance);
  ExpectInterval(std::max<double>(method.low, adjusted.score - reach),
                 std::min<double>(method.high, adjusted.score + reach), 1e-3, point);
}

void ExpectNoEstimate(const v1::MetricValue& point) {
  ASSERT_FALSE(point.has_low() || point.has_high() || point.has_standard_error() ||
               point.has_numerator() || point.has_denominator() || point.has_effective_sample() ||
               point.has_design_effect());
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
  const bool has_customers = query.respondent_rule() > v1::RESPONDENT_RULE_ALL ||
                             RuleOf(query, method) == v1::INTERVAL_RULE_CUSTOMERS;
  ASSERT_EQ(point.has_customers(), has_customers && n >= min_sample);
  ASSERT_EQ(point.customers(), point.has_customers() ? model.known_customers() : 0);
  ASSERT_EQ(point.has_anonymous(), point.has_customers());
  ASSERT_EQ(point.anonymous(),
            point.has_customers()
                ? static_cast<int64_t>(model.by_customer.size()) - model.known_customers()
                : 0);
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
  const ModelSample sample = SampleOf(query, method, model);
  ASSERT_EQ(point.has_effective_sample(), sample.is_known);
  ASSERT_EQ(point.has_design_effect(), sample.is_known);
  ASSERT_EQ(point.has_low(), sample.is_known);
  ASSERT_EQ(point.has_high(), sample.is_known);
  if (sample.is_known) {
    ASSERT_NEAR(point.effective_sample(), sample.answers, 1e-5 * sample.answers);
    ASSERT_NEAR(point.design_effect(), sample.design_effect, 1e-9 * sample.design_effect);
  }
  switch (method.value) {
    case Value::kNet:
      return ExpectNet(method, quantile, model, sample, point);
    case Value::kShare:
      return ExpectShare(method, quantile, model, sample, point);
    case Value::kMean:
      return ExpectMean(method, quantile, model, sample, point);
    case Value::kCount:
      return;
  }
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

}  // namespace

std::vector<std::pair<int, std::string>> SortKey(const std::vector<std::string>& group) {
  std::vector<std::pair<int, std::string>> key;
  for (const std::string& value : group) {
    key.emplace_back(value == "(none)" ? 1 : value == "(other)" ? 2 : 0, value);
  }
  return key;
}

void ExpectPoint(const v1::QueryMetricRequest& query, int min_sample, const ModelPoint& model,
                 const v1::MetricValue& point) {
  ExpectPoint(query, ModelMethod(), min_sample, model, point);
}

void ExpectResponse(const v1::QueryMetricRequest& query, const ModelResult& model,
                    const absl::StatusOr<v1::QueryMetricResponse>& response,
                    const ModelMethod& method) {
  if (model.too_many) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
    return;
  }
  ASSERT_OK(response);
  ASSERT_EQ(response->method_info().interval_rule(), RuleOf(query, method));
  ASSERT_NO_FATAL_FAILURE(ExpectFound(query, method, model, *response));
}

}  // namespace emptychair::testing
