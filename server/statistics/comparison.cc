#include "server/statistics/comparison.h"

#include <algorithm>
#include <cmath>

#include "server/statistics/distributions.h"

namespace emptychair::statistics {
namespace {

bool HasEnough(const MetricValue& value) {
  return value.adjusted.has_value() && value.answers >= kComparedAnswersMin;
}

// What a difference is thought to be of before it is known, in the unit of the value.
double ExpectedDifference(const ScoreMethod& method) {
  constexpr double kOfRange = 0.05;
  switch (method.kind()) {
    case ScoreMethod::Kind::kNet:
      return 200 * kOfRange;
    case ScoreMethod::Kind::kShare:
      return 100 * kOfRange;
    case ScoreMethod::Kind::kMean:
    case ScoreMethod::Kind::kCount:
      break;
  }
  return (static_cast<double>(method.scale_size()) - 1) * kOfRange;
}

double StandardErrorOf(const AdjustedEstimate& base, const AdjustedEstimate& candidate,
                       double correlation) {
  const double from = base.standard_error();
  const double to = candidate.standard_error();
  // Rounding may take that of equal ones below 0.
  return std::sqrt(std::max(0.0, from * from + to * to - 2 * correlation * from * to));
}

// Sets what an interval that holds at all times needs.
void LookOpenEnded(const ScoreMethod& method, double alpha, Comparison& comparison) {
  const double expected = ExpectedDifference(method);
  const double ratio = std::pow(expected / comparison.standard_error, 2);
  const double z = *comparison.z;
  comparison.p_value =
      std::min(1.0, std::sqrt(1 + ratio) * std::exp(-z * z * ratio / (2 * (ratio + 1))));
  comparison.z_limit = std::sqrt((1 + 1 / ratio) * (-2 * std::log(alpha) + std::log1p(ratio)));
}

v1::ChangeDirection DirectionOf(const ScoreMethod& method, v1::Verdict verdict) {
  if (verdict != v1::VERDICT_HIGHER && verdict != v1::VERDICT_LOWER) {
    return v1::CHANGE_DIRECTION_NEITHER;
  }
  return (verdict == v1::VERDICT_LOWER) == method.lower_is_better() ? v1::CHANGE_DIRECTION_BETTER
                                                                    : v1::CHANGE_DIRECTION_WORSE;
}

}  // namespace

v1::Verdict VerdictOf(Interval interval) {
  if (interval.low > 0) {
    return v1::VERDICT_HIGHER;
  }
  return interval.high < 0 ? v1::VERDICT_LOWER : v1::VERDICT_NO_CLEAR_CHANGE;
}

double InformationFraction(const AdjustedEstimate& base, const AdjustedEstimate& candidate,
                           double correlation, const LookPlan& plan) {
  const double f = plan.candidate_fraction;
  const double from = base.standard_error();
  const double to = candidate.standard_error();
  const double variance = from * from + to * to - 2 * correlation * from * to;
  if (variance <= 0) {
    return 1;
  }
  const double known = plan.base_fraction * from * from + f * to * to - 2 * correlation * from * to;
  return std::clamp(known / variance, f * f, 1.0);
}

void Judge(const ScoreMethod& method, double z_limit, Comparison& comparison) {
  if (!comparison.difference.has_value()) {
    return;
  }
  const double margin = z_limit * comparison.standard_error;
  comparison.z_limit = z_limit;
  comparison.interval =
      Interval{.low = *comparison.difference - margin, .high = *comparison.difference + margin};
  comparison.verdict = VerdictOf(*comparison.interval);
  comparison.direction = DirectionOf(method, comparison.verdict);
}

Comparison CompareValues(const ScoreMethod& method, const MetricValue& base,
                         const MetricValue& candidate, const ComparisonOptions& options) {
  Comparison comparison;
  if (base.estimate.has_value() && candidate.estimate.has_value()) {
    comparison.delta = candidate.estimate->value - base.estimate->value;
  }
  if (!HasEnough(base) || !HasEnough(candidate)) {
    return comparison;
  }
  const double alpha = 1 - options.confidence.level();
  const double correlation = std::min(options.correlation, kCorrelationMax);
  comparison.difference = candidate.adjusted->value - base.adjusted->value;
  comparison.standard_error = StandardErrorOf(*base.adjusted, *candidate.adjusted, correlation);
  double z_limit = options.confidence.z();
  if (comparison.standard_error > 0) {
    comparison.z = *comparison.difference / comparison.standard_error;
    comparison.p_value = TwoSidedP(*comparison.z);
    if (options.plan.looks == v1::LOOKS_UNTIL_END) {
      comparison.information_fraction = InformationFraction(*base.adjusted, *candidate.adjusted,
                                                            options.correlation, options.plan);
      z_limit = TwoSidedZ(alpha / 4) / std::sqrt(*comparison.information_fraction);
    } else if (options.plan.looks == v1::LOOKS_OPEN_ENDED) {
      LookOpenEnded(method, alpha, comparison);
      z_limit = *comparison.z_limit;
    }
  }
  Judge(method, z_limit, comparison);
  return comparison;
}

Comparison CompareShares(const ShareCounts& base, const ShareCounts& candidate,
                         Confidence confidence) {
  Comparison comparison;
  const auto percent = [](const ShareCounts& share) {
    return 100.0 * static_cast<double>(share.successes) / static_cast<double>(share.answers);
  };
  if (base.answers > 0 && candidate.answers > 0) {
    comparison.delta = percent(candidate) - percent(base);
  }
  if (std::min(base.answers, candidate.answers) < kComparedAnswersMin) {
    return comparison;
  }
  const auto adjust = [](const ShareCounts& share) {
    return AdjustShare(share.successes, share.answers, static_cast<double>(share.answers));
  };
  const AdjustedEstimate from = adjust(base);
  const AdjustedEstimate to = adjust(candidate);
  comparison.difference = to.value - from.value;
  // Above 0: what is added leaves no share without variance.
  comparison.standard_error = StandardErrorOf(from, to, /*correlation=*/0);
  comparison.z = *comparison.difference / comparison.standard_error;
  comparison.p_value = TwoSidedP(*comparison.z);
  comparison.z_limit = confidence.z();
  const double margin = confidence.z() * comparison.standard_error;
  comparison.interval =
      Interval{.low = *comparison.difference - margin, .high = *comparison.difference + margin};
  comparison.verdict = VerdictOf(*comparison.interval);
  return comparison;
}

}  // namespace emptychair::statistics
