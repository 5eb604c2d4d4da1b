// Tests whether a metric differs between two sets of answers by more than chance explains.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_
#define EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_

#include <cstdint>
#include <optional>

#include "emptychair/v1/metrics_service.pb.h"
#include "server/statistics/estimate.h"
#include "server/statistics/metric_value.h"
#include "server/statistics/repeat_curve.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// With fewer answers on a side the normal distribution says too little.
inline constexpr int64_t kComparedAnswersMin = 10;

// In percentage points, or score points for means.
struct Comparison {
  // The candidate's value less the base's, unadjusted. Absent when either has none.
  std::optional<double> delta;
  // The difference that is tested, and its standard error. Absent for TOO_FEW.
  std::optional<double> difference;
  double standard_error = 0;
  // Of the difference. Absent for TOO_FEW.
  std::optional<Interval> interval;
  // The difference in standard errors, and how often chance alone takes it as far from 0, on either
  // side. Absent for TOO_FEW and when the standard error is 0.
  std::optional<double> z;
  std::optional<double> p_value;
  // Of the p value among those of all tests in one answer. Absent unless there are several.
  std::optional<double> q_value;
  // How many standard errors a change takes. Absent for TOO_FEW.
  std::optional<double> z_limit;
  // For UNTIL_END: of what will be known at the end, the part that is.
  std::optional<double> information_fraction;
  v1::Verdict verdict = v1::VERDICT_TOO_FEW;
  v1::ChangeDirection direction = v1::CHANGE_DIRECTION_NEITHER;
};

// How often the question is asked while answers come in.
struct LookPlan {
  // Not UNSPECIFIED.
  v1::Looks looks = v1::LOOKS_ONCE;
  // For UNTIL_END: the part of each side's time that has passed, 0 to 1.
  double base_fraction = 1;
  double candidate_fraction = 1;
};

// What is known of two sides beside their values.
struct ComparisonOptions {
  Confidence confidence;
  // Of the two values, by the customers on both sides: CustomerCorrelation. 0: independent.
  double correlation = 0;
  LookPlan plan;
};

// The part of what a comparison will know at the end that is known when f of the candidate's time
// and g of the base's, as a rule all of it, have passed:
// `(g S_base² + f S_candidate² - 2 r S_base S_candidate) / se²`, within f² … 1.
double InformationFraction(const AdjustedEstimate& base, const AdjustedEstimate& candidate,
                           double correlation, const LookPlan& plan);

// Compares two values of `method`, as EvaluateMetric makes them.
//
// The test takes the difference d of the adjusted values, with the standard error
// `se = sqrt(S_base² + S_candidate² - 2 r S_base S_candidate)`: `z = d / se`, the p value by the
// normal distribution, and the interval `d ± limit · se`, which is not clamped. HIGHER or LOWER
// exactly when 0 lies outside the interval. The limit is:
//
// r counts as at most kCorrelationMax: customers who all moved alike are few, or it would not be
// so.
//
// * ONCE: the quantile of `confidence`, 1 - α.
// * UNTIL_END: `z(1 - α/8) / sqrt(t)`, with the quantile of one side and the t of
//   InformationFraction; the spending of P. C. O'Brien and T. R. Fleming, Biometrics 35 (1979), in
//   the form of K. K. G. Lan and D. L. DeMets, Biometrika 70 (1983), at half of α.
// * OPEN_ENDED: that of an interval that holds at all times at once; with τ = 5 % of the unit's
//   range `p = min(1, sqrt(1 + τ²/se²) exp(-z² τ² / (2 (τ² + se²))))` and
//   `limit = sqrt((1 + se²/τ²) (2 ln(1/α) + ln(1 + τ²/se²)))`. Sources: H. Robbins, Annals of
//   Mathematical Statistics 41 (1970); R. Johari, L. Pekelis and D. J. Walsh, "Always Valid
//   Inference" (2015).
//
// The correlation: B. Derrick and others, see CustomerCorrelation.
//
// TOO_FEW when a value is absent or suppressed, has no interval or rests on fewer than
// kComparedAnswersMin answers, and always for COUNT, which has no error bar.
//
// Pure and thread-safe.
Comparison CompareValues(const ScoreMethod& method, const MetricValue& base,
                         const MetricValue& candidate, const ComparisonOptions& options);

// So many of so many.
struct ShareCounts {
  int64_t successes = 0;
  int64_t answers = 0;
};

// Compares two shares that are known by their counts alone, of independent answers, asked for once:
// as CompareValues compares those of answers, but for the direction. Pure and thread-safe.
Comparison CompareShares(const ShareCounts& base, const ShareCounts& candidate,
                         Confidence confidence);

// Makes the interval of a comparison as wide as `z_limit` says, and the verdict with it. Nothing
// for TOO_FEW. Pure and thread-safe.
void Judge(const ScoreMethod& method, double z_limit, Comparison& comparison);

// The verdict on an interval of a difference. Pure and thread-safe.
v1::Verdict VerdictOf(Interval interval);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_COMPARISON_H_
