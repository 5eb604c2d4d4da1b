#include "server/statistics/decomposition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "server/statistics/comparison.h"
#include "server/statistics/distributions.h"

namespace emptychair::statistics {
namespace {

// A point in the unit of the value.
double UnitOf(const ScoreMethod& method) {
  return method.kind() == ScoreMethod::Kind::kMean ? 1 : 100;
}

// A group on one side.
struct Part {
  // Of the answers of the whole.
  double share = 0;
  // Its value; absent without answers.
  std::optional<double> mean;
};

Part PartOf(const MetricValue& whole, const MetricValue& group) {
  if (group.answers == 0) {
    return {};
  }
  return {.share = static_cast<double>(group.answers) / static_cast<double>(whole.answers),
          .mean = group.estimate->value};
}

// What is left of a side's points from the middle of both, T / n, in points.
double Distance(const Part& part, double middle, double unit) {
  return part.mean.has_value() ? part.share * (*part.mean - middle) / unit : 0;
}

// The middle in points.
double PointsOf(const ScoreMethod& method, double middle) {
  return method.kind() == ScoreMethod::Kind::kMean ? middle - method.scale().low
                                                   : middle / UnitOf(method);
}

// Of what a group adds to one side's distance from the middle, in squared points, where every
// answer is another customer's.
double PlainVariance(const ScoreMethod& method, double middle, double distance,
                     const MetricValue& whole, const MetricValue& group) {
  if (group.answers == 0) {
    return 0;
  }
  const auto n = static_cast<double>(whole.answers);
  double squares = 0;
  for (size_t i = 0; i < group.histogram.size(); ++i) {
    const double y = method.PointsOf(method.scale().low + static_cast<int32_t>(i)) - middle;
    squares += static_cast<double>(group.histogram[i]) * y * y;
  }
  const auto effect_of = [](const MetricValue& value) {
    return value.sample.has_value() ? value.sample->design_effect : 1;
  };
  // Rounding may take the variance of equal ones below 0.
  return std::max(0.0, squares / n - distance * distance) / n *
         std::max(effect_of(whole), effect_of(group));
}

// The same by customers; nothing when the side's answers are of one.
std::optional<double> VarianceByCustomer(double middle, double distance, const CustomerSums& whole,
                                         const GroupSums& group) {
  const auto n = static_cast<double>(whole.answers);
  const double customers = whole.effective_customers();
  if (whole.customers <= 1) {
    return std::nullopt;
  }
  const auto m = [](int64_t sum) { return static_cast<double>(sum); };
  const double squares = m(group.squared_sums) - 2 * middle * m(group.products) +
                         middle * middle * m(group.squared_answers) -
                         2 * distance * (m(group.sums_of_all) - middle * m(group.answers_of_all)) +
                         distance * distance * m(whole.squared_answers);
  return std::max(0.0, squares) / (n * n) * customers / (customers - 1) * (n - 1) / n;
}

// Σ e_i e'_i / (n n') over the customers of both sides.
double Covariance(double middle, double from, double to, const ChangeSides& sides,
                  const SharedGroupSums& shared) {
  const auto m = [](int64_t sum) { return static_cast<double>(sum); };
  const double product = m(shared.sums_sums) -
                         middle * (m(shared.sums_answers) + m(shared.answers_sums)) +
                         middle * middle * m(shared.answers_answers) -
                         to * (m(shared.sums_all) - middle * m(shared.answers_all)) -
                         from * (m(shared.all_sums) - middle * m(shared.all_answers)) +
                         from * to * m(sides.shared_answers);
  return product / m(sides.base_customers->answers) / m(sides.candidate_customers->answers);
}

// Of a total, in squared points; nothing when it cannot be told.
std::optional<double> VarianceOf(const ScoreMethod& method, const ChangeSides& sides, double middle,
                                 double from, double to, const Contribution& contribution) {
  if (!contribution.by_customer.has_value()) {
    return PlainVariance(method, middle, from, sides.base, contribution.base) +
           PlainVariance(method, middle, to, sides.candidate, contribution.candidate);
  }
  const GroupByCustomer& sums = *contribution.by_customer;
  const auto base = VarianceByCustomer(middle, from, *sides.base_customers, sums.base);
  const auto candidate = VarianceByCustomer(middle, to, *sides.candidate_customers, sums.candidate);
  if (!base.has_value() || !candidate.has_value()) {
    return std::nullopt;
  }
  return std::max(0.0, *base + *candidate - 2 * Covariance(middle, from, to, sides, sums.shared));
}

// Whether the variance of a total is more than what rounding leaves.
bool Varies(double variance, const ChangeSides& sides) {
  constexpr double kRounding = 1e-9;
  return variance * static_cast<double>(std::max(sides.base.answers, sides.candidate.answers)) >
         kRounding;
}

bool IsTested(const Contribution& contribution) {
  return contribution.effect.has_value() && contribution.effect->is_testable &&
         contribution.base.answers + contribution.candidate.answers >= kComparedAnswersMin;
}

double PValueOf(const Effect& effect) { return TwoSidedP(effect.total() / *effect.standard_error); }

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

void DecomposeChange(const ScoreMethod& method, const ChangeSides& sides,
                     std::vector<Contribution>& contributions) {
  const double middle = (sides.base.estimate->value + sides.candidate.estimate->value) / 2;
  const double unit = UnitOf(method);
  for (Contribution& contribution : contributions) {
    if (IsSuppressed(contribution.base) || IsSuppressed(contribution.candidate)) {
      continue;
    }
    const Part from = PartOf(sides.base, contribution.base);
    const Part to = PartOf(sides.candidate, contribution.candidate);
    const double mean_before = from.mean.has_value() ? *from.mean : *to.mean;
    const double mean_after = to.mean.has_value() ? *to.mean : *from.mean;
    Effect& effect = contribution.effect.emplace();
    effect.mix = (to.share - from.share) * ((mean_before + mean_after) / 2 - middle);
    effect.score = (from.share + to.share) / 2 * (mean_after - mean_before);
    const std::optional<double> variance =
        VarianceOf(method, sides, PointsOf(method, middle), Distance(from, middle, unit),
                   Distance(to, middle, unit), contribution);
    if (variance.has_value()) {
      effect.standard_error = unit * std::sqrt(*variance);
      effect.is_testable = Varies(*variance, sides) && sides.base.answers >= kComparedAnswersMin &&
                           sides.candidate.answers >= kComparedAnswersMin;
    }
  }
  std::sort(contributions.begin(), contributions.end(), ComesBefore);
}

ManyTests JudgeContributions(absl::Span<Contribution* const> contributions, Confidence confidence) {
  std::vector<double> p_values;
  for (const Contribution* contribution : contributions) {
    if (IsTested(*contribution)) {
      p_values.push_back(PValueOf(*contribution->effect));
    }
  }
  ManyTests many = CorrectForMany(p_values, confidence);
  size_t test = 0;
  for (Contribution* contribution : contributions) {
    if (!contribution->effect.has_value() || !contribution->effect->standard_error.has_value()) {
      continue;
    }
    Effect& effect = *contribution->effect;
    const double margin = many.z_limit * *effect.standard_error;
    effect.interval = Interval{.low = effect.total() - margin, .high = effect.total() + margin};
    if (IsTested(*contribution)) {
      effect.p_value = p_values[test];
      effect.q_value = many.q_values[test];
      effect.verdict = VerdictOf(*effect.interval);
      ++test;
    }
  }
  return many;
}

}  // namespace emptychair::statistics
