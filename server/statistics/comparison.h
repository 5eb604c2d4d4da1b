// Tests whether a metric differs between two sets of answers by more than chance explains.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_
#define EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_

#include <cstdint>
#include <optional>

#include "emptychair/v1/metrics_service.pb.h"
#include "server/statistics/estimate.h"
#include "server/statistics/metric_value.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// With fewer answers on a side the normal distribution says too little.
inline constexpr int64_t kComparedAnswersMin = 10;

// In percentage points, or score points for means.
struct Comparison {
  // The candidate's value less the base's, unadjusted. Absent when either has none.
  std::optional<double> delta;
  // Of the difference that is tested. Absent for TOO_FEW.
  std::optional<Interval> interval;
  // That difference in standard errors, and how often chance alone takes it as far from 0, on
  // either side. Absent for TOO_FEW and when both standard errors are 0.
  std::optional<double> z;
  std::optional<double> p_value;
  v1::Verdict verdict = v1::VERDICT_TOO_FEW;
  v1::ChangeDirection direction = v1::CHANGE_DIRECTION_NEITHER;
};

// Compares two values of `method`, of independent answers, as EvaluateMetric makes them.
//
// The test takes the difference d of AdjustNet for nets, of AdjustShare for shares and of the
// sample means, with the standard error `se = sqrt(se_base² + se_candidate²)`: `z = d / se`, the p
// value by the normal distribution, and the interval `d ± q se` with the quantile q of
// `confidence`, which is not clamped. HIGHER or LOWER exactly when 0 lies outside the interval. Two
// means without spread have an interval of no width, at delta.
//
// TOO_FEW when a value is absent or suppressed or rests on fewer than kComparedAnswersMin answers,
// and always for COUNT, which has no error bar.
//
// Pure and thread-safe.
Comparison CompareValues(const ScoreMethod& method, const MetricValue& base,
                         const MetricValue& candidate, Confidence confidence);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_
