// Decomposes a change into what each value of a key adds to it.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_runs.h"
#include "server/analytics/metric_sides.h"
#include "server/statistics/decomposition.h"
#include "server/statistics/many_tests.h"
#include "server/statistics/metric_value.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// A decomposition that was found to be sound, at one view.
struct MetricDecomposition {
  MetricSides sides;
  // What to slice by: dimensions of all surveys of both sides, or survey_id.
  std::vector<std::string> keys;
};

// What the groups by one key add to a change.
struct KeyContributions {
  std::string key;
  std::vector<statistics::Contribution> contributions;
};

// Holds what a decomposition computes, as v1::DecomposeChangeResponse describes it.
struct DecompositionResult {
  statistics::MetricValue base;
  statistics::MetricValue candidate;
  std::optional<double> delta;
  std::vector<KeyContributions> keys;
  v1::IntervalRule interval_rule = v1::INTERVAL_RULE_ANSWERS;
  // Of all contributions.
  statistics::ManyTests tests;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: those of PrepareMetricSides; on "keys": FIELD_REQUIRED, FIELD_INVALID, NOT_A_DIMENSION.
absl::StatusOr<MetricDecomposition> PrepareMetricDecomposition(
    std::shared_ptr<const storage::View> view, const v1::DecomposeChangeRequest& request);

// A decomposition that is run once. Not thread-safe.
class DecompositionRun {
 public:
  // `store` must outlive this.
  DecompositionRun(const storage::Store& store, MetricDecomposition decomposition);

  // As MetricRuns says, and records where series do not tell a key.
  AnswerSource first_source() const;
  absl::StatusOr<AnswerSource> Plan();

  // Computes the decomposition. Each side is read once, by series, when the series that have
  // answers fit into a grid of kPointsMax groups; else, so that memory stays bounded, once in all
  // and once by each key, as it is by a key that series do not tell. Errors: TOO_MANY_POINTS,
  // STORE_DAMAGED.
  absl::StatusOr<DecompositionResult> Run();

  const MetricDecomposition& decomposition() const { return decomposition_; }

 private:
  AnswerSource WithKeys(AnswerSource source) const;

  const storage::Store& store_;
  const MetricDecomposition decomposition_;
  MetricRuns runs_;  // To count answers.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_
