#include "server/statistics/decomposition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace emptychair::statistics {
namespace {

// The x of an answer: what the metric is the mean of.
double PointsOf(const ScoreMethod& method, int32_t score) {
  if (method.kind() == ScoreMethod::Kind::kMean) {
    return score;
  }
  return method.positive().contains(score) ? 100 : method.negative().contains(score) ? -100 : 0;
}

// A group on one side.
struct Part {
  // Of the answers of the whole.
  double share = 0;
  // Its value; absent without answers.
  std::optional<double> mean;
  // Of what it adds to the whole's distance from the middle.
  double variance = 0;
};

Part PartOf(const ScoreMethod& method, double middle, const MetricValue& whole,
            const MetricValue& group) {
  if (group.answers == 0) {
    return {};
  }
  const auto n = static_cast<double>(whole.answers);
  const double share = static_cast<double>(group.answers) / n;
  const double mean = group.estimate->value;
  const double distance = share * (mean - middle);
  double squares = 0;
  for (size_t i = 0; i < group.histogram.size(); ++i) {
    const double x = PointsOf(method, method.scale().low + static_cast<int32_t>(i)) - middle;
    squares += static_cast<double>(group.histogram[i]) * x * x;
  }
  // Rounding may take the variance of equal ones below 0.
  const double variance = std::max(0.0, squares / n - distance * distance) / n;
  return {.share = share, .mean = mean, .variance = variance};
}

// Whether the group has answers on a side, but too few.
bool IsSuppressed(const MetricValue& value) { return value.suppressed && value.answers > 0; }

bool ComesBefore(const Contribution& a, const Contribution& b) {
  if (a.effect.has_value() != b.effect.has_value()) {
    return a.effect.has_value();
  }
  const double size_of_a = a.effect.has_value() ? std::abs(a.effect->total()) : 0;
  const double size_of_b = b.effect.has_value() ? std::abs(b.effect->total()) : 0;
  return size_of_a != size_of_b ? size_of_a > size_of_b : a.group < b.group;
}

}  // namespace

void DecomposeChange(const ScoreMethod& method, const MetricValue& base,
                     const MetricValue& candidate, Confidence confidence,
                     std::vector<Contribution>& contributions) {
  const double middle = (base.estimate->value + candidate.estimate->value) / 2;
  for (Contribution& contribution : contributions) {
    if (IsSuppressed(contribution.base) || IsSuppressed(contribution.candidate)) {
      continue;
    }
    const Part from = PartOf(method, middle, base, contribution.base);
    const Part to = PartOf(method, middle, candidate, contribution.candidate);
    const double mean_before = from.mean.has_value() ? *from.mean : *to.mean;
    const double mean_after = to.mean.has_value() ? *to.mean : *from.mean;
    Effect& effect = contribution.effect.emplace();
    effect.mix = (to.share - from.share) * ((mean_before + mean_after) / 2 - middle);
    effect.score = (from.share + to.share) / 2 * (mean_after - mean_before);
    const double margin = confidence.z() * std::sqrt(from.variance + to.variance);
    effect.interval = {.low = effect.total() - margin, .high = effect.total() + margin};
  }
  std::sort(contributions.begin(), contributions.end(), ComesBefore);
}

}  // namespace emptychair::statistics
