#include "server/statistics/metric_value.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <optional>

#include "absl/numeric/int128.h"

namespace emptychair::statistics {
namespace {

// A band of grades ends where the next better one begins.
struct Band {
  v1::Grade grade;
  int above;
};
constexpr Band kBandsBestFirst[] = {
    {v1::GRADE_TOP, 80}, {v1::GRADE_EXCELLENT, 50}, {v1::GRADE_GOOD, 0}};

int64_t Sum(absl::Span<const int64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

int64_t CountIn(ScoreRange range, const ScoreMethod& method, const Tally& tally) {
  if (range.empty()) {
    return 0;
  }
  return Sum(tally.histogram.subspan(range.low - method.scale().low, range.high - range.low + 1));
}

// Field by field, which costs less than a new value, and keeps the histogram's memory.
void Clear(MetricValue& value) {
  value.answers = 0;
  value.unscored = 0;
  value.excluded.fill(0);
  value.suppressed = false;
  value.customers.reset();
  value.histogram.clear();
  value.estimate.reset();
  value.numerator.reset();
  value.denominator.reset();
  value.classes.reset();
  value.grade = v1::GRADE_UNSPECIFIED;
  value.grade_is_certain = false;
}

void SetNet(const ScoreMethod& method, const Tally& tally, Confidence confidence,
            MetricValue& value) {
  const int64_t promoters = CountIn(method.positive(), method, tally);
  const int64_t detractors = CountIn(method.negative(), method, tally);
  value.estimate = EstimateNet(promoters, detractors, value.answers, confidence);
  value.numerator = promoters - detractors;
  value.classes = NetCounts{promoters, value.answers - promoters - detractors, detractors};
  if (method.method() == v1::METRIC_METHOD_NET_PROMOTER) {
    value.grade = GradeOf(promoters, detractors, value.answers);
    value.grade_is_certain = GradeIsCertain(value.grade, *value.estimate->interval);
  }
}

void SetShare(const ScoreMethod& method, const Tally& tally, Confidence confidence,
              MetricValue& value) {
  value.numerator = CountIn(method.positive(), method, tally);
  value.estimate = EstimateShare(*value.numerator, value.answers, confidence);
}

void SetMean(const ScoreMethod& method, const Tally& tally, Confidence confidence,
             MetricValue& value) {
  const std::optional<MeanEstimate> mean =
      EstimateMean(tally.histogram, method.scale().low, confidence);
  value.estimate = mean->estimate;
  if (mean->sum >= std::numeric_limits<int64_t>::min() &&
      mean->sum <= std::numeric_limits<int64_t>::max()) {
    value.numerator = static_cast<int64_t>(mean->sum);
  }
}

}  // namespace

v1::Grade GradeOf(int64_t promoters, int64_t detractors, int64_t answers) {
  for (const Band& band : kBandsBestFirst) {
    if (100 * absl::int128(promoters - detractors) > band.above * absl::int128(answers)) {
      return band.grade;
    }
  }
  return v1::GRADE_NEEDS_WORK;
}

bool GradeIsCertain(v1::Grade grade, Interval interval) {
  double upper_edge = 100;
  for (const Band& band : kBandsBestFirst) {
    if (band.grade == grade) {
      return interval.low > band.above && interval.high <= upper_edge;
    }
    upper_edge = band.above;
  }
  return grade == v1::GRADE_NEEDS_WORK && interval.high <= upper_edge;
}

void EvaluateMetric(const ScoreMethod& method, const Tally& tally, const EvaluateOptions& options,
                    MetricValue& value) {
  Clear(value);
  value.unscored = tally.unscored;
  assert(tally.excluded.size() <= value.excluded.size());
  std::copy(tally.excluded.begin(), tally.excluded.end(), value.excluded.begin());
  if (method.kind() == ScoreMethod::Kind::kCount) {
    value.estimate = Estimate{.value = static_cast<double>(tally.unscored)};
    return;
  }

  assert(tally.histogram.size() == method.scale_size());
  value.answers = Sum(tally.histogram);
  if (value.answers < options.min_sample) {
    value.suppressed = true;
    return;
  }
  value.customers = tally.customers;
  if (options.include_histogram) {
    value.histogram.assign(tally.histogram.begin(), tally.histogram.end());
  }
  if (value.answers == 0) {
    return;
  }
  value.denominator = value.answers;
  switch (method.kind()) {
    case ScoreMethod::Kind::kNet:
      return SetNet(method, tally, options.confidence, value);
    case ScoreMethod::Kind::kShare:
      return SetShare(method, tally, options.confidence, value);
    case ScoreMethod::Kind::kMean:
      return SetMean(method, tally, options.confidence, value);
    case ScoreMethod::Kind::kCount:
      return;
  }
}

}  // namespace emptychair::statistics
