// Decomposes a change of a metric into the contributions of groups.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
#define EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/statistics/effective_sample.h"
#include "server/statistics/estimate.h"
#include "server/statistics/group_part.h"
#include "server/statistics/many_tests.h"
#include "server/statistics/metric_value.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// What a group adds to a change, in the unit of the value.
struct Effect {
  double mix = 0;    // By being more or less of the answers.
  double score = 0;  // By its own value having changed.
  // Of the total. Absent when a side's answers are of one customer.
  std::optional<double> standard_error;
  std::optional<Interval> interval;
  // Whether its spread says anything: there is some, and each side has kComparedAnswersMin answers.
  bool is_testable = false;
  // How often chance alone takes a total as far from 0, alone and among all tests of an answer.
  // Absent for TOO_FEW.
  std::optional<double> p_value;
  std::optional<double> q_value;
  v1::Verdict verdict = v1::VERDICT_TOO_FEW;

  double total() const { return mix + score; }
};

// Of the answers of a group, on one side. m_i and X_i are a customer's answers and points in the
// group, M_i his answers in the whole. An anonymous answer is a customer of its own.
struct GroupSums {
  int64_t squared_answers = 0;  // Σ m²
  int64_t products = 0;         // Σ m X
  int64_t squared_sums = 0;     // Σ X²
  int64_t answers_of_all = 0;   // Σ m M
  int64_t sums_of_all = 0;      // Σ X M

  friend bool operator==(const GroupSums&, const GroupSums&) = default;
};

// Of the customers of both sides: sums of the products of what they have in the base, named first,
// and in the candidate.
struct SharedGroupSums {
  int64_t sums_sums = 0;        // Σ X X'
  int64_t sums_answers = 0;     // Σ X m'
  int64_t sums_all = 0;         // Σ X M'
  int64_t answers_sums = 0;     // Σ m X'
  int64_t answers_answers = 0;  // Σ m m'
  int64_t answers_all = 0;      // Σ m M'
  int64_t all_sums = 0;         // Σ M X'
  int64_t all_answers = 0;      // Σ M m'

  friend bool operator==(const SharedGroupSums&, const SharedGroupSums&) = default;
};

// What a group's variance by customers takes.
struct GroupByCustomer {
  GroupSums base;
  GroupSums candidate;
  SharedGroupSums shared;

  friend bool operator==(const GroupByCustomer&, const GroupByCustomer&) = default;
};

// A group of one dimension on both sides.
struct Contribution {
  GroupPart group;
  // As EvaluateMetric makes them with histograms.
  MetricValue base;
  MetricValue candidate;
  // Under CUSTOMERS.
  std::optional<GroupByCustomer> by_customer;
  // Absent when the group is suppressed on a side where it has answers.
  std::optional<Effect> effect;
};

// The whole on both sides.
struct ChangeSides {
  MetricValue base;
  MetricValue candidate;
  // Under CUSTOMERS: of all answers, and of the customers of both sides Σ M M'.
  std::optional<CustomerSums> base_customers;
  std::optional<CustomerSums> candidate_customers;
  int64_t shared_answers = 0;
};

// Fills in the effect that each of `contributions` has on the change of the whole, by the formulas
// of v1::DecomposeChangeResponse, but for what JudgeContributions does, and sorts them as
// v1::DimensionContributions says.
//
// A total is the difference of the two T / n: n are the answers of a side, T is the sum of
// y = x - M over the group's. Its variance V is, of each side,
//
//   without customers   `(Σy² / n - (T / n)²) / n`, times the larger design effect of the side and
//                       of the group
//   by customers        `Σe_i² / n² · G*/(G* - 1) · (n - 1)/n` with `e_i = Σ_i y - M_i T/n`; of
//                       both sides together less `2 Σ e_i e'_i / (n n')`
//
// Source: E. M. Kitagawa, "Components of a Difference Between Two Rates", Journal of the American
// Statistical Association 50 (1955). Ours measures each mix from M, which adds nothing over all
// groups together.
//
// Both sides have values of `method`, which is not COUNT. The contributions are all groups of one
// dimension with scored answers on a side.
//
// Pure and thread-safe.
void DecomposeChange(const ScoreMethod& method, const ChangeSides& sides,
                     std::vector<Contribution>& contributions);

// Judges all contributions of an answer together, those of every dimension: CorrectForMany of the
// tests `total / standard error` of groups that have at least kComparedAnswersMin answers on both
// sides together and are testable. All intervals have its confidence.
//
// Pure and thread-safe.
ManyTests JudgeContributions(absl::Span<Contribution* const> contributions, Confidence confidence);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
