// From a DecomposeChangeRequest to its answer.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_sides.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

struct MetricDecomposition {
  MetricSides sides;
  // What to slice by: dimensions of all surveys of both sides, or survey_id.
  std::vector<std::string> keys;

  bool needs_scan() const { return sides.needs_scan(); }
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: those of PrepareMetricSides; on "keys": FIELD_REQUIRED, FIELD_INVALID, NOT_A_DIMENSION.
absl::StatusOr<MetricDecomposition> PrepareMetricDecomposition(
    std::shared_ptr<const storage::View> view, const v1::DecomposeChangeRequest& request);

// Computes the answer. Errors: TOO_MANY_POINTS, STORE_DAMAGED.
absl::Status RunMetricDecomposition(const storage::Store& store, const MetricDecomposition& change,
                                    v1::DecomposeChangeResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_DECOMPOSE_H_
