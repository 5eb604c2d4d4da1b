// Decomposes a change of a metric into the contributions of groups.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
#define EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/statistics/estimate.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// The order of groups in answers: by the bytes of their value, none and other last.
bool GroupComesBefore(const v1::GroupValue& a, const v1::GroupValue& b);

// Fills in what each of `contributions` adds to the change of the whole from `base` to `candidate`,
// or that it is suppressed, by the formulas of v1::DecomposeChangeResponse, and sorts them as
// v1::DimensionContributions says.
//
// The interval of a total is `total ± z sqrt(V0 + V1)` with the quantile z of `confidence`, and for
// each side `V = (Q / n - (T / n)²) / n`: n are the answers of the whole, T and Q the sums of
// (x - M) and (x - M)² over the group's answers. A total is the difference of the two T / n.
//
// Source: E. M. Kitagawa, "Components of a Difference Between Two Rates", Journal of the American
// Statistical Association 50 (1955). Ours measures each mix from M, which adds nothing over all
// groups together.
//
// `base` and `candidate` have values of `method`, which is not COUNT. The contributions are all
// groups of one dimension with scored answers on a side; their `base` and `candidate` are as
// EvaluateMetric makes them with histograms.
//
// Pure and thread-safe.
void DecomposeChange(const ScoreMethod& method, const v1::MetricValue& base,
                     const v1::MetricValue& candidate, Confidence confidence,
                     google::protobuf::RepeatedPtrField<v1::Contribution>& contributions);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
