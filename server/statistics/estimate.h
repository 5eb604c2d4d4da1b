// Estimates with their error bars, computed from counts. Everything here is pure and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emptychair::statistics {

// The confidence of an interval: one of the levels for which the service has a quantile.
class Confidence {
 public:
  // 0.95.
  constexpr Confidence() = default;

  // `level` as it stands in a request: 0.80, 0.90, 0.95 or 0.99; 0 means 0.95. Else FIELD_INVALID
  // on the field "confidence".
  static absl::StatusOr<Confidence> Of(double level);

  constexpr double level() const { return level_; }

  // The quantile of the standard normal distribution at (1 + level) / 2, to double precision.
  constexpr double z() const { return z_; }

 private:
  constexpr Confidence(double level, double z) : level_(level), z_(z) {}

  double level_ = 0.95;
  double z_ = 1.959963984540054;
};

struct Interval {
  double low;
  double high;

  friend bool operator==(const Interval&, const Interval&) = default;
};

// An estimate that rests on at least one answer, in percent, or in score points for means.
struct Estimate {
  double value;
  // The plain standard error of the value, not that of the adjusted one. Absent for the mean of a
  // single answer.
  std::optional<double> standard_error;
  // Absent with the standard error.
  std::optional<Interval> interval;

  friend bool operator==(const Estimate&, const Estimate&) = default;
};

// An estimate that is shrunk towards the middle of its range, so that its standard error is never
// 0: what intervals of a net and comparisons of nets and shares rest on. In percent.
struct AdjustedEstimate {
  double value;
  double standard_error;
};

// The mean of scores, with what it was computed from.
struct MeanEstimate {
  Estimate estimate;
  // Exact sum of the scores: the value times the number of answers.
  absl::int128 sum;
};

// `100 (promoters - detractors) / answers`, with 3 added to the answers and 3/4 to each of
// promoters and detractors.
//
// Source: B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician
// 70 (2016).
//
// Counts are not negative and promoters + detractors <= answers.
AdjustedEstimate AdjustNet(int64_t promoters, int64_t detractors, int64_t answers);

// `100 p` with `p = (successes + 1) / (answers + 2)`, and `100 sqrt(p (1 - p) / (answers + 2))`:
// for each of two shares that are compared.
//
// Source: A. Agresti and B. Caffo, "Simple and Effective Confidence Intervals for Proportions and
// Differences of Proportions Result from Adding Two Successes and Two Failures", The American
// Statistician 54 (2000).
//
// 0 <= successes <= answers.
AdjustedEstimate AdjustShare(int64_t successes, int64_t answers);

// `100 (promoters - detractors) / answers`, absent without answers. The interval is the adjusted
// Wald interval, that of AdjustNet clamped to -100 … 100. It is centred on the adjusted score, so
// it can leave out the value.
//
// Counts are not negative and promoters + detractors <= answers.
std::optional<Estimate> EstimateNet(int64_t promoters, int64_t detractors, int64_t answers,
                                    Confidence confidence);

// `100 successes / answers`, absent without answers. The interval is Wilson's score interval, which
// stays inside 0 … 100.
//
// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
// Journal of the American Statistical Association 22 (1927).
//
// 0 <= successes <= answers.
std::optional<Estimate> EstimateShare(int64_t successes, int64_t answers, Confidence confidence);

// The mean score, absent without answers. `histogram[i]` counts the answers of score
// `score_min + i`. The interval is the normal one on the sample variance
// `s² = (n Σx² - (Σx)²) / (n (n - 1))`, clamped to the scale. The sums are integers, so the order
// in which answers were added cannot change the result.
//
// The histogram has 1 to 101 entries that are not negative and add up to at most 2^56.
std::optional<MeanEstimate> EstimateMean(absl::Span<const int64_t> histogram, int32_t score_min,
                                         Confidence confidence);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_
