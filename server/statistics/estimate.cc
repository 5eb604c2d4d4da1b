#include "server/statistics/estimate.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"

namespace emptychair::statistics {
namespace {

// The standard error of the mean of `n` of +1, 0 and -1, by the shares of +1 and -1. Rounding may
// take the variance of equal ones below 0.
double NetStandardError(double p, double d, double n) {
  return std::sqrt(std::max(0.0, p + d - (p - d) * (p - d)) / n);
}

}  // namespace

absl::StatusOr<Confidence> Confidence::Of(double level) {
  static constexpr Confidence kLevels[] = {
      Confidence(0.80, 1.2815515655446004),
      Confidence(0.90, 1.6448536269514722),
      Confidence(0.95, 1.959963984540054),
      Confidence(0.99, 2.5758293035489004),
  };
  if (level == 0) {
    return Confidence();
  }
  for (const Confidence& known : kLevels) {
    if (level == known.level()) {
      return known;
    }
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "confidence",
                    absl::StrFormat("got %.9g; it must be 0.80, 0.90, 0.95 or 0.99", level));
}

AdjustedEstimate AdjustNet(int64_t promoters, int64_t detractors, int64_t answers) {
  assert(promoters >= 0 && detractors >= 0 && promoters <= answers - detractors);
  const double n = static_cast<double>(answers) + 3;
  const double p = (static_cast<double>(promoters) + 0.75) / n;
  const double d = (static_cast<double>(detractors) + 0.75) / n;
  return {.value = 100 * (p - d), .standard_error = 100 * NetStandardError(p, d, n)};
}

AdjustedEstimate AdjustShare(int64_t successes, int64_t answers) {
  assert(successes >= 0 && successes <= answers);
  const double n = static_cast<double>(answers) + 2;
  const double p = (static_cast<double>(successes) + 1) / n;
  return {.value = 100 * p, .standard_error = 100 * std::sqrt(p * (1 - p) / n)};
}

std::optional<Estimate> EstimateNet(int64_t promoters, int64_t detractors, int64_t answers,
                                    Confidence confidence) {
  assert(promoters >= 0 && detractors >= 0 && promoters <= answers - detractors);
  if (answers == 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(answers);
  const double p = static_cast<double>(promoters) / n;
  const double d = static_cast<double>(detractors) / n;
  const AdjustedEstimate adjusted = AdjustNet(promoters, detractors, answers);
  const double margin = confidence.z() * adjusted.standard_error;
  return Estimate{
      .value = 100 * static_cast<double>(promoters - detractors) / n,
      .standard_error = 100 * NetStandardError(p, d, n),
      .interval = Interval{.low = std::max(-100.0, adjusted.value - margin),
                           .high = std::min(100.0, adjusted.value + margin)},
  };
}

std::optional<Estimate> EstimateShare(int64_t successes, int64_t answers, Confidence confidence) {
  assert(successes >= 0 && successes <= answers);
  if (answers == 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(answers);
  const double p = static_cast<double>(successes) / n;
  const double variance = p * (1 - p) / n;
  const double z = confidence.z();
  const double shrink = 1 + z * z / n;
  const double centre = (p + z * z / (2 * n)) / shrink;
  const double margin = z * std::sqrt(variance + z * z / (4 * n * n)) / shrink;
  // None and all reach the end of the scale exactly, which rounding would miss.
  return Estimate{
      .value = 100 * static_cast<double>(successes) / n,
      .standard_error = 100 * std::sqrt(variance),
      .interval =
          Interval{.low = successes == 0 ? 0 : std::max(0.0, 100 * (centre - margin)),
                   .high = successes == answers ? 100 : std::min(100.0, 100 * (centre + margin))},
  };
}

std::optional<MeanEstimate> EstimateMean(absl::Span<const int64_t> histogram, int32_t score_min,
                                         Confidence confidence) {
  // Offsets from the lowest score have the same variance as the scores and squares of at most
  // 10^4, so that no product below leaves 128 bits, whatever the scale.
  assert(!histogram.empty() && histogram.size() <= 101);
  int64_t answers = 0;
  absl::int128 offsets = 0;
  absl::int128 squares = 0;
  for (size_t i = 0; i < histogram.size(); ++i) {
    assert(histogram[i] >= 0);
    const absl::int128 offset = static_cast<int64_t>(i);
    answers += histogram[i];
    offsets += offset * histogram[i];
    squares += offset * offset * histogram[i];
  }
  if (answers == 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(answers);
  const absl::int128 sum = offsets + absl::int128(score_min) * answers;
  MeanEstimate mean{.estimate = {.value = static_cast<double>(sum) / n}, .sum = sum};
  if (answers > 1) {
    const double variance =
        static_cast<double>(squares * answers - offsets * offsets) / (n * (n - 1));
    const double standard_error = std::sqrt(variance / n);
    const double margin = confidence.z() * standard_error;
    const double lowest = score_min;
    const double highest = lowest + static_cast<double>(histogram.size() - 1);
    mean.estimate.standard_error = standard_error;
    mean.estimate.interval = Interval{.low = std::max(lowest, mean.estimate.value - margin),
                                      .high = std::min(highest, mean.estimate.value + margin)};
  }
  return mean;
}

}  // namespace emptychair::statistics
