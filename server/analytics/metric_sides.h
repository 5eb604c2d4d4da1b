// Two questions of one metric, whose answers are set against each other.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_query.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// Two questions of one metric at one view, which no answer of a survey can enter both. Each is of
// one value.
struct MetricSides {
  MetricQuery base;
  MetricQuery candidate;

  bool needs_scan() const { return base.needs_scan || candidate.needs_scan; }
};

// One side: a question of one value, without buckets, groups or a histogram.
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

// Writes the values of both sides and what they have in common into `response`, which has fields
// for them. Errors: STORE_DAMAGED.
template <typename Response>
absl::Status RunMetricSides(const storage::Store& store, const MetricSides& sides,
                            Response& response) {
  v1::QueryMetricResponse base;
  v1::QueryMetricResponse candidate;
  RETURN_IF_ERROR(RunMetricQuery(store, sides.base, base));
  RETURN_IF_ERROR(RunMetricQuery(store, sides.candidate, candidate));
  *response.mutable_base() = std::move(*base.mutable_total()->mutable_points(0));
  *response.mutable_candidate() = std::move(*candidate.mutable_total()->mutable_points(0));
  *response.mutable_method_info() = std::move(*base.mutable_method_info());
  response.set_sequence(base.sequence());
  return absl::OkStatus();
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SIDES_H_
