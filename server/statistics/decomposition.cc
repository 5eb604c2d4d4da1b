#include "server/statistics/decomposition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"

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

Part PartOf(const ScoreMethod& method, double middle, const v1::MetricValue& whole,
            const v1::MetricValue& group) {
  if (group.answers() == 0) {
    return {};
  }
  const auto n = static_cast<double>(whole.answers());
  const double share = static_cast<double>(group.answers()) / n;
  const double distance = share * (group.value() - middle);
  double squares = 0;
  for (int i = 0; i < group.histogram_size(); ++i) {
    const double x = PointsOf(method, method.scale().low + i) - middle;
    squares += static_cast<double>(group.histogram(i)) * x * x;
  }
  // Rounding may take the variance of equal ones below 0.
  const double variance = std::max(0.0, squares / n - distance * distance) / n;
  return {.share = share, .mean = group.value(), .variance = variance};
}

bool IsSuppressed(const v1::MetricValue& value) {
  return value.suppressed() && value.answers() > 0;
}

bool ComesBefore(const v1::Contribution& a, const v1::Contribution& b) {
  if (a.suppressed() != b.suppressed()) {
    return b.suppressed();
  }
  const double size_of_a = std::abs(a.total());
  const double size_of_b = std::abs(b.total());
  return size_of_a != size_of_b ? size_of_a > size_of_b
                                : GroupComesBefore(a.group_value(), b.group_value());
}

}  // namespace

bool GroupComesBefore(const v1::GroupValue& a, const v1::GroupValue& b) {
  const auto key = [](const v1::GroupValue& group) {
    const int place = group.has_other() ? 2 : group.has_none() ? 1 : 0;
    return std::pair(place, absl::string_view(group.value()));
  };
  return key(a) < key(b);
}

void DecomposeChange(const ScoreMethod& method, const v1::MetricValue& base,
                     const v1::MetricValue& candidate, Confidence confidence,
                     google::protobuf::RepeatedPtrField<v1::Contribution>& contributions) {
  const double middle = (base.value() + candidate.value()) / 2;
  for (v1::Contribution& contribution : contributions) {
    if (IsSuppressed(contribution.base()) || IsSuppressed(contribution.candidate())) {
      contribution.set_suppressed(true);
      continue;
    }
    const Part from = PartOf(method, middle, base, contribution.base());
    const Part to = PartOf(method, middle, candidate, contribution.candidate());
    const double mean_before = from.mean.has_value() ? *from.mean : *to.mean;
    const double mean_after = to.mean.has_value() ? *to.mean : *from.mean;
    const double mix = (to.share - from.share) * ((mean_before + mean_after) / 2 - middle);
    const double score = (from.share + to.share) / 2 * (mean_after - mean_before);
    const double margin = confidence.z() * std::sqrt(from.variance + to.variance);
    contribution.set_mix(mix);
    contribution.set_score(score);
    contribution.set_total(mix + score);
    contribution.set_low(mix + score - margin);
    contribution.set_high(mix + score + margin);
  }
  std::sort(
      contributions.pointer_begin(), contributions.pointer_end(),
      [](const v1::Contribution* a, const v1::Contribution* b) { return ComesBefore(*a, *b); });
}

}  // namespace emptychair::statistics
