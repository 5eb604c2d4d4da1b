#include "server/statistics/repeat_curve.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace emptychair::statistics {
namespace {

double OnLine(double from_days, double from, double to_days, double to, double days) {
  return from + (to - from) * (days - from_days) / (to_days - from_days);
}

RepeatEffect EffectAt(const std::vector<MeasuredEffect>& measured, double days) {
  // The longest length stands for one that never ends.
  days = std::isfinite(days) ? days : measured.back().days;
  if (measured.size() == 1 || days <= measured.front().days) {
    return measured.front().effect;
  }
  const auto above =
      std::find_if(measured.begin() + 1, measured.end() - 1,
                   [&](const MeasuredEffect& effect) { return days <= effect.days; });
  const MeasuredEffect& to = *above;
  const MeasuredEffect& from = *(above - 1);
  return {.design_effect =
              OnLine(from.days, from.effect.design_effect, to.days, to.effect.design_effect, days),
          .answers_per_customer = OnLine(from.days, from.effect.answers_per_customer, to.days,
                                         to.effect.answers_per_customer, days)};
}

}  // namespace

RepeatCurve::RepeatCurve(std::vector<MeasuredEffect> measured) {
  assert(!measured.empty());
  slices_.push_back(std::move(measured));
}

RepeatEffect RepeatCurve::At(double days) const {
  RepeatEffect largest;
  for (const std::vector<MeasuredEffect>& measured : slices_) {
    const RepeatEffect effect = EffectAt(measured, days);
    largest.design_effect = std::max(largest.design_effect, effect.design_effect);
    largest.answers_per_customer =
        std::max(largest.answers_per_customer, effect.answers_per_customer);
  }
  return largest;
}

void RepeatCurve::Join(const RepeatCurve& other) {
  slices_.insert(slices_.end(), other.slices_.begin(), other.slices_.end());
}

double RepeatCurve::CorrelationOfAdjoining(double base_days, double candidate_days) const {
  if (!(base_days > 0 && candidate_days > 0 && std::isfinite(base_days + candidate_days))) {
    return 0;
  }
  const auto variance = [this](double days) { return days * At(days).design_effect; };
  const double base = variance(base_days);
  const double candidate = variance(candidate_days);
  const double both = variance(base_days + candidate_days);
  return std::clamp((both - base - candidate) / (2 * std::sqrt(base * candidate)), 0.0,
                    kCorrelationMax);
}

}  // namespace emptychair::statistics
