#include "server/statistics/estimate.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"

namespace emptychair::statistics {
namespace {

// The variance of +1, 0 and -1, by the shares of +1 and -1. Rounding may take that of equal ones
// below 0.
double NetVariance(double p, double d) { return std::max(0.0, p + d - (p - d) * (p - d)); }

Interval Around(const AdjustedEstimate& adjusted, Confidence confidence, double lowest,
                double highest) {
  const double margin = confidence.z() * adjusted.standard_error();
  return {.low = std::max(lowest, adjusted.value - margin),
          .high = std::min(highest, adjusted.value + margin)};
}

}  // namespace

const std::array<Confidence, Confidence::kLevels>& Confidence::All() {
  static constexpr std::array<Confidence, kLevels> kAll = {
      Confidence(0, 0.80, 1.2815515655446004),
      Confidence(1, 0.90, 1.6448536269514722),
      Confidence(),
      Confidence(3, 0.99, 2.5758293035489004),
  };
  return kAll;
}

absl::StatusOr<Confidence> Confidence::Of(double level) {
  if (level == 0) {
    return Confidence();
  }
  for (const Confidence& known : All()) {
    if (level == known.level()) {
      return known;
    }
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "confidence",
                    absl::StrFormat("got %.9g; it must be 0.80, 0.90, 0.95 or 0.99", level));
}

ScoreMoments::ScoreMoments(absl::Span<const int64_t> histogram, int32_t score_min)
    : score_min(score_min), scores(static_cast<int32_t>(histogram.size())) {
  assert(!histogram.empty() && histogram.size() <= 101);
  for (size_t i = 0; i < histogram.size(); ++i) {
    assert(histogram[i] >= 0);
    const absl::int128 offset = static_cast<int64_t>(i);
    answers += histogram[i];
    offsets += offset * histogram[i];
    squares += offset * offset * histogram[i];
  }
}

double ScoreMoments::SquaredDeviations() const {
  return static_cast<double>(squares * answers - offsets * offsets) / static_cast<double>(answers);
}

AdjustedEstimate AdjustNet(int64_t promoters, int64_t detractors, int64_t answers, double sample) {
  assert(promoters >= 0 && detractors >= 0 && promoters <= answers - detractors);
  const double weight = sample / static_cast<double>(answers);
  const double n = sample + 3;
  const double p = (weight * static_cast<double>(promoters) + 0.75) / n;
  const double d = (weight * static_cast<double>(detractors) + 0.75) / n;
  return {.value = 100 * (p - d), .variance = 10'000 * NetVariance(p, d), .answers = n};
}

AdjustedEstimate AdjustShare(int64_t successes, int64_t answers, double sample) {
  assert(successes >= 0 && successes <= answers);
  const double n = sample + 2;
  const double p = (sample / static_cast<double>(answers) * static_cast<double>(successes) + 1) / n;
  return {.value = 100 * p, .variance = 10'000 * p * (1 - p), .answers = n};
}

AdjustedEstimate AdjustMean(const ScoreMoments& moments, double sample) {
  const double k = moments.scores;
  const double weight = sample / static_cast<double>(moments.answers);
  const double n = sample + 1;
  const double mean = (weight * static_cast<double>(moments.offsets) + (k - 1) / 2) / n;
  const double square =
      (weight * static_cast<double>(moments.squares) + (k - 1) * (2 * k - 1) / 6) / n;
  return {.value = moments.score_min + mean,
          .variance = std::max(0.0, square - mean * mean),
          .answers = sample};
}

std::optional<Estimate> EstimateNet(int64_t promoters, int64_t detractors, int64_t answers,
                                    std::optional<double> sample, Confidence confidence) {
  if (answers == 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(answers);
  Estimate estimate{.value = 100 * static_cast<double>(promoters - detractors) / n};
  if (sample.has_value()) {
    const double p = static_cast<double>(promoters) / n;
    const double d = static_cast<double>(detractors) / n;
    estimate.standard_error = 100 * std::sqrt(NetVariance(p, d) / *sample);
    estimate.interval =
        Around(AdjustNet(promoters, detractors, answers, *sample), confidence, -100, 100);
  }
  return estimate;
}

std::optional<Estimate> EstimateShare(int64_t successes, int64_t answers,
                                      std::optional<double> sample, Confidence confidence) {
  assert(successes >= 0 && successes <= answers);
  if (answers == 0) {
    return std::nullopt;
  }
  const double p = static_cast<double>(successes) / static_cast<double>(answers);
  Estimate estimate{.value = 100 * static_cast<double>(successes) / static_cast<double>(answers)};
  if (!sample.has_value()) {
    return estimate;
  }
  const double n = *sample;
  const double variance = p * (1 - p) / n;
  const double z = confidence.z();
  const double shrink = 1 + z * z / n;
  const double centre = (p + z * z / (2 * n)) / shrink;
  const double margin = z * std::sqrt(variance + z * z / (4 * n * n)) / shrink;
  estimate.standard_error = 100 * std::sqrt(variance);
  // None and all reach the end of the scale exactly, which rounding would miss.
  estimate.interval =
      Interval{.low = successes == 0 ? 0 : std::max(0.0, 100 * (centre - margin)),
               .high = successes == answers ? 100 : std::min(100.0, 100 * (centre + margin))};
  return estimate;
}

std::optional<MeanEstimate> EstimateMean(const ScoreMoments& moments, std::optional<double> sample,
                                         Confidence confidence) {
  if (moments.answers == 0) {
    return std::nullopt;
  }
  const double n = static_cast<double>(moments.answers);
  const absl::int128 sum = moments.offsets + absl::int128(moments.score_min) * moments.answers;
  MeanEstimate mean{.estimate = {.value = static_cast<double>(sum) / n}, .sum = sum};
  if (sample.has_value()) {
    if (moments.answers > 1) {
      mean.estimate.standard_error = std::sqrt(moments.SquaredDeviations() / ((n - 1) * *sample));
    }
    const double lowest = moments.score_min;
    mean.estimate.interval =
        Around(AdjustMean(moments, *sample), confidence, lowest, lowest + moments.scores - 1);
  }
  return mean;
}

}  // namespace emptychair::statistics
