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
  const double adjusted = static_cast<double>(p - d) / (n + 3);
  const double se = std::sqrt(((p + d + 1.5) / (n + 3) - adjusted * adjusted) / (n + 3));
  const double reach = Quantile(query.confidence()) * se;
  ASSERT_NEAR(point.low(), std::max(-100.0, 100 * (adjusted - reach)), 1e-3);
  ASSERT_NEAR(point.high(), std::min(100.0, 100 * (adjusted + reach)), 1e-3);
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

}  // namespace

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
