#include "tests/service/metric_check.h"

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
#include "tests/service/requests.h"

namespace emptychair::testing {
namespace {

double Quantile(double confidence) {
  return confidence == 0.80   ? 1.2815515655446004
         : confidence == 0.90 ? 1.6448536269514722
         : confidence == 0.99 ? 2.5758293035489004
                              : 1.959963984540054;
}

// The adjusted score of an NPS and its variance, as fractions.
struct Adjusted {
  double score;
  double variance;
};

Adjusted AdjustedOf(const ModelPoint& model) {
  const int64_t p = model.Count(9, 10);
  const int64_t d = model.Count(0, 6);
  const int64_t n = model.Count(0, 10);
  const double score = static_cast<double>(p - d) / (n + 3);
  return {score, ((p + d + 1.5) / (n + 3) - score * score) / (n + 3)};
}

// Fails the test unless `point` says what `model` counted.
void ExpectPoint(const v1::QueryMetricRequest& query, int min_sample, const ModelPoint& model,
                 const v1::MetricValue& point) {
  const int64_t p = model.Count(9, 10);
  const int64_t d = model.Count(0, 6);
  const int64_t n = model.Count(0, 10);
  ASSERT_EQ(point.answers(), n);
  ASSERT_EQ(point.unscored(), model.unscored);
  std::map<v1::ExclusionReason, int64_t> excluded;
  for (const v1::ExcludedCount& count : point.excluded()) {
    ASSERT_TRUE(excluded.empty() || excluded.rbegin()->first < count.reason());
    excluded[count.reason()] = count.count();
  }
  ASSERT_EQ(excluded, model.excluded);
  ASSERT_EQ(point.suppressed(), n < min_sample);
  ASSERT_EQ(point.has_customers(),
            query.respondent_rule() > v1::RESPONDENT_RULE_ALL && n >= min_sample);
  ASSERT_EQ(point.customers(), point.has_customers() ? model.customers : 0);
  ASSERT_EQ(point.has_value(), n > 0 && n >= min_sample);
  const bool shows_histogram = query.include_histogram() && n >= min_sample;
  ASSERT_EQ(std::vector<int64_t>(point.histogram().begin(), point.histogram().end()),
            shows_histogram ? std::vector<int64_t>(model.histogram.begin(), model.histogram.end())
                            : std::vector<int64_t>());
  if (!point.has_value()) {
    ASSERT_FALSE(point.has_low() || point.has_high() || point.has_standard_error() ||
                 point.has_promoters() || point.has_denominator());
    return;
  }
  ASSERT_EQ(point.promoters(), p);
  ASSERT_EQ(point.passives(), n - p - d);
  ASSERT_EQ(point.detractors(), d);
  ASSERT_EQ(point.numerator(), p - d);
  ASSERT_EQ(point.denominator(), n);
  const double nps = static_cast<double>(p - d) / n;
  ASSERT_NEAR(point.value(), 100 * nps, 1e-9);
  ASSERT_NEAR(point.standard_error(),
              100 * std::sqrt(std::max(0.0, (static_cast<double>(p + d) / n - nps * nps) / n)),
              1e-5);
  const Adjusted adjusted = AdjustedOf(model);
  const double reach = Quantile(query.confidence()) * std::sqrt(adjusted.variance);
  ASSERT_NEAR(point.low(), std::max(-100.0, 100 * (adjusted.score - reach)), 1e-3);
  ASSERT_NEAR(point.high(), std::min(100.0, 100 * (adjusted.score + reach)), 1e-3);
}

void ExpectPoints(const v1::QueryMetricRequest& query, int min_sample,
                  const std::vector<ModelPoint>& model, const v1::MetricSeries& series) {
  ASSERT_EQ(series.points_size(), model.size());
  for (size_t i = 0; i < model.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("bucket ", i));
    ASSERT_NO_FATAL_FAILURE(
        ExpectPoint(query, min_sample, model[i], series.points(static_cast<int>(i))));
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

void ExpectFound(const v1::QueryMetricRequest& query, const ModelResult& model,
                 const v1::QueryMetricResponse& response) {
  ASSERT_EQ(response.buckets_size(), model.buckets.size());
  for (int i = 0; i < response.buckets_size(); ++i) {
    const ModelSpan& span = model.buckets[i];
    const v1::TimeInterval& bucket = response.buckets(i);
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
        ExpectPoints(query, model.min_sample, expected->second, response.series(i)));
  }
  SCOPED_TRACE("total");
  ASSERT_NO_FATAL_FAILURE(ExpectPoints(query, model.min_sample, model.total, response.total()));
}

// What is tested of two sides of ten answers and more.
void ExpectTested(const ModelPoint& base, const ModelPoint& candidate, double confidence,
                  const v1::CompareMetricResponse& response) {
  const Adjusted from = AdjustedOf(base);
  const Adjusted to = AdjustedOf(candidate);
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

}  // namespace

void ExpectComparison(const v1::CompareMetricRequest& request, bool can_share,
                      const ModelResult& base, const ModelResult& candidate,
                      const absl::StatusOr<v1::CompareMetricResponse>& response) {
  if (can_share) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_FIELD_INVALID));
    ASSERT_THAT(response,
                ::testing::AnyOf(HasField("candidate.interval"), HasField("candidate.filters")));
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
                    const absl::StatusOr<v1::QueryMetricResponse>& response) {
  if (model.too_many) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
    return;
  }
  ASSERT_OK(response);
  ASSERT_NO_FATAL_FAILURE(ExpectFound(query, model, *response));
}

}  // namespace emptychair::testing
