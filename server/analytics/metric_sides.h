// Checks two queries of one metric whose values are set against each other.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/answer_source.h"
#include "server/analytics/metric_query.h"
#include "storage/read/view.h"

namespace emptychair {

// Two queries of one metric at one view, which no answer of a survey can enter both. Each is of one
// value.
struct MetricSides {
  MetricQuery base;
  MetricQuery candidate;
};

// The dearer source of the two.
AnswerSource PlanSource(const MetricSides& sides);

// Prepares one side: a query of one value, without buckets, groups or a histogram.
// Errors: those of PrepareMetricQuery, FIELD_INVALID.
absl::StatusOr<MetricQuery> PrepareMetricSide(std::shared_ptr<const storage::View> view,
                                              const v1::QueryMetricRequest& side);

// FIELD_INVALID on a field of the candidate when an answer could enter both, as
// v1::CompareMetricRequest says.
absl::Status CheckDisjoint(const MetricQuery& base, const MetricQuery& candidate);

// Checks the requests and fills in their defaults; reads nothing from disk.
// Errors: those of PrepareMetricQuery, below "base" and "candidate"; FIELD_INVALID for what
// v1::CompareMetricRequest does not allow, SURVEYS_NOT_POOLABLE.
absl::StatusOr<MetricSides> PrepareMetricSides(std::shared_ptr<const storage::View> view,
                                               const v1::QueryMetricRequest& base,
                                               const v1::QueryMetricRequest& candidate);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
