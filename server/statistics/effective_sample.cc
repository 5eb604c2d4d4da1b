#include "server/statistics/effective_sample.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "server/statistics/distributions.h"

namespace emptychair::statistics {
namespace {

// Fewer effective customers than this say nothing of how much they differ.
constexpr double kEffectiveCustomersMin = 1.05;

double MeanOf(const CustomerSums& sums) {
  return static_cast<double>(sums.sum) / static_cast<double>(sums.answers);
}

// G*/(G* - 1) (n - 1)/n: a variance by customers knows their mean from themselves.
double OwnMeanFactor(double customers, double answers) {
  return customers / (customers - 1) * (answers - 1) / answers;
}

double SampleOf(double design_effect, double customers, double answers, Confidence confidence) {
  const double degrees = std::max(1.0, customers - 1);
  const double log_quantiles =
      LogStudentQuantile(confidence, answers - 1) - LogStudentQuantile(confidence, degrees);
  return std::min(answers, answers / design_effect * std::exp(2 * log_quantiles));
}

}  // namespace

double CustomerSums::SquaredResiduals() const {
  const double mean = MeanOf(*this);
  // Rounding may take what is equal below 0.
  return std::max(0.0, static_cast<double>(squared_sums) -
                           mean * (2 * static_cast<double>(products) -
                                   mean * static_cast<double>(squared_answers)));
}

double CustomerCorrelation(const CustomerSums& base, const CustomerSums& candidate,
                           const SharedCustomerSums& shared) {
  const double squares = base.SquaredResiduals() * candidate.SquaredResiduals();
  if (squares <= 0) {
    return 0;
  }
  const double from = MeanOf(base);
  const double to = MeanOf(candidate);
  const double product = static_cast<double>(shared.sums) -
                         to * static_cast<double>(shared.base_sums) -
                         from * static_cast<double>(shared.candidate_sums) +
                         from * to * static_cast<double>(shared.answers);
  return std::clamp(product / std::sqrt(squares), -1.0, 1.0);
}

std::optional<EffectiveSample> SampleByCustomer(
    const CustomerSums& sums, double squares,
    absl::FunctionRef<double(double customers)> variance_of, Confidence confidence) {
  assert(sums.answers > 0);
  const auto n = static_cast<double>(sums.answers);
  if (sums.squared_answers == sums.answers) {
    return EffectiveSample{.answers = n, .design_effect = 1};
  }
  if (sums.customers == 1) {
    return std::nullopt;
  }
  const double usual = static_cast<double>(sums.squared_answers) / n;
  const double customers = sums.effective_customers();
  const double variance = variance_of(customers);
  const double by_customer = sums.SquaredResiduals() + 2 * usual * usual * variance;
  const double by_answer = squares + 2 * usual * variance;
  // Scales of one score have no variance at all.
  const double design_effect =
      by_answer > 0 ? by_customer / by_answer * OwnMeanFactor(customers, n) : 1;
  return EffectiveSample{.answers = SampleOf(design_effect, customers, n, confidence),
                         .design_effect = design_effect};
}

EffectiveSample SampleByEffect(const RepeatEffect& effect, int64_t answers, Confidence confidence) {
  const auto n = static_cast<double>(answers);
  if (answers == 1 || (effect.design_effect == 1 && effect.answers_per_customer == 1)) {
    return {.answers = n, .design_effect = effect.design_effect};
  }
  const double customers = n / effect.answers_per_customer;
  const double factor = customers > kEffectiveCustomersMin ? OwnMeanFactor(customers, n) : 1;
  return {.answers = SampleOf(effect.design_effect * factor, customers, n, confidence),
          .design_effect = effect.design_effect};
}

double SampleOfPopulation(double sample, int64_t customers, int64_t population) {
  assert(customers < population);
  return sample * static_cast<double>(population - 1) / static_cast<double>(population - customers);
}

}  // namespace emptychair::statistics
