// From a CompareMetricRequest to its answer.
#ifndef EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_
#define EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/domain/metric_query.h"
#include "storage/store.h"
#include "storage/view.h"

namespace emptychair {

// Two questions of one metric at one view, which no answer of a survey can enter both.
struct MetricComparison {
  MetricQuery base;
  MetricQuery candidate;

  bool needs_scan() const { return base.needs_scan || candidate.needs_scan; }
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: those of PrepareMetricQuery, below "base" and "candidate"; FIELD_INVALID for what
// v1::CompareMetricRequest does not allow, SURVEYS_NOT_POOLABLE.
absl::StatusOr<MetricComparison> PrepareMetricComparison(std::shared_ptr<const storage::View> view,
                                                         const v1::CompareMetricRequest& request);

// Computes the answer. Errors: STORE_DAMAGED.
absl::Status RunMetricComparison(const storage::Store& store, const MetricComparison& comparison,
                                 v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_DOMAIN_METRIC_COMPARE_H_
