// Decomposes a change of a metric into the contributions of groups.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
#define EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_

#include <optional>
#include <vector>

#include "server/statistics/estimate.h"
#include "server/statistics/group_part.h"
#include "server/statistics/metric_value.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// What a group adds to a change, in the unit of the value.
struct Effect {
  double mix = 0;    // By being more or less of the answers.
  double score = 0;  // By its own value having changed.
  // Of the total.
  Interval interval = {};

  double total() const { return mix + score; }
};

// A group of one dimension on both sides.
struct Contribution {
  GroupPart group;
  // As EvaluateMetric makes them with histograms.
  MetricValue base;
  MetricValue candidate;
  // Absent when the group is suppressed on a side where it has answers.
  std::optional<Effect> effect;
};

// Fills in the effect that each of `contributions` has on the change of the whole from `base` to
// `candidate`, by the formulas of v1::DecomposeChangeResponse, and sorts them as
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
// groups of one dimension with scored answers on a side.
//
// Pure and thread-safe.
void DecomposeChange(const ScoreMethod& method, const MetricValue& base,
                     const MetricValue& candidate, Confidence confidence,
                     std::vector<Contribution>& contributions);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_DECOMPOSITION_H_
