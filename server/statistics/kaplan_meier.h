// Tells how long something takes while for some it has not happened yet. Everything here is pure
// and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_KAPLAN_MEIER_H_
#define EMPTYCHAIR_SERVER_STATISTICS_KAPLAN_MEIER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "server/statistics/estimate.h"

namespace emptychair::statistics {

// Those for whom something took one time, or who were watched for that time without it. Durations
// are whole numbers, 0 or more, of a unit that the caller chooses, for example days; counts are not
// negative.
struct DurationCount {
  int64_t duration = 0;
  int64_t events = 0;    // It happened to them then.
  int64_t censored = 0;  // Until then it had not, and what came later is not known.
};

// The survival function from `duration` on, up to the next step.
struct SurvivalStep {
  int64_t duration = 0;
  // To whom it had not happened before, and who were still watched.
  int64_t at_risk = 0;
  int64_t events = 0;  // At least 1.
  // The share, 0 to 1, to whom it has not happened within `duration`.
  double survival = 1;
  // Of the share. Absent where it is 0.
  std::optional<Interval> interval;

  friend bool operator==(const SurvivalStep&, const SurvivalStep&) = default;
};

struct SurvivalCurve {
  // All of them, and those to whom it happened.
  int64_t subjects = 0;
  int64_t events = 0;
  // One for each duration with events, ascending. Before the first the survival is 1.
  std::vector<SurvivalStep> steps;

  friend bool operator==(const SurvivalCurve&, const SurvivalCurve&) = default;
};

// A quantile of the durations, in their unit; each absent where the curve, or the limit of its
// interval, does not come down so far.
struct DurationQuantile {
  std::optional<int64_t> value;
  std::optional<int64_t> low;
  std::optional<int64_t> high;

  friend bool operator==(const DurationQuantile&, const DurationQuantile&) = default;
};

// The survival function `S(t) = Π (1 - d/n)` over the durations up to t, each with d events among n
// at risk; those censored at a duration are still at risk there. Its interval is that of the
// log-log transformation, which stays inside 0 … 1:
//
//   S^exp(±z se), se = sqrt(Σ d / (n (n - d))) / |ln S|
//
// Durations ascend strictly; those without anybody may be left out. All counts add up to at most
// 2^53. Takes time and memory by the number of durations.
//
// Sources: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations",
// Journal of the American Statistical Association 53 (1958), with the variance of M. Greenwood
// (1926); J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data"
// (1980), for the transformation.
SurvivalCurve EstimateSurvival(absl::Span<const DurationCount> counts, Confidence confidence);

// The smallest duration with `S <= 1 - q + 1e-12`, 0 < q < 1: within it, it has happened to the
// share q. The tolerance makes up for rounding: the median of six to whom it happened one by one is
// the third. Where S is 1 - q there is no mean with the next step.
//
// The interval inverts that of the curve: low and high are the smallest durations where the lower
// and the upper limit are at most 1 - q. There are no limits where the curve is 0, so a value may
// have neither.
//
// Source: R. Brookmeyer and J. Crowley, "A Confidence Interval for the Median Survival Time",
// Biometrics 38 (1982).
DurationQuantile QuantileOf(const SurvivalCurve& curve, double q);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_KAPLAN_MEIER_H_
