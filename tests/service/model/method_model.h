// How a point's value, and what its interval takes, follow from its counts: by definition.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_METHOD_MODEL_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_METHOD_MODEL_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tests/service/model/metric_model.h"
#include "tests/service/model/sample_model.h"

namespace emptychair::testing {

// How a point's value follows from its counts: by default an NPS.
struct ModelMethod {
  enum class Value { kNet, kShare, kMean, kCount };

  Value value = Value::kNet;
  // The scale.
  int low = 0;
  int high = 10;
  // The scores that a net value or a share counts, and those that a net value takes away.
  int good_low = 9;
  int good_high = 10;
  int bad_low = 0;
  int bad_high = 6;
};

// The quantile of the normal distribution for a request's confidence, and the confidence itself,
// where 0 means 0.95.
double Quantile(double confidence);
double ConfidenceOf(const v1::QueryMetricRequest& query);

// The points of each customer's answers.
ModelCustomers CustomersOf(const ModelMethod& method, const ModelPoint& model);

// The rule that an answer to the query must follow.
v1::IntervalRule RuleOf(const v1::QueryMetricRequest& query, const ModelMethod& method);

// What the point's answers count like, of at least one.
ModelSample SampleOf(const v1::QueryMetricRequest& query, const ModelMethod& method,
                     const ModelPoint& model);

// The estimate with what is added to it, in points, and the variance of that; of means by the
// sample variance.
struct Adjusted {
  double score;
  double variance;
};
Adjusted AdjustedOf(const ModelMethod& method, const ModelPoint& model, double sample);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_METHOD_MODEL_H_
