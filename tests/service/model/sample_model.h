// What answers of customers who repeat must count like, by the formulas' own definitions over
// single customers: shares no code with the server.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_SAMPLE_MODEL_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_SAMPLE_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair::testing {

// The points of each customer's answers; an anonymous answer is a customer of its own.
using ModelCustomers = std::map<std::string, std::vector<double>>;

// What a method adds to the answers before it judges them: so many with this sum, and this sum of
// squares.
struct ModelAdded {
  double answers = 0;
  double sum = 0;
  double squares = 0;
};

struct ModelSample {
  bool is_known = false;  // False when several answers are of one customer.
  double answers = 0;
  double design_effect = 0;
};

// Two-sided, by integrating the density.
double ModelStudentQuantile(double confidence, double degrees);

// The z whose two tails beyond it have `p` together, by bisection.
double ModelNormalQuantile(double p);

// Of at least one answer.
ModelSample ModelSampleOf(const ModelCustomers& customers, const ModelAdded& added,
                          double confidence);

// How much two sides move together.
double ModelCorrelation(const ModelCustomers& base, const ModelCustomers& candidate);

// The variance of the sum of (x - middle) over a group's answers by the number of all, and twice
// the covariance of two sides. Negative when all answers are of one customer.
double ModelGroupVariance(const ModelCustomers& all, const ModelCustomers& group, double middle);
double ModelGroupCovariance(const ModelCustomers& all_base, const ModelCustomers& base,
                            const ModelCustomers& all_candidate, const ModelCustomers& candidate,
                            double middle);

// `m p_(j) / j`, the least of those from k on, straight from the definition.
std::vector<double> ModelQValues(const std::vector<double>& p_values);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_SAMPLE_MODEL_H_
