#include "tests/service/model/method_model.h"

#include <algorithm>

namespace emptychair::testing {
namespace {

// What an answer of a score adds to the sum whose mean is the value.
double PointsOf(const ModelMethod& method, int score) {
  if (method.value == ModelMethod::Value::kMean) {
    return score;
  }
  const bool is_bad = method.value == ModelMethod::Value::kNet && score >= method.bad_low &&
                      score <= method.bad_high;
  return score >= method.good_low && score <= method.good_high ? 1 : is_bad ? -1 : 0;
}

ModelAdded AddedOf(const ModelMethod& method) {
  switch (method.value) {
    case ModelMethod::Value::kNet:
      return {3, 0, 1.5};
    case ModelMethod::Value::kShare:
      return {2, 1, 1};
    default:
      break;
  }
  // One answer, spread evenly over the scale.
  ModelAdded added{1, 0, 0};
  const double scores = method.high - method.low + 1;
  for (int score = method.low; score <= method.high; ++score) {
    added.sum += score / scores;
    added.squares += static_cast<double>(score) * score / scores;
  }
  return added;
}

}  // namespace

double Quantile(double confidence) {
  return confidence == 0.80   ? 1.2815515655446004
         : confidence == 0.90 ? 1.6448536269514722
         : confidence == 0.99 ? 2.5758293035489004
                              : 1.959963984540054;
}

ModelCustomers CustomersOf(const ModelMethod& method, const ModelPoint& model) {
  ModelCustomers customers;
  for (const auto& [customer, scores] : model.by_customer) {
    for (const int score : scores) {
      customers[customer].push_back(PointsOf(method, score));
    }
  }
  return customers;
}

v1::IntervalRule RuleOf(const v1::QueryMetricRequest& query, const ModelMethod& method) {
  // Stores of models are small: what asks for no rule counts customers.
  return method.value == ModelMethod::Value::kCount ||
                 query.interval_rule() == v1::INTERVAL_RULE_ANSWERS
             ? v1::INTERVAL_RULE_ANSWERS
             : v1::INTERVAL_RULE_CUSTOMERS;
}

double ConfidenceOf(const v1::QueryMetricRequest& query) {
  return query.confidence() == 0 ? 0.95 : query.confidence();
}

ModelSample SampleOf(const v1::QueryMetricRequest& query, const ModelMethod& method,
                     const ModelPoint& model) {
  if (RuleOf(query, method) == v1::INTERVAL_RULE_ANSWERS) {
    return {true, static_cast<double>(model.scored()), 1};
  }
  return ModelSampleOf(CustomersOf(method, model), AddedOf(method), ConfidenceOf(query));
}

Adjusted AdjustedOf(const ModelMethod& method, const ModelPoint& model, double sample) {
  const ModelAdded added = AddedOf(method);
  double sum = 0;
  double squares = 0;
  for (const auto& [score, count] : model.histogram) {
    const double x = PointsOf(method, score);
    sum += x * static_cast<double>(count);
    squares += x * x * static_cast<double>(count);
  }
  const double weight = sample / static_cast<double>(model.scored());
  const double n = sample + added.answers;
  const double mean = (sum * weight + added.sum) / n;
  const double variance = (squares * weight + added.squares) / n - mean * mean;
  const bool is_mean = method.value == ModelMethod::Value::kMean;
  return {mean, std::max(0.0, variance) / (is_mean ? n - 1 : n)};
}

}  // namespace emptychair::testing
