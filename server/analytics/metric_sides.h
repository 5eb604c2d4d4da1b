// Checks two queries of one metric whose values are set against each other.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/counting/answer_source.h"
#include "server/counting/metric_query.h"
#include "server/statistics/comparison.h"
#include "storage/read/view.h"

namespace emptychair {

// Two queries of one metric at one view, which no answer of a survey can enter both. Each is of one
// value.
struct MetricSides {
  MetricQuery base;
  MetricQuery candidate;
  // How often the question is asked, and at what time.
  statistics::LookPlan plan;
  absl::Time as_of;
};

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

// The same for a comparison, at `now`: answers from its `as_of` on are left out. Errors: also
// FIELD_INVALID on "looks" and "as_of".
absl::StatusOr<MetricSides> PrepareComparison(std::shared_ptr<const storage::View> view,
                                              const v1::CompareMetricRequest& request,
                                              absl::Time now);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
