// Estimates with their error bars, computed from counts. Everything here is pure and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emptychair::statistics {

// The confidence of an interval: one of the levels for which the service has a quantile.
class Confidence {
 public:
  static constexpr size_t kLevels = 4;

  // 0.95.
  constexpr Confidence() = default;

  // `level` as it stands in a request: 0.80, 0.90, 0.95 or 0.99; 0 means 0.95. Else FIELD_INVALID
  // on the field "confidence".
  static absl::StatusOr<Confidence> Of(double level);

  // All of them, ascending.
  static const std::array<Confidence, kLevels>& All();

  constexpr double level() const { return level_; }

  // The quantile of the standard normal distribution at (1 + level) / 2, to double precision.
  constexpr double z() const { return z_; }

  // The place among all of them.
  constexpr size_t index() const { return index_; }

 private:
  constexpr Confidence(size_t index, double level, double z)
      : index_(index), level_(level), z_(z) {}

  size_t index_ = 2;
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
  // single answer, and without an interval.
  std::optional<double> standard_error;
  // Absent when nothing tells how far to trust the value.
  std::optional<Interval> interval;

  friend bool operator==(const Estimate&, const Estimate&) = default;
};

// An estimate to which answers from the middle of its range were added, so that it always has some
// variance: what intervals of nets and means, and all tests, rest on. In the unit of the value.
struct AdjustedEstimate {
  double value;
  // Of one answer.
  double variance;
  // So many make up the estimate.
  double answers;

  double standard_error() const { return std::sqrt(variance / answers); }

  friend bool operator==(const AdjustedEstimate&, const AdjustedEstimate&) = default;
};

// Exact sums over the scores of answers: `histogram[i]` counts those of score `score_min + i`. It
// has 1 to 101 entries that are not negative and add up to at most 2^56.
struct ScoreMoments {
  ScoreMoments(absl::Span<const int64_t> histogram, int32_t score_min);

  // Σ(x - mean)², of at least one answer.
  double SquaredDeviations() const;

  int32_t score_min = 0;
  int32_t scores = 0;  // On the scale.
  int64_t answers = 0;
  // Of how far each score is from the lowest: they have the same variance, and squares of at most
  // 10^4, so that no product leaves 128 bits, whatever the scale.
  absl::int128 offsets = 0;
  absl::int128 squares = 0;
};

// The mean of scores, with what it was computed from.
struct MeanEstimate {
  Estimate estimate;
  // Exact sum of the scores: the value times the number of answers.
  absl::int128 sum;
};

// In all of these `sample` > 0 is how many independent answers the answers count like, see
// EffectiveSample: as many as there are when each is of another customer. Counts are then scaled
// by `sample / answers`; the value itself stays. Counts are not negative, `answers` > 0 where there
// is a sample.

// `100 (promoters - detractors) / answers`, with 3 added to the answers and 3/4 to each of
// promoters and detractors, which are no more than the answers.
//
// Source: B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician
// 70 (2016).
AdjustedEstimate AdjustNet(int64_t promoters, int64_t detractors, int64_t answers, double sample);

// `100 p` with `p = (successes + 1) / (answers + 2)`, for each of two shares that are compared.
//
// Source: A. Agresti and B. Caffo, "Simple and Effective Confidence Intervals for Proportions and
// Differences of Proportions Result from Adding Two Successes and Two Failures", The American
// Statistician 54 (2000).
AdjustedEstimate AdjustShare(int64_t successes, int64_t answers, double sample);

// The mean score with one answer added that is spread evenly over the scale; `answers` leaves it
// out, so that the variance is a sample's.
//
// Source: W. Perks, "Some Observations on Inverse Probability Including a New Indifference Rule",
// Journal of the Institute of Actuaries 73 (1947), whose prior it is.
AdjustedEstimate AdjustMean(const ScoreMoments& moments, double sample);

// `100 (promoters - detractors) / answers`, absent without answers. The interval, absent without a
// `sample`, is the adjusted Wald interval, that of AdjustNet clamped to -100 … 100. It is centred
// on the adjusted score, so it can leave out the value.
std::optional<Estimate> EstimateNet(int64_t promoters, int64_t detractors, int64_t answers,
                                    std::optional<double> sample, Confidence confidence);

// `100 successes / answers`, absent without answers. The interval, absent without a `sample`, is
// Wilson's score interval, which stays inside 0 … 100.
//
// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
// Journal of the American Statistical Association 22 (1927).
std::optional<Estimate> EstimateShare(int64_t successes, int64_t answers,
                                      std::optional<double> sample, Confidence confidence);

// The mean score, absent without answers. The standard error is that of the sample variance
// `s² = (n Σx² - (Σx)²) / (n (n - 1))`; the sums are integers, so the order in which answers were
// added cannot change it. The interval, absent without a `sample`, is that of AdjustMean, clamped
// to the scale.
std::optional<MeanEstimate> EstimateMean(const ScoreMoments& moments, std::optional<double> sample,
                                         Confidence confidence);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_ESTIMATE_H_
