#include "tests/service/model/sample_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace emptychair::testing {
namespace {

constexpr double kHalfPi = 1.57079632679489662;

double Sum(const std::vector<double>& points) {
  double sum = 0;
  for (const double x : points) {
    sum += x;
  }
  return sum;
}

double Count(const ModelCustomers& customers) {
  double count = 0;
  for (const auto& [customer, points] : customers) {
    count += static_cast<double>(points.size());
  }
  return count;
}

double Mean(const ModelCustomers& customers) {
  double sum = 0;
  for (const auto& [customer, points] : customers) {
    sum += Sum(points);
  }
  return sum / Count(customers);
}

// e_i of each customer.
std::map<std::string, double> Residuals(const ModelCustomers& customers) {
  const double mean = Mean(customers);
  std::map<std::string, double> residuals;
  for (const auto& [customer, points] : customers) {
    for (const double x : points) {
      residuals[customer] += x - mean;
    }
  }
  return residuals;
}

double SumOfSquares(const std::map<std::string, double>& numbers) {
  double sum = 0;
  for (const auto& [name, number] : numbers) {
    sum += number * number;
  }
  return sum;
}

// m*: how many answers the customer of an answer has.
double UsualAnswers(const ModelCustomers& customers) {
  double squares = 0;
  for (const auto& [customer, points] : customers) {
    squares += std::pow(static_cast<double>(points.size()), 2);
  }
  return squares / Count(customers);
}

// e_i of a group in the whole.
std::map<std::string, double> GroupResiduals(const ModelCustomers& all, const ModelCustomers& group,
                                             double middle) {
  const double n = Count(all);
  double total = 0;
  std::map<std::string, double> residuals;
  for (const auto& [customer, points] : group) {
    for (const double x : points) {
      residuals[customer] += x - middle;
      total += x - middle;
    }
  }
  for (const auto& [customer, points] : all) {
    residuals[customer] -= static_cast<double>(points.size()) * total / n;
  }
  return residuals;
}

}  // namespace

// With t = sqrt(v) tan(a) the density is that of cos^(v-1)(a): steps of it from 0 on, until half of
// the confidence is reached. Steps get shorter towards the end, a = reach (1 - (1 - s)^4), where
// few degrees have an edge.
double ModelStudentQuantile(double confidence, double degrees) {
  static auto* const known = new std::map<std::pair<double, double>, double>();
  double& quantile = (*known)[{confidence, degrees}];
  if (quantile > 0) {
    return quantile;
  }
  // Many degrees leave all of it near 0.
  const double reach = std::min(kHalfPi, 12 / std::sqrt(degrees));
  constexpr int kSteps = 4'000;
  constexpr double kStep = 1.0 / kSteps;
  const auto angle = [reach](double s) { return reach * (1 - std::pow(1 - s, 4)); };
  const auto density = [&](double s) {
    return std::pow(std::max(0.0, std::cos(angle(s))), degrees - 1) * 4 * std::pow(1 - s, 3);
  };
  const auto area = [&](double from, double to) {
    return (to - from) / 6 * (density(from) + 4 * density((from + to) / 2) + density(to));
  };
  std::vector<double> areas = {0};
  for (int i = 0; i < kSteps; ++i) {
    areas.push_back(areas.back() + area(i * kStep, (i + 1) * kStep));
  }
  const double wanted = confidence * areas.back();
  const auto past = std::lower_bound(areas.begin(), areas.end(), wanted);
  double at = static_cast<double>(past - areas.begin() - 1) * kStep;
  double reached = *(past - 1);
  for (int i = 0; i < 8; ++i) {
    const double next = at + (wanted - reached) / density(at);
    reached += area(at, next);
    at = next;
  }
  return quantile = std::sqrt(degrees) * std::tan(angle(at));
}

double ModelNormalQuantile(double p) {
  double low = 0;
  double high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > p ? low : high) = middle;
  }
  return low;
}

ModelSample ModelSampleOf(const ModelCustomers& customers, const ModelAdded& added,
                          double confidence) {
  const double n = Count(customers);
  if (static_cast<double>(customers.size()) == n) {
    return {true, n, 1};
  }
  if (customers.size() == 1) {
    return {};
  }
  const double usual = UsualAnswers(customers);
  const double effective = n / usual;
  const double mean = Mean(customers);
  double squares = 0;
  double deviations = 0;
  for (const auto& [customer, points] : customers) {
    for (const double x : points) {
      squares += x * x;
      deviations += (x - mean) * (x - mean);
    }
  }
  const double with_added = effective + added.answers;
  const double first = (mean * effective + added.sum) / with_added;
  const double second = (squares / n * effective + added.squares) / with_added;
  const double variance = second - first * first;
  const double together = SumOfSquares(Residuals(customers)) + 2 * usual * usual * variance;
  const double alone = deviations + 2 * usual * variance;
  ModelSample sample{.is_known = true};
  sample.design_effect = together / alone * effective / (effective - 1) * (n - 1) / n;
  const double quantiles = ModelStudentQuantile(confidence, n - 1) /
                           ModelStudentQuantile(confidence, std::max(1.0, effective - 1));
  sample.answers = std::min(n, n / sample.design_effect * quantiles * quantiles);
  return sample;
}

double ModelCorrelation(const ModelCustomers& base, const ModelCustomers& candidate) {
  const std::map<std::string, double> from = Residuals(base);
  const std::map<std::string, double> to = Residuals(candidate);
  const double root = std::sqrt(SumOfSquares(from) * SumOfSquares(to));
  double product = 0;
  for (const auto& [customer, residual] : from) {
    const auto other = to.find(customer);
    product += other == to.end() ? 0 : residual * other->second;
  }
  return root < 1e-9 ? 0 : product / root;
}

double ModelGroupVariance(const ModelCustomers& all, const ModelCustomers& group, double middle) {
  if (all.size() == 1) {
    return -1;
  }
  const double n = Count(all);
  const double effective = n / UsualAnswers(all);
  return SumOfSquares(GroupResiduals(all, group, middle)) / (n * n) * effective / (effective - 1) *
         (n - 1) / n;
}

double ModelGroupCovariance(const ModelCustomers& all_base, const ModelCustomers& base,
                            const ModelCustomers& all_candidate, const ModelCustomers& candidate,
                            double middle) {
  const std::map<std::string, double> from = GroupResiduals(all_base, base, middle);
  const std::map<std::string, double> to = GroupResiduals(all_candidate, candidate, middle);
  double product = 0;
  for (const auto& [customer, residual] : from) {
    const auto other = to.find(customer);
    product += other == to.end() ? 0 : residual * other->second;
  }
  return 2 * product / (Count(all_base) * Count(all_candidate));
}

std::vector<double> ModelQValues(const std::vector<double>& p_values) {
  const auto m = static_cast<double>(p_values.size());
  std::vector<double> q_values;
  for (const double p : p_values) {
    // Over all thresholds from this one up: the share of tests that chance alone brings below it.
    double least = 1;
    for (const double threshold : p_values) {
      if (threshold >= p) {
        const auto found = std::count_if(p_values.begin(), p_values.end(),
                                         [&](double other) { return other <= threshold; });
        least = std::min(least, m * threshold / static_cast<double>(found));
      }
    }
    q_values.push_back(least);
  }
  return q_values;
}

}  // namespace emptychair::testing
