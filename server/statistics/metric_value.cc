#include "server/statistics/metric_value.h"

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

void SetEstimate(const Estimate& estimate, v1::MetricValue* out) {
  out->set_value(estimate.value);
  if (estimate.standard_error.has_value()) {
    out->set_standard_error(*estimate.standard_error);
  }
  if (estimate.interval.has_value()) {
    out->set_low(estimate.interval->low);
    out->set_high(estimate.interval->high);
  }
}

void SetNet(const ScoreMethod& method, const Tally& tally, int64_t answers, Confidence confidence,
            v1::MetricValue* out) {
  const int64_t promoters = CountIn(method.positive(), method, tally);
  const int64_t detractors = CountIn(method.negative(), method, tally);
  const std::optional<Estimate> net = EstimateNet(promoters, detractors, answers, confidence);
  SetEstimate(*net, out);
  out->set_numerator(promoters - detractors);
  out->set_promoters(promoters);
  out->set_passives(answers - promoters - detractors);
  out->set_detractors(detractors);
  if (method.method() == v1::METRIC_METHOD_NET_PROMOTER) {
    const v1::Grade grade = GradeOf(promoters, detractors, answers);
    out->set_grade(grade);
    out->set_grade_is_certain(GradeIsCertain(grade, *net->interval));
  }
}

void SetShare(const ScoreMethod& method, const Tally& tally, int64_t answers, Confidence confidence,
              v1::MetricValue* out) {
  const int64_t successes = CountIn(method.positive(), method, tally);
  SetEstimate(*EstimateShare(successes, answers, confidence), out);
  out->set_numerator(successes);
}

void SetMean(const ScoreMethod& method, const Tally& tally, Confidence confidence,
             v1::MetricValue* out) {
  const std::optional<MeanEstimate> mean =
      EstimateMean(tally.histogram, method.scale().low, confidence);
  SetEstimate(mean->estimate, out);
  if (mean->sum >= std::numeric_limits<int64_t>::min() &&
      mean->sum <= std::numeric_limits<int64_t>::max()) {
    out->set_numerator(static_cast<int64_t>(mean->sum));
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
                    v1::MetricValue* out) {
  out->Clear();
  out->set_unscored(tally.unscored);
  for (size_t reason = 1; reason < tally.excluded.size(); ++reason) {
    if (tally.excluded[reason] != 0) {
      v1::ExcludedCount* excluded = out->add_excluded();
      excluded->set_reason(static_cast<v1::ExclusionReason>(reason));
      excluded->set_count(tally.excluded[reason]);
    }
  }
  if (method.kind() == ScoreMethod::Kind::kCount) {
    out->set_value(static_cast<double>(tally.unscored));
    return;
  }

  assert(tally.histogram.size() == method.scale_size());
  const int64_t answers = Sum(tally.histogram);
  out->set_answers(answers);
  if (answers < options.min_sample) {
    out->set_suppressed(true);
    return;
  }
  if (tally.customers.has_value()) {
    out->set_customers(*tally.customers);
  }
  if (options.include_histogram) {
    out->mutable_histogram()->Add(tally.histogram.begin(), tally.histogram.end());
  }
  if (answers == 0) {
    return;
  }
  out->set_denominator(answers);
  switch (method.kind()) {
    case ScoreMethod::Kind::kNet:
      return SetNet(method, tally, answers, options.confidence, out);
    case ScoreMethod::Kind::kShare:
      return SetShare(method, tally, answers, options.confidence, out);
    case ScoreMethod::Kind::kMean:
      return SetMean(method, tally, options.confidence, out);
    case ScoreMethod::Kind::kCount:
      return;
  }
}

}  // namespace emptychair::statistics
