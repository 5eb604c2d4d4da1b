// Says how many independent answers the answers of customers count like who answered more than
// once. Everything here is pure and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_EFFECTIVE_SAMPLE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_EFFECTIVE_SAMPLE_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "server/statistics/estimate.h"

namespace emptychair::statistics {

// Of the scored answers of one point, where customer i gave m_i answers whose points, as
// ScoreMethod::PointsOf counts them, add up to X_i. An anonymous answer is a customer of its own.
struct CustomerSums {
  int64_t customers = 0;        // G
  int64_t anonymous = 0;        // Those of them that are nobody known.
  int64_t answers = 0;          // n = Σ m_i
  int64_t sum = 0;              // Σ X_i
  int64_t squared_answers = 0;  // Σ m_i²
  int64_t products = 0;         // Σ m_i X_i
  int64_t squared_sums = 0;     // Σ X_i²

  // n² / Σm²: how many customers of equal share would weigh as much.
  double effective_customers() const {
    return static_cast<double>(answers) * static_cast<double>(answers) /
           static_cast<double>(squared_answers);
  }

  // Σ(X_i - m_i mean)², with the mean of the points.
  double SquaredResiduals() const;

  friend bool operator==(const CustomerSums&, const CustomerSums&) = default;
};

// Of the customers with answers on two sides: sums over those of what they have on the one, m and
// X, times what they have on the other.
struct SharedCustomerSums {
  int64_t answers = 0;         // Σ m m'
  int64_t base_sums = 0;       // Σ X m'
  int64_t candidate_sums = 0;  // Σ m X'
  int64_t sums = 0;            // Σ X X'

  friend bool operator==(const SharedCustomerSums&, const SharedCustomerSums&) = default;
};

// The correlation of two sides by the customers that they share, -1 to 1: that of the residuals
// X_i - m_i mean, over all customers. 0 where a side has no residuals.
//
// Source: B. Derrick, B. Russ, D. Toher and P. White, "Test Statistics for the Comparison of Means
// for Two Samples that Include Both Paired and Independent Observations", Journal of Modern
// Applied Statistical Methods 16 (2017).
double CustomerCorrelation(const CustomerSums& base, const CustomerSums& candidate,
                           const SharedCustomerSums& shared);

// How much customers repeat themselves, measured over many answers.
struct RepeatEffect {
  // How many times the variance is that of as many independent answers; at least 1.
  double design_effect = 1;
  // Σm²/n: answers of the customer of an answer; at least 1.
  double answers_per_customer = 1;
};

struct EffectiveSample {
  // n*: at most as many as there are, but for small populations.
  double answers = 0;
  double design_effect = 1;

  friend bool operator==(const EffectiveSample&, const EffectiveSample&) = default;
};

// The sample of a point with `sums`, of at least one answer. `squares` is Σ(x - mean)² over its
// answers, and `variance_of` the variance of one answer by the adjusted estimate for so many
// independent answers, both in points. Two customers of the usual size who always answer alike are
// added, so that few customers that happen to agree are not taken for many:
//
//   m* = Σm²/n   G* = n/m*   v = variance_of(G*)
//   D = (Σe² + 2 m*² v) / (Σ(x - mean)² + 2 m* v) · G*/(G* - 1) · (n - 1)/n
//   n* = min(n, n/D (t_{n-1} / t_ν)²), ν = max(1, G* - 1)
//
// Everybody once: n, exactly. Nothing when several answers are of one customer.
//
// Sources: A. Deng, U. Knoblich and J. Lu, "Applying the Delta Method in Metric Analytics", KDD
// (2018); E. L. Korn and B. I. Graubard, "Confidence Intervals for Proportions with Small Expected
// Number of Positive Counts Estimated from Survey Data", Survey Methodology 24 (1998), for the
// degrees of freedom; L. Kish, "Survey Sampling" (1965), for G*. The two customers are our own.
std::optional<EffectiveSample> SampleByCustomer(
    const CustomerSums& sums, double squares,
    absl::FunctionRef<double(double customers)> variance_of, Confidence confidence);

// The sample of `answers` > 0 that repeat like `effect`: with its D and G* = n /
// answers_per_customer in the formula above, D taken times G*/(G* - 1) (n - 1)/n where G* > 1.05.
EffectiveSample SampleByEffect(const RepeatEffect& effect, int64_t answers, Confidence confidence);

// The sample of `customers` out of a population of more: n* (N - 1)/(N - G).
//
// Source: W. G. Cochran, "Sampling Techniques" (1977).
double SampleOfPopulation(double sample, int64_t customers, int64_t population);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_EFFECTIVE_SAMPLE_H_
