// Makes values of answers by customer, as plainly as can be: what statistics and models compare
// with.
#ifndef EMPTYCHAIR_TESTS_SERVER_STATISTICS_CUSTOMER_SCORES_H_
#define EMPTYCHAIR_TESTS_SERVER_STATISTICS_CUSTOMER_SCORES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/statistics/effective_sample.h"
#include "server/statistics/metric_value.h"

namespace emptychair::statistics {

// The scores of each known customer, and those of nobody known. A customer on two sides has the
// same place on both.
struct CustomerScores {
  std::vector<std::vector<int>> known;
  std::vector<int> anonymous;
};

inline CustomerSums SumsOf(const ScoreMethod& method, const CustomerScores& scores) {
  std::vector<std::vector<int>> customers = scores.known;
  for (const int score : scores.anonymous) {
    customers.push_back({score});
  }
  CustomerSums sums;
  sums.anonymous = static_cast<int64_t>(scores.anonymous.size());
  for (const std::vector<int>& customer : customers) {
    const auto m = static_cast<int64_t>(customer.size());
    int64_t x = 0;
    for (const int score : customer) {
      x += method.PointsOf(score);
    }
    sums.customers += m > 0 ? 1 : 0;
    sums.answers += m;
    sums.sum += x;
    sums.squared_answers += m * m;
    sums.products += m * x;
    sums.squared_sums += x * x;
  }
  return sums;
}

inline std::vector<int64_t> HistogramOf(const ScoreMethod& method, const CustomerScores& scores) {
  std::vector<int64_t> histogram(method.scale_size());
  const auto add = [&](int score) { ++histogram[static_cast<size_t>(score - method.scale().low)]; };
  for (const std::vector<int>& customer : scores.known) {
    for (const int score : customer) {
      add(score);
    }
  }
  for (const int score : scores.anonymous) {
    add(score);
  }
  return histogram;
}

inline MetricValue EvaluateByCustomer(const ScoreMethod& method, const CustomerScores& scores,
                                      const EvaluateOptions& options) {
  const std::vector<int64_t> histogram = HistogramOf(method, scores);
  const CustomerSums sums = SumsOf(method, scores);
  MetricValue value;
  EvaluateMetric(method, {.histogram = histogram, .by_customer = &sums}, options, value);
  return value;
}

// The same with every answer another customer's.
inline MetricValue EvaluateWithout(const ScoreMethod& method, const CustomerScores& scores) {
  const std::vector<int64_t> histogram = HistogramOf(method, scores);
  MetricValue value;
  EvaluateMetric(method, {.histogram = histogram}, {}, value);
  return value;
}

// Of two sides, by the sums over the customers of both.
inline double CorrelationOf(const ScoreMethod& method, const CustomerScores& base,
                            const CustomerScores& candidate) {
  const auto share_of = [&](const CustomerScores& side, size_t i) {
    std::pair<int64_t, int64_t> share;
    if (i < side.known.size()) {
      for (const int score : side.known[i]) {
        ++share.first;
        share.second += method.PointsOf(score);
      }
    }
    return share;
  };
  SharedCustomerSums shared;
  for (size_t i = 0; i < base.known.size(); ++i) {
    const auto [m, x] = share_of(base, i);
    const auto [n, y] = share_of(candidate, i);
    shared.answers += m * n;
    shared.base_sums += x * n;
    shared.candidate_sums += m * y;
    shared.sums += x * y;
  }
  return CustomerCorrelation(SumsOf(method, base), SumsOf(method, candidate), shared);
}

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_TESTS_SERVER_STATISTICS_CUSTOMER_SCORES_H_
