#include "server/statistics/comparison.h"

#include <cmath>

namespace emptychair::statistics {
namespace {

bool HasEnough(const MetricValue& value) {
  return value.estimate.has_value() && value.answers >= kComparedAnswersMin;
}

// What the test takes of one side.
AdjustedEstimate SampleOf(const ScoreMethod& method, const MetricValue& value) {
  switch (method.kind()) {
    case ScoreMethod::Kind::kNet:
      return AdjustNet(value.classes->promoters, value.classes->detractors, value.answers);
    case ScoreMethod::Kind::kShare:
      return AdjustShare(*value.numerator, value.answers);
    case ScoreMethod::Kind::kMean:
    case ScoreMethod::Kind::kCount:
      break;
  }
  return {.value = value.estimate->value, .standard_error = *value.estimate->standard_error};
}

v1::Verdict VerdictOf(Interval interval) {
  if (interval.low > 0) {
    return v1::VERDICT_HIGHER;
  }
  return interval.high < 0 ? v1::VERDICT_LOWER : v1::VERDICT_NO_CLEAR_CHANGE;
}

v1::ChangeDirection DirectionOf(const ScoreMethod& method, v1::Verdict verdict) {
  if (verdict != v1::VERDICT_HIGHER && verdict != v1::VERDICT_LOWER) {
    return v1::CHANGE_DIRECTION_NEITHER;
  }
  return (verdict == v1::VERDICT_LOWER) == method.lower_is_better() ? v1::CHANGE_DIRECTION_BETTER
                                                                    : v1::CHANGE_DIRECTION_WORSE;
}

}  // namespace

Comparison CompareValues(const ScoreMethod& method, const MetricValue& base,
                         const MetricValue& candidate, Confidence confidence) {
  Comparison comparison;
  if (base.estimate.has_value() && candidate.estimate.has_value()) {
    comparison.delta = candidate.estimate->value - base.estimate->value;
  }
  if (!HasEnough(base) || !HasEnough(candidate)) {
    return comparison;
  }
  const AdjustedEstimate from = SampleOf(method, base);
  const AdjustedEstimate to = SampleOf(method, candidate);
  const double difference = to.value - from.value;
  const double standard_error = std::hypot(from.standard_error, to.standard_error);
  if (standard_error > 0) {
    comparison.z = difference / standard_error;
    comparison.p_value = std::erfc(std::abs(*comparison.z) / std::sqrt(2.0));
  }
  const double margin = confidence.z() * standard_error;
  comparison.interval = Interval{.low = difference - margin, .high = difference + margin};
  comparison.verdict = VerdictOf(*comparison.interval);
  comparison.direction = DirectionOf(method, comparison.verdict);
  return comparison;
}

}  // namespace emptychair::statistics
