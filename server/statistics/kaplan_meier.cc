#include "server/statistics/kaplan_meier.h"

#include <cassert>
#include <cmath>
#include <cstddef>

namespace emptychair::statistics {
namespace {

// Neither 0 nor 1; `variance` is Greenwood's sum.
Interval LogLogInterval(long double survival, long double variance, Confidence confidence) {
  const auto standard_error = static_cast<double>(std::sqrt(variance) / -std::log(survival));
  const double spread = std::exp(confidence.z() * standard_error);
  const auto share = static_cast<double>(survival);
  return {.low = std::pow(share, spread), .high = std::pow(share, 1 / spread)};
}

template <typename Reached>
std::optional<int64_t> FirstDuration(const SurvivalCurve& curve, Reached reached) {
  for (const SurvivalStep& step : curve.steps) {
    if (reached(step)) {
      return step.duration;
    }
  }
  return std::nullopt;
}

}  // namespace

SurvivalCurve EstimateSurvival(absl::Span<const DurationCount> counts, Confidence confidence) {
  SurvivalCurve curve;
  for (size_t i = 0; i < counts.size(); ++i) {
    const DurationCount& count = counts[i];
    assert(count.duration >= 0 && count.events >= 0 && count.censored >= 0);
    assert(i == 0 || counts[i - 1].duration < count.duration);
    curve.subjects += count.events + count.censored;
    curve.events += count.events;
  }
  int64_t at_risk = curve.subjects;
  // A curve of milliseconds may have a million steps, over which the rounding of doubles can pass
  // the tolerance of a quantile.
  long double survival = 1;
  long double variance = 0;
  for (const DurationCount& count : counts) {
    if (count.events > 0) {
      const auto n = static_cast<long double>(at_risk);
      const auto d = static_cast<long double>(count.events);
      SurvivalStep step{
          .duration = count.duration, .at_risk = at_risk, .events = count.events, .survival = 0};
      if (count.events < at_risk) {
        survival *= (n - d) / n;
        variance += d / (n * (n - d));
        step.survival = static_cast<double>(survival);
        step.interval = LogLogInterval(survival, variance, confidence);
      }
      curve.steps.push_back(step);
    }
    at_risk -= count.events + count.censored;
  }
  return curve;
}

DurationQuantile QuantileOf(const SurvivalCurve& curve, double q) {
  assert(q > 0 && q < 1);
  constexpr double kTolerance = 1e-12;
  const double left = 1 - q;
  return {.value = FirstDuration(
              curve, [&](const SurvivalStep& step) { return step.survival <= left + kTolerance; }),
          .low = FirstDuration(curve,
                               [&](const SurvivalStep& step) {
                                 return step.interval.has_value() && step.interval->low <= left;
                               }),
          .high = FirstDuration(curve, [&](const SurvivalStep& step) {
            return step.interval.has_value() && step.interval->high <= left;
          })};
}

}  // namespace emptychair::statistics
