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
  value.anonymous.reset();
  value.histogram.clear();
  value.estimate.reset();
  value.numerator.reset();
  value.denominator.reset();
  value.classes.reset();
  value.sample.reset();
  value.adjusted.reset();
  value.grade = v1::GRADE_UNSPECIFIED;
  value.grade_is_certain = false;
}

// What the value speaks of, by the answers that it rests on.
class Evidence {
 public:
  Evidence(const Tally& tally, const EvaluateOptions& options, int64_t answers)
      : tally_(tally), options_(options), answers_(answers) {}

  // Sets what the interval rests on. `squares` is Σ(x - mean)² of the answers' points, `adjust`
  // gives the adjusted estimate for a number of independent answers, `unit` the square of that of
  // the value in points.
  template <typename Adjust>
  void Weigh(double squares, double unit, Adjust adjust, MetricValue& value) const {
    const auto variance_of = [&](double customers) { return adjust(customers).variance / unit; };
    value.sample =
        tally_.by_customer != nullptr
            ? SampleByCustomer(*tally_.by_customer, squares, variance_of, options_.confidence)
        : tally_.repeats.has_value()
            ? SampleByEffect(*tally_.repeats, answers_, options_.confidence)
            : EffectiveSample{.answers = static_cast<double>(answers_)};
    if (HasEverybody()) {
      value.sample.reset();
    }
    if (!value.sample.has_value()) {
      return;
    }
    if (options_.population.has_value()) {
      value.sample->answers =
          SampleOfPopulation(value.sample->answers, Customers(), *options_.population);
    }
    value.adjusted = adjust(value.sample->answers);
  }

  // Everybody of the population has answered, so that their value is known.
  bool HasEverybody() const { return options_.population == Customers(); }

 private:
  int64_t Customers() const {
    return tally_.by_customer != nullptr ? tally_.by_customer->customers : answers_;
  }

  const Tally& tally_;
  const EvaluateOptions& options_;
  const int64_t answers_;
};

std::optional<double> SizeOf(const std::optional<EffectiveSample>& sample) {
  return sample.has_value() ? std::optional(sample->answers) : std::nullopt;
}

void SetNet(const ScoreMethod& method, const Tally& tally, const Evidence& evidence,
            Confidence confidence, MetricValue& value) {
  const int64_t promoters = CountIn(method.positive(), method, tally);
  const int64_t detractors = CountIn(method.negative(), method, tally);
  const auto net = static_cast<double>(promoters - detractors);
  evidence.Weigh(
      static_cast<double>(promoters + detractors) - net * net / static_cast<double>(value.answers),
      /*unit=*/10'000,
      [&](double sample) { return AdjustNet(promoters, detractors, value.answers, sample); },
      value);
  value.estimate =
      EstimateNet(promoters, detractors, value.answers, SizeOf(value.sample), confidence);
  value.numerator = promoters - detractors;
  value.classes = NetCounts{promoters, value.answers - promoters - detractors, detractors};
}

void SetShare(const ScoreMethod& method, const Tally& tally, const Evidence& evidence,
              Confidence confidence, MetricValue& value) {
  const int64_t successes = CountIn(method.positive(), method, tally);
  evidence.Weigh(
      static_cast<double>(successes) * static_cast<double>(value.answers - successes) /
          static_cast<double>(value.answers),
      /*unit=*/10'000, [&](double sample) { return AdjustShare(successes, value.answers, sample); },
      value);
  value.estimate = EstimateShare(successes, value.answers, SizeOf(value.sample), confidence);
  value.numerator = successes;
}

void SetMean(const ScoreMethod& method, const Tally& tally, const Evidence& evidence,
             Confidence confidence, MetricValue& value) {
  const ScoreMoments moments(tally.histogram, method.scale().low);
  evidence.Weigh(
      moments.SquaredDeviations(), /*unit=*/1,
      [&](double sample) { return AdjustMean(moments, sample); }, value);
  const std::optional<MeanEstimate> mean = EstimateMean(moments, SizeOf(value.sample), confidence);
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
  if (tally.customers.has_value()) {
    // Of known ones one answer counts each where the answers are not kept by customer.
    value.anonymous = tally.by_customer != nullptr ? tally.by_customer->anonymous
                                                   : value.answers - *tally.customers;
  }
  if (options.include_histogram) {
    value.histogram.assign(tally.histogram.begin(), tally.histogram.end());
  }
  if (value.answers == 0) {
    return;
  }
  value.denominator = value.answers;
  const Evidence evidence(tally, options, value.answers);
  switch (method.kind()) {
    case ScoreMethod::Kind::kNet:
      SetNet(method, tally, evidence, options.confidence, value);
      break;
    case ScoreMethod::Kind::kShare:
      SetShare(method, tally, evidence, options.confidence, value);
      break;
    case ScoreMethod::Kind::kMean:
      SetMean(method, tally, evidence, options.confidence, value);
      break;
    case ScoreMethod::Kind::kCount:
      return;
  }
  if (evidence.HasEverybody()) {
    const double known = value.estimate->value;
    value.estimate->standard_error = 0;
    value.estimate->interval = Interval{.low = known, .high = known};
  }
  if (method.method() == v1::METRIC_METHOD_NET_PROMOTER) {
    value.grade = GradeOf(value.classes->promoters, value.classes->detractors, value.answers);
    value.grade_is_certain = value.estimate->interval.has_value() &&
                             GradeIsCertain(value.grade, *value.estimate->interval);
  }
}

}  // namespace emptychair::statistics
