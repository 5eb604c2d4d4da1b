#include "tools/chairctl/plot/number_axis.h"

#include <algorithm>
#include <cmath>

#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

// Keeps a step that fits but for rounding from being passed over.
constexpr double kTolerance = 1e-9;

// The smallest round step that is at least `step`.
double RoundStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1, 2, 5}) {
    if (factor * power >= step * (1 - kTolerance)) {
      return factor * power;
    }
  }
  return 10 * power;
}

}  // namespace

NumberAxis::NumberAxis(const std::vector<IntervalMark>& marks) {
  std::optional<double> min;
  std::optional<double> max;
  for (const IntervalMark& mark : marks) {
    for (const std::optional<double>& number : {mark.value, mark.low, mark.high}) {
      if (number.has_value() && std::isfinite(*number)) {
        min = std::min(min.value_or(*number), *number);
        max = std::max(max.value_or(*number), *number);
      }
    }
  }
  min_ = min.value_or(0);
  max_ = max.value_or(0);
  if (max_ - min_ <= 0) {
    min_ -= 1;
    max_ += 1;
  }
}

double NumberAxis::ShareOf(double number) const {
  return (std::clamp(number, min_, max_) - min_) / (max_ - min_);
}

TickedAxis::TickedAxis(const std::vector<IntervalMark>& marks, int steps_max) : axis_(marks) {
  const double step = RoundStep((axis_.max() - axis_.min()) / steps_max);
  const double first = std::floor(axis_.min() / step + kTolerance);
  const double last = std::ceil(axis_.max() / step - kTolerance);
  for (double i = first; i <= last; ++i) {
    ticks_.push_back(i * step);
  }
  axis_ = NumberAxis({{.low = ticks_.front(), .high = ticks_.back()}});
  decimals_ = std::max(0, -static_cast<int>(std::floor(std::log10(step) + kTolerance)));
}

std::string TickedAxis::TextOf(double tick) const { return NumberText(tick, decimals_); }

}  // namespace emptychair
