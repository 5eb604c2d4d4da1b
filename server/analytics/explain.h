// Lists the answers behind a point, a page at a time.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_EXPLAIN_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_EXPLAIN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/counting/answer_source.h"
#include "server/counting/metric_query.h"
#include "server/statistics/group_part.h"
#include "storage/read/records.h"
#include "storage/store.h"

namespace emptychair {

// A page of the answers behind a point, found to be sound at one view.
struct MetricExplanation {
  v1::ExplainMetricRequest request;
  // Of the point alone: one bucket.
  MetricQuery query;
  // Absent: the point over all groups.
  std::optional<std::vector<statistics::GroupPart>> group;
  int32_t page_size = 0;
  std::optional<storage::RecordPosition> after;
};

// Chooses the source by what a page costs: records, when many may have to be read that are none of
// the point's. A page of the newest records of an interval costs no more than the cube.
AnswerSource PlanSource(const MetricExplanation& explanation);

// Checks the request and fills in its defaults; reads nothing from disk. Errors: those of
// PrepareMetricQuery, below "query"; FIELD_REQUIRED and FIELD_INVALID for what
// v1::ExplainMetricRequest does not allow, PAGE_TOKEN_INVALID.
absl::StatusOr<MetricExplanation> PrepareMetricExplanation(
    const storage::Store& store, std::shared_ptr<const storage::View> view,
    const v1::ExplainMetricRequest& request);

// Reads the page. Whether the point is suppressed is judged with the first page alone, since a
// token is proof that there was one. Answers that cannot be decoded are counted and left out.
// Errors: SUPPRESSED, those of MetricRun.
absl::Status RunMetricExplanation(const storage::Store& store, const MetricExplanation& explanation,
                                  v1::ExplainMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_EXPLAIN_H_
